import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Cache, createCache, noCache } from '../../../src/platform/cache.ts';
import { readTermPostings } from '../../../src/toolsets/knowledge/term-postings.ts';
import { readIndexes } from '../../../src/toolsets/knowledge/word-index.ts';
import { type Caller, type OwnHouse, openHouse } from '../../support/house.ts';

let house: OwnHouse;
let ada: Caller;

beforeAll(async () => {
  house = await openHouse();
  ada = await house.person('Ada');
});
afterAll(() => house.close());

const terms = ['flamingo', 'lagoon', 'number3', 'nowhere'];

const read = (cache: Cache) =>
  house.database.transaction(ada.principal, { mode: 'read' }, async (scope) =>
    readTermPostings({ ...scope, cache }, await readIndexes(scope), terms),
  );

/** Remembers what it was asked to keep. */
function counted(cache: Cache): Cache & { kept: string[] } {
  const kept: string[] = [];
  return { ...cache, kept, get: cache.get, set: (key, ...rest) => (kept.push(key), cache.set(key, ...rest)) };
}

test('what is kept of a term, with what was added since, is what is in the database', async () => {
  const cache = counted(createCache({ cacheMb: 1 }));
  let added = 0;
  const add = async (many: number) => {
    for (const end = added + many; added < end; added += 1)
      await ada.call('ingest_source', {
        title: `Bird ${added}`,
        content: `A flamingo in ${added % 2 ? 'the lagoon' : 'a zoo'}, number${added}.`,
      });
  };
  // Pieces alone; pieces behind those; all merged; pieces behind what is merged; and merged behind what was kept of pieces.
  for (const many of [3, 5, 60, 4, 70]) {
    await add(many);
    const kept = await read(cache);
    expect(kept).toEqual(await read(noCache));
    expect(kept.find(({ term }) => term === 'flamingo')?.postings.numbers).toHaveLength(added);
    cache.kept.length = 0;
    await read(cache);
    expect(cache.kept, 'read although nothing was added').toEqual([]);
  }
});

test('a word of somebody else is not found in what is kept', async () => {
  const cache = createCache({ cacheMb: 1 });
  await ada.call('ingest_source', { title: 'Secret', content: 'The flamingo sleeps.' });
  expect((await read(cache)).length).toBeGreaterThan(0);
  const eve = await house.person('Eve');
  const found = await house.database.transaction(eve.principal, { mode: 'read' }, async (scope) =>
    readTermPostings({ ...scope, cache }, await readIndexes(scope), terms),
  );
  expect(found).toEqual([]);
});
