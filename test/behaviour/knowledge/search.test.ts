import { type RawBuilder, sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { readOwnSet } from '../../../bench/retrieval/own-set.ts';
import { meanQuality, qualityOf } from '../../../bench/retrieval/measures.ts';
import { createReference } from '../../../bench/retrieval/reference.ts';
import { keepUp } from '../../../src/toolsets/knowledge/index.ts';
import { analyse } from '../../../src/toolsets/knowledge/analysis/analyse.ts';
import { type Answer, type Caller, type OwnHouse, openHouse } from '../../support/house.ts';

let house: OwnHouse;
let ada: Caller;

beforeAll(async () => {
  house = await openHouse();
  ada = await house.person('Ada');
});
afterAll(() => house.close());

let projects = 0;
/** A project of its own for each test, so that none finds the sources of another. */
async function project(): Promise<string> {
  projects += 1;
  await ada.call('create_project', { key: `K${projects}`, name: `Knowledge ${projects}` });
  return `K${projects}`;
}
const ingest = (input: Record<string, unknown>, by = ada) => by.call('ingest_source', input);
const search = (query: string, more: Record<string, unknown> = {}, by = ada) => by.call('search_knowledge', { query, ...more });
const titles = ({ items }: Answer): string[] => items.map(({ title }: Answer) => title);

describe('a search', () => {
  test('finds a passage by its words, in any form, and cites it', async () => {
    const key = await project();
    const { source } = await ingest({
      project: key,
      title: 'Leases',
      content: 'A claim has a lease.\n\nWhen the lease runs out, the task is free again.',
    });
    await ingest({ project: key, title: 'Backups', content: 'A backup that was never restored is a hope.' });
    const { items, mode, next_cursor, execution_ms } = await search('leasing claimed tasks', { project: key });
    expect({ mode, next_cursor }).toEqual({ mode: 'lexical', next_cursor: null });
    expect(execution_ms).toBeGreaterThan(0);
    expect(items).toHaveLength(1);
    expect(items[0]).toMatchObject({ source_id: source.id, title: 'Leases', citation: { source_id: source.id, version: 1, start: 0 } });
    const [{ snippet, highlights }] = items;
    expect(highlights.map(([start, end]: [number, number]) => Array.from<string>(snippet).slice(start, end).join(''))).toEqual([
      'claim',
      'lease',
      'lease',
      'task',
    ]);
  });

  test('finds by the title and by the headings above a passage, and says which', async () => {
    const key = await project();
    const filler = 'Only words about nothing in particular. '.repeat(60);
    await ingest({
      project: key,
      title: 'Harbour guide',
      format: 'markdown',
      content: `# Harbour guide\n\n## Moorings\n\n${filler}\n\n### Winches\n\nTurn it slowly.\n\n${filler}`,
    });
    const [winch] = (await search('winch', { project: key })).items;
    expect(winch).toMatchObject({ title: 'Harbour guide', section: expect.stringContaining('Winches') });
    expect(titles(await search('harbour', { project: key }))).toContain('Harbour guide');
  });

  test('prefers rare words to frequent ones, and scores from 0 to 1', async () => {
    const key = await project();
    for (let n = 0; n < 10; n += 1)
      await ingest({ project: key, title: `Common ${n}`, content: `The server of number${n} answers, the server does.` });
    await ingest({ project: key, title: 'Rare', content: 'An axolotl lives beside it.' });
    const found = await search('server axolotl', { project: key, limit: 100 });
    expect(titles(found)[0]).toBe('Rare');
    expect(found.items).toHaveLength(11);
    for (const { score } of found.items) expect(score).toSatisfy((value: number) => value > 0 && value <= 1);
  });

  test('wants what is in quotes word for word, whatever its endings', async () => {
    const key = await project();
    await ingest({ project: key, title: 'Together', content: 'Every replica renews its lease in time.' });
    await ingest({ project: key, title: 'Apart', content: 'The lease of a replica: somebody renews it.' });
    expect(titles(await search('renew lease', { project: key }))).toHaveLength(2);
    expect(titles(await search('"replicas renew"', { project: key }))).toEqual(['Together']);
    expect(titles(await search('"lease renews replica"', { project: key }))).toEqual([]);
  });

  test('passes by what the filters leave out, however far down the rest is', async () => {
    const key = await project();
    for (let n = 0; n < 40; n += 1)
      await ingest({ project: key, title: `Page ${n}`, content: `The walrus, the walrus and the walrus, page${n}.` });
    const { source } = await ingest({ project: key, title: 'Only', content: `One walrus among ${'very '.repeat(200)} many words.` });
    await ingest({
      project: key,
      conversation_id: 'zoo',
      title: 'Zoo',
      messages: [{ author_name: 'Ann', content: 'The walrus sleeps.', timestamp: '2025-06-01T12:00:00Z' }],
    });
    const of = async (filters: Record<string, unknown>) => titles(await search('walrus', { project: key, limit: 5, filters }));
    expect(await of({ source_id: source.id })).toEqual(['Only']);
    expect(await of({ kind: 'conversation' })).toEqual(['Zoo']);
    expect(await of({ author: 'Ann' })).toEqual(['Zoo']);
    expect(await of({ author: 'Ben' })).toEqual([]);
    expect(await of({ date_to: '2025-12-31T00:00:00Z' })).toEqual(['Zoo']);
    expect(await of({ date_from: '2025-12-31T00:00:00Z', kind: 'conversation' })).toEqual([]);
  });

  test('gives page after page, each passage once', async () => {
    const key = await project();
    for (let n = 0; n < 25; n += 1)
      await ingest({ project: key, title: `Page ${n}`, content: `A pelican number${n} flies over ${'the sea '.repeat(n)}.` });
    const seen: string[] = [];
    let cursor: string | null | undefined;
    do {
      const page: Answer = await search('pelican', { project: key, limit: 10, ...(typeof cursor === 'string' && { cursor }) });
      seen.push(...titles(page));
      cursor = page.next_cursor;
    } while (cursor !== null);
    expect(seen).toHaveLength(25);
    expect(new Set(seen).size).toBe(25);
    const first = await search('pelican', { project: key, limit: 10 });
    expect((await ada.refused('search_knowledge', { query: 'walrus', project: key, cursor: first.next_cursor })).code).toBe(
      'invalid_input',
    );
  });

  test('is short for a model, and whole in what it says', async () => {
    const key = await project();
    for (let n = 0; n < 40; n += 1)
      await ingest({ project: key, title: `Page ${n}`, content: `The heron stands. ${`It waits${n} for fish. `.repeat(60)}` });
    const page = await ada.call('search_knowledge', { query: 'heron', project: key, limit: 40 }, { face: 'mcp' });
    expect(Buffer.byteLength(JSON.stringify(page.items))).toBeLessThan(8_500);
    expect(page.next_cursor).not.toBeNull();
    expect(page.items[0]).not.toHaveProperty('highlights');
    expect(page.items[0]).toHaveProperty('citation.hash');
  });

  test('finds in scripts without spaces, with and without accents, and in code', async () => {
    const key = await project();
    await ingest({ project: key, title: 'Chinese', content: '我们需要部署服务器并且验证备份是否可以恢复。' });
    await ingest({ project: key, title: 'Thai', content: 'เราต้องสำรองข้อมูลทุกวัน' });
    await ingest({
      project: key,
      title: 'French',
      content: "Le café de l'été se prend à l'ombre des marronniers, près de la fontaine du village.",
    });
    await ingest({ project: key, title: 'Code', content: 'Call `createTask` with a title.' });
    expect(titles(await search('备份', { project: key }))).toEqual(['Chinese']);
    expect(titles(await search('ข้อมูล', { project: key }))).toEqual(['Thai']);
    expect(titles(await search('cafe', { project: key }))).toEqual(['French']);
    expect(titles(await search('create task', { project: key }))).toEqual(['Code']);
    expect(titles(await search('createtask', { project: key }))).toEqual(['Code']);
  });

  test('finds nothing for words that say nothing, in an empty project, and in one that is not there', async () => {
    const key = await project();
    await ingest({ project: key, content: 'To be or not to be.' });
    const nothing = { items: [], next_cursor: null };
    expect(await search('the of and', { project: key })).toMatchObject(nothing);
    expect(await search('!!!', { project: key })).toMatchObject(nothing);
    expect(await search('anything', { project: await project() })).toMatchObject(nothing);
    expect((await ada.refused('search_knowledge', { query: 'anything', project: 'NOSUCH' })).code).toBe('not_found');
    const newcomer = await house.person('Newcomer');
    expect(await search('anything', { project: 'ME' }, newcomer)).toMatchObject(nothing);
  });
});

describe('the index of words', () => {
  test('gives the same before and after its pieces are merged, and forgets what is gone', async () => {
    const key = await project();
    const ids: string[] = [];
    const ask = async () =>
      (await search('flamingo lagoon', { project: key, limit: 100 })).items.map(({ title, score }: Answer) => [title, score]);
    const add = async (n: number) =>
      ids.push(
        (
          await ingest({
            project: key,
            title: `Bird ${n}`,
            content: `A flamingo ${'stands '.repeat(n % 7)} in lagoon${n % 3 === 0 ? '' : 's far away'} number${n}.`,
          })
        ).source.id,
      );
    for (let n = 0; n < 64; n += 1) await add(n);
    const before = await ask();
    expect(before).toHaveLength(64);
    for (let n = 64; n < 70; n += 1) await add(n);
    const { rows } = await house.database.transaction('system', { mode: 'read' }, (scope) =>
      sql<{ pieces: number }>`
        select count(distinct number) as pieces from posting_pieces where project_id = (select id from projects where key = ${key})`.execute(
        scope.db,
      ),
    );
    expect(rows[0]?.pieces, 'pieces that are not merged').toBe(70 - 65);
    for (const id of ids.slice(64)) await ada.call('delete_source', { source_id: id });
    const after = await ask();
    expect(after.map(([title]: [string]) => title).sort()).toEqual(before.map(([title]: [string]) => title).sort());
    for (const [, score] of after) expect(score).toBeGreaterThan(0);
  });
});

describe('a database that is too busy to merge', () => {
  test('merges fewer pieces, and what was added is there in any case', async () => {
    const busy = await openHouse();
    try {
      const { call } = await busy.person('Busy');
      const refuse = async (times: number) => {
        // A sequence keeps its number when the transaction is rolled back.
        await sql`create sequence refusals minvalue 0 start 0`.execute(busy.database.owner);
        await sql`grant usage on sequence refusals to public`.execute(busy.database.owner);
        await sql`create function refuse() returns trigger language plpgsql as $$ begin
          if nextval('refusals') < ${sql.lit(times)} then raise exception 'too long' using errcode = '57014'; end if; return null; end $$`.execute(
          busy.database.owner,
        );
        await sql`create trigger refuse before insert on postings execute function refuse()`.execute(busy.database.owner);
      };
      const facts = async () => {
        const { rows } = await busy.database.transaction('system', { mode: 'read' }, ({ db }) =>
          sql<Record<string, unknown>>`select sources, pieces, (select last_value from refusals) as tries from search_indexes`.execute(db),
        );
        return rows[0];
      };
      const add = async (from: number, to: number) => {
        for (let n = from; n < to; n += 1) await call('ingest_source', { title: `Bird ${n}`, content: `A flamingo, number${n}.` });
      };
      // With 128 pieces, with 32, with 8, with 2 and with one.
      await refuse(5);
      await add(0, 65);
      expect(await facts()).toEqual({ sources: 65, pieces: 65, tries: 4 });
      await add(65, 66);
      expect(await facts()).toEqual({ sources: 66, pieces: 0, tries: 5 });
      expect((await call('search_knowledge', { query: 'flamingo', limit: 100 })).items).toHaveLength(66);
    } finally {
      await busy.close();
    }
  });
});

describe('postings of what is gone', () => {
  test('are taken out when they are many, and nothing else is', async () => {
    const small = await openHouse({ environment: { QUARTERDECK_CHUNK_TOKENS: '50', QUARTERDECK_CHUNK_OVERLAP_TOKENS: '0' } });
    try {
      const { call } = await small.person('Tidy');
      const kept = 'Herons stand in the shallow lagoon.';
      const text = (word: string) =>
        Array.from({ length: 150 }, (_, n) => `The ${word} number${n} ${'walks on and on '.repeat(12)}.`).join('\n\n');
      await call('ingest_source', { title: 'Kept', content: kept });
      for (const word of ['flamingo', 'pelican', 'cormorant'])
        await call('ingest_source', { conversation_id: 'birds', content: text(word) });
      const read = (query: RawBuilder<Record<'chunks' | 'gone' | 'walking' | 'birds', number>>) =>
        small.database.transaction('system', { mode: 'read' }, async ({ db }) => (await query.execute(db)).rows);
      const facts = () =>
        read(sql`select chunks, gone, (select sum(length(postings)) / 11 from postings where term = 'walk') as walking,
        (select count(distinct term) from postings where term in ('flamingo', 'pelican', 'cormor')) as birds from search_indexes`);
      const find = async (query: string) => (await call('search_knowledge', { query, limit: 100 })).items.length;
      const [{ chunks, gone } = { chunks: 0, gone: 0 }] = await facts();
      expect(gone).toBeGreaterThanOrEqual(256);
      expect(await facts()).toEqual([{ chunks, gone, walking: chunks - 1 + gone, birds: 3 }]);
      await keepUp(small.database);
      expect(await facts()).toEqual([{ chunks, gone: 0, walking: chunks - 1, birds: 1 }]);
      expect([await find('flamingo'), await find('cormorant walks'), await find('heron')]).toEqual([0, 100, 1]);
      expect(await keepUp(small.database)).toBe(0);
    } finally {
      await small.close();
    }
  });
});

describe('the ranking', () => {
  test('of whole documents is at least as good as a plain BM25', async () => {
    const collection = await readOwnSet(process.cwd());
    // So large that each document is one passage.
    const wide = await openHouse({ environment: { QUARTERDECK_CHUNK_TOKENS: '4000' } });
    try {
      const { call } = await wide.person('Wide');
      const ids = new Map<string, string>();
      for (const { id, title, text } of collection.documents) {
        const { source } = await call('ingest_source', { title, content: text, format: 'text', language: 'en' });
        ids.set(source.id, id);
      }
      const terms = (text: string) => analyse(text, 'en').map(({ term }) => term);
      const plain = createReference(collection.documents.map(({ id, title, text }) => ({ id, terms: terms(`${title}\n${text}`) })));
      const ours = [];
      const reference = [];
      for (const { text, relevant } of collection.queries) {
        const { items } = await call('search_knowledge', { query: text, limit: 100 });
        ours.push(qualityOf([...new Set<string>(items.map(({ source_id }: Answer) => ids.get(source_id) ?? ''))], relevant));
        reference.push(qualityOf(plain.search(terms(text)), relevant));
      }
      for (const measure of ['nDCG@10', 'MAP', 'P@10'] as const)
        expect(meanQuality(ours)[measure], measure).toBeGreaterThanOrEqual(meanQuality(reference)[measure]);
      expect(meanQuality(reference)['nDCG@10']).toBeGreaterThan(0.8);
    } finally {
      await wide.close();
    }
  });
});
