/** Test collections: documents, queries, and which documents answer which query. */

import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

export interface Collection {
  name: string;
  documents: readonly { id: string; title: string; text: string }[];
  queries: readonly { id: string; text: string; relevant: ReadonlySet<string> }[];
}

/**
 * Cranfield: 1,400 abstracts on aerodynamics and 225 questions of their authors, with judgements. The numbers of the judgements count the
 * queries in their order, not by their printed numbers. Every judged document counts as relevant, as in trec_eval with binary relevance.
 */
export async function readCranfield(folder: string): Promise<Collection> {
  const [documents, queries, judgements] = await Promise.all(
    ['cran.all.1400', 'cran.qry', 'cranqrel'].map((name) => readFile(join(folder, name), 'utf8')),
  );
  const relevant = Map.groupBy(
    (judgements ?? '')
      .trim()
      .split('\n')
      .map((row) => row.trim().split(/\s+/)),
    ([query]) => query,
  );
  return {
    name: 'Cranfield',
    // Two of them are empty.
    documents: records(documents ?? '')
      .map(({ number, fields }) => ({ id: number, title: oneLine(fields.get('T')), text: (fields.get('W') ?? '').trim() }))
      .filter(({ title, text }) => title !== '' && text !== ''),
    queries: records(queries ?? '').map(({ fields }, place) => ({
      id: String(place + 1),
      text: oneLine(fields.get('W')),
      relevant: new Set(relevant.get(String(place + 1))?.map(([, document = '']) => document)),
    })),
  };
}

const oneLine = (text = '') => text.replace(/\s+/g, ' ').trim();

/** SMART format: `.I` begins a record, a letter behind a dot a field. */
function records(text: string): { number: string; fields: Map<string, string> }[] {
  return text
    .split(/^\.I /m)
    .slice(1)
    .map((record) => {
      const [number = '', ...lines] = record.split('\n');
      const fields = new Map<string, string>();
      let current = '';
      for (const row of lines) {
        const [, field] = /^\.([A-Z])\s*$/.exec(row) ?? [];
        if (field !== undefined) fields.set((current = field), fields.get(field) ?? '');
        else fields.set(current, `${fields.get(current) ?? ''}${row}\n`);
      }
      return { number: number.trim(), fields };
    });
}
