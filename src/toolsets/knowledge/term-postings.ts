/**
 * Where the terms of a query stand. What was read of a term is kept decoded, and later only what was added since is read: a frequent word has
 * ten thousand postings, which take far longer to read and decode than to score. Nobody sees more by it: only projects whose row the
 * caller's own transaction has read are looked up.
 */

import type { Context } from '../../operations/context.ts';
import type { TransactionScope } from '../../platform/database/types.ts';
import { type Postings, bytesOf, decodePostings, joinPostings } from './ranking/postings.ts';
import type { TermPostings } from './ranking/rank.ts';
import { type WordIndex, readPostings } from './word-index.ts';

/** All postings of a term in a project whose chunk has a number below `until`. Those of chunks that are gone may be among them. */
class KnownPostings {
  readonly until: number;
  readonly postings: Postings;

  constructor(until: number, postings: Postings) {
    this.until = until;
    this.postings = postings;
  }
}

const keyOf = (project_id: string, term: string) => `postings/${project_id}/${term}`;

/** In a transaction that only reads: what is not committed must not be remembered. */
export async function readTermPostings(
  context: TransactionScope & Pick<Context, 'cache'>,
  indexes: readonly WordIndex[],
  terms: readonly string[],
): Promise<TermPostings[]> {
  const all = indexes.flatMap(({ project_id, next_number }) =>
    terms.map((term) => {
      const known = context.cache.get(keyOf(project_id, term));
      return { project_id, term, until: next_number, known: known instanceof KnownPostings ? known : undefined };
    }),
  );
  const wanted = all.filter(({ known, until }) => known === undefined || known.until < until);
  const rows =
    wanted.length === 0
      ? []
      : await readPostings(
          context,
          wanted.map((one) => ({ ...one, from: one.known?.until ?? 0 })),
        );
  const read = new Map(wanted.map((one, place) => [one, rows[place] ?? nothing]));
  return all.map((one) => {
    const { project_id, term, until, known } = one;
    const bytes = read.get(one);
    if (known !== undefined && bytes === undefined) return { project_id, term, postings: known.postings };
    const added = decodePostings(bytes ?? nothing, known?.until ?? 0, until);
    const postings = known === undefined ? added : joinPostings(known.postings, added);
    context.cache.set(keyOf(project_id, term), new KnownPostings(until, postings), bytesOf(postings));
    return { project_id, term, postings };
  });
}

const nothing = Buffer.alloc(0);
