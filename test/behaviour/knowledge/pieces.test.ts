/** A long source is stored by many small statements, and yet appears whole or not at all. */

import { type KyselyPlugin, sql } from 'kysely';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { type Caller, type OwnHouse, openHouse } from '../../support/house.ts';

/** Characters of the longest value in each statement that stores chunks or their terms. */
let sizes: number[] = [];
/** The statement of these that fails. */
let failing: number | undefined;

const watch: KyselyPlugin = {
  transformQuery({ node }) {
    if (node.kind === 'RawNode' && /^\s*insert into (?:chunks|posting_pieces)\b/.test(node.sqlFragments[0] ?? '')) {
      const values = node.parameters.map((parameter) => ('value' in parameter ? String(parameter.value).length : 0));
      if (sizes.push(Math.max(...values)) === failing) throw new Error('The database went away.');
    }
    return node;
  },
  transformResult: async ({ result }) => result,
};

let house: OwnHouse;
let ada: Caller;

beforeAll(async () => {
  house = await openHouse({ plugins: [watch] });
  ada = await house.person('Ada');
});
beforeEach(() => {
  sizes = [];
  failing = undefined;
});
afterAll(() => house.close());

/** Some 300 chunks, with ever new words, which the index has most to do with. */
const long = (word: string) =>
  Array.from(
    { length: 6_000 },
    (_, n) => `The ${word} ${n} has a name such as n${n * 7}x${n % 13}, and ${'keeps it for long '.repeat(4)}.`,
  ).join(' ');

test('no statement holds more than a little of it', async () => {
  const { source } = await ada.call('ingest_source', { content: long('heron') });
  expect(source.chunks).toBeGreaterThan(100);
  expect(sizes.length).toBeGreaterThan(source.chunks / 32);
  expect(Math.max(...sizes)).toBeLessThan(source.characters / 3);
  const { items } = await ada.call('search_knowledge', { query: '"heron 5999"' });
  expect(items[0]).toMatchObject({ source_id: source.id });
});

test('nothing of it is there when the last statement fails', async () => {
  await ada.call('ingest_source', { content: long('ibis') });
  failing = sizes.length;
  sizes = [];
  expect(await ada.refused('ingest_source', { content: long('egret') })).toMatchObject({ code: 'internal' });
  expect(sizes).toHaveLength(failing);
  expect((await ada.call('list_sources', { query: 'egret' })).items).toEqual([]);
  expect((await ada.call('search_knowledge', { query: 'egret' })).items).toEqual([]);
});

test('who adds waits for whoever stores a long source, for longer than for other locks', async () => {
  const hasty = await openHouse({ environment: { QUARTERDECK_LOCK_TIMEOUT_MS: '50' } });
  try {
    const { call, principal } = await hasty.person('Hasty');
    await call('ingest_source', { title: 'First', content: 'The first.' });
    const locked = Promise.withResolvers<void>();
    const storing = hasty.database.transaction(principal, { mode: 'write' }, async ({ db }) => {
      await sql`update search_indexes set chunks = chunks`.execute(db);
      locked.resolve();
      await sql`select pg_sleep(0.4)`.execute(db);
    });
    await locked.promise;
    expect(await call('ingest_source', { title: 'Second', content: 'The second.' })).toMatchObject({ change: 'created' });
    await storing;
  } finally {
    await hasty.close();
  }
});
