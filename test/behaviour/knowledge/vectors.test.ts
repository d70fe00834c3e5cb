/** Search by meaning where the database has pgvector, as the embedded one does, and what is left of it where it has none. */

import { type RawBuilder, sql } from 'kysely';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { readSettings } from '../../../src/platform/config/read.ts';
import { grantToAppRole } from '../../../src/platform/database/security.ts';
import type { TransactionScope } from '../../../src/platform/database/types.ts';
import { openModels } from '../../../src/platform/models/open.ts';
import { createLog } from '../../../src/platform/telemetry/log.ts';
import { openVectors } from '../../../src/platform/vectors/open.ts';
import { deleteOldEmbeddings, embedPending } from '../../../src/toolsets/knowledge/index.ts';
import { type Answer, type Caller, type OwnHouse, openHouse } from '../../support/house.ts';
import { type ModelServer, startModelServer } from '../../support/models.ts';

let model: ModelServer;
let house: OwnHouse;
let ada: Caller;
let hasVectors: boolean;

const noVectors = 'this PostgreSQL has no pgvector';

const environment = (name: string) => ({ QUARTERDECK_EMBEDDING_MODEL: `compatible:${name}`, QUARTERDECK_EMBEDDING_MODEL_URL: model.url });

beforeAll(async () => {
  model = await startModelServer();
  house = await openHouse({ environment: environment('first') });
  ada = await house.person('Ada');
  const available = await sql`select from pg_available_extensions where name = 'vector'`.execute(house.database.owner);
  hasVectors = available.rows.length > 0;
});
afterAll(async () => {
  await house.close();
  await model.close();
});
beforeEach(() => {
  model.always = undefined;
  model.requests.length = 0;
});

const search = (query: string, more: Record<string, unknown> = {}, by = ada) => by.call('search_knowledge', { query, ...more });
const titles = ({ items }: Answer): string[] => items.map(({ title }: Answer) => title);
const rows = <Row>(query: RawBuilder<Row>, of = house) =>
  of.database.transaction('system', { mode: 'read' }, async ({ db }) => (await query.execute(db)).rows);
/** Texts that the model was asked for, queries and all. */
const asked = (): string[] => model.requests.flatMap(({ body }) => body.input);

/** Words that say nothing alone: nothing is found by them, but their vectors are near. */
const silent = 'to be or not to be';

describe('without pgvector', () => {
  beforeEach(({ skip }) => skip(hasVectors, 'this database has pgvector'));

  test('sources are taken in and found by their words, and health can say why no more', async () => {
    await ada.call('ingest_source', { title: 'Hamlet', content: 'To be or not to be, that is the question.' });
    expect(await house.embed()).toBe(0);
    expect(house.vectors.failure).toContain('The database has no pgvector');
    expect(await search('question')).toMatchObject({ mode: 'lexical', items: [{ title: 'Hamlet' }] });
    expect(await search(silent)).toMatchObject({ mode: 'lexical', items: [] });
    expect(asked()).toEqual([]);
  });
});

describe('with pgvector', () => {
  beforeEach(({ skip }) => skip(!hasVectors, noVectors));

  test('a passage is found by what no word of the index says, once it has its vector', async () => {
    await ada.call('ingest_source', { title: 'Hamlet', content: 'To be or not to be, that is the question.' });
    await ada.call('ingest_source', { title: 'Leases', content: 'A claim has a lease, which runs out.' });
    expect(await search(silent)).toMatchObject({ mode: 'lexical', items: [] });
    expect(house.vectors.failure).toContain('are being embedded');
    expect(await house.embed()).toBe(2);
    expect(house.vectors.failure).toBeUndefined();
    const found = await search(silent);
    expect(found.mode).toBe('hybrid');
    expect(titles(found)[0]).toBe('Hamlet');
    const [best] = (await search('a claim has a lease')).items;
    expect(best).toMatchObject({ title: 'Leases', score: 1 });
    expect(await house.embed(), 'nothing is left to do').toBe(0);
  });

  test('a model is asked once for the same text, however often it comes', async () => {
    const paragraphs = Array.from({ length: 12 }, (_, n) => `Paragraph ${n} ${'with many words that fill it up to the brim '.repeat(60)}.`);
    const text = (first: string) => [first, ...paragraphs].join('\n\n');
    await ada.call('ingest_source', { title: 'Long', conversation_id: 'long', content: text('Before.') });
    await house.embed();
    const chunks = asked().length;
    expect(chunks).toBeGreaterThan(8);
    model.requests.length = 0;
    await ada.call('ingest_source', { title: 'Long', conversation_id: 'long', content: text('Behind.') });
    expect(await house.embed()).toBe(chunks);
    expect(asked()).toHaveLength(1);
    const [counts] = await rows(sql<{ chunks: number; vectors: number }>`
      select (select count(*) from chunks) as chunks, (select count(*) from ${sql.raw(await spaceTable())}) as vectors`);
    expect(counts?.vectors).toBe(counts?.chunks);
  });

  test('what a model made is kept while a chunk has the text, and for a week', async () => {
    const asSystem = <Result>(work: (scope: TransactionScope) => Promise<Result>) =>
      house.database.transaction('system', { mode: 'write' }, work);
    const { source } = await ada.call('ingest_source', { title: 'Gone soon', content: 'Here today.' });
    await house.embed();
    await ada.call('delete_source', { source_id: source.id });
    const unused = async () =>
      (await rows(sql<{ count: number }>`select count(*) as count from embeddings where hash not in (select hash from chunks)`))[0]?.count;
    expect(await unused()).toBeGreaterThan(0);
    expect(await asSystem(deleteOldEmbeddings)).toBe(0);
    await asSystem(({ db }) => sql`update embeddings set created_at = now() - interval '8 days'`.execute(db));
    const [before] = await rows(sql<{ count: number }>`select count(*) as count from embeddings`);
    const deleted = await asSystem(deleteOldEmbeddings);
    const [after] = await rows(sql<{ count: number }>`select count(*) as count from embeddings`);
    expect([await unused(), after?.count]).toEqual([0, (before?.count ?? 0) - deleted]);
    expect(after?.count).toBeGreaterThan(0);
  });

  test('filters and phrases hold, whatever is near', async () => {
    const author = (author_name: string) => ({
      conversation_id: `by ${author_name}`,
      messages: [{ author_name, content: 'To be or not to be, said again.' }],
    });
    await ada.call('ingest_source', author('Ophelia'));
    await ada.call('ingest_source', author('Horatio'));
    await house.embed();
    const { items } = await search(silent, { filters: { author: 'Ophelia' } });
    expect(items).toHaveLength(1);
    expect(items[0].authors).toEqual(['Ophelia']);
    expect(titles(await search('"that is the question" to be'))).toEqual(['Hamlet']);
  });

  test('the index finds what comparing one by one finds', async () => {
    const space = await house.vectors.serving();
    const query = { vector: Float32Array.from({ length: space?.dimension ?? 0 }, (_, n) => Math.sin(n)), most: 20 };
    const near = (among: number) =>
      house.database.transaction('system', { mode: 'read' }, async (scope) => {
        const { rows: all } = await sql<{
          project_id: string;
          workspace_id: string;
        }>`select project_id, workspace_id from search_indexes`.execute(scope.db);
        const mine = { ...scope, workspace_id: all[0]?.workspace_id ?? '', now: new Date() };
        return space?.nearest(mine, { ...query, projects: all.map(({ project_id }) => project_id), among });
      });
    const exact = await near(1);
    if (space !== undefined) await house.vectors.index(space, 0);
    expect(exact?.length).toBeGreaterThan(10);
    expect(await near(1_000_000)).toEqual(exact);
  });

  test('nobody finds by meaning what is not theirs', async () => {
    const bob = await house.person('Bob');
    const carl = await house.colleague(ada, 'Carl', 'member');
    await carl.call('ingest_source', { project: 'ME', title: 'Diary', content: 'To be or not to be, I do not know.' });
    await bob.call('ingest_source', { title: 'Elsewhere', content: 'To be or not to be, elsewhere.' });
    await house.embed();
    const [hers, his, others] = await Promise.all([
      search(silent, { limit: 50 }),
      search(silent, { limit: 50 }, carl),
      search(silent, {}, bob),
    ]);
    expect(titles(hers)).toContain('Hamlet');
    expect(titles(hers)).not.toContain('Diary');
    expect(titles(his)).toContain('Diary');
    expect(titles(others)).toEqual(['Elsewhere']);
  });

  test('pages follow each other, each passage once', async () => {
    const all = titles(await search('to be a question', { limit: 50 }));
    const seen: string[] = [];
    for (let cursor: string | null | undefined; cursor !== null;) {
      const page: Answer = await search('to be a question', { limit: 2, ...(cursor !== undefined && { cursor }) });
      seen.push(...titles(page));
      cursor = page.next_cursor;
    }
    expect(seen).toEqual(all);
  });

  test('a restored database lets the application use its vectors again', async () => {
    const { owner } = house.database;
    await sql`revoke all on all tables in schema vectors from quarterdeck_app`.execute(owner);
    await expect(search(silent)).rejects.toThrow(/bug in the server/);
    await grantToAppRole(owner);
    expect((await search(silent)).mode).toBe('hybrid');
  });

  test('what is deleted has no vector any more', async () => {
    const { source } = await ada.call('ingest_source', { title: 'Short-lived', content: 'To be or not to be, for a moment.' });
    await house.embed();
    await ada.call('delete_source', { source_id: source.id });
    expect(titles(await search(silent, { limit: 50 }))).not.toContain('Short-lived');
  });

  test('words do when the model does not answer', async () => {
    model.always = { status: 400, body: { error: { message: 'no' } } };
    expect(await search('lease')).toMatchObject({ mode: 'lexical', items: [{ title: 'Leases' }] });
    await ada.call('ingest_source', { title: 'Meanwhile', content: 'Taken in while no model answers.' });
    await expect(house.embed()).rejects.toThrow('embedding model');
    model.always = undefined;
    expect(await house.embed()).toBe(1);
  });

  test('a search does not wait for a model that says nothing', async () => {
    model.always = 'silence';
    expect(await search('lease')).toMatchObject({ mode: 'lexical', items: [{ title: 'Leases' }] });
  });

  test('one text that the model refuses keeps nothing else from its vector', async () => {
    await ada.call('ingest_source', { title: 'Refused', content: 'This is refused.' });
    await ada.call('ingest_source', { title: 'Taken', content: 'This is taken.' });
    const no = { status: 400, body: { error: { message: 'no' } } };
    model.reply(no, no);
    expect(await house.embed()).toBe(2);
    expect(titles(await search('this is', { limit: 50 }))).toContain('Taken');
    expect(await house.embed()).toBe(0);
  });
});

describe('another model', () => {
  beforeEach(({ skip }) => skip(!hasVectors, noVectors));

  test('takes over when it has embedded everything; until then the vectors of the one before serve', async () => {
    await house.embed();
    const { settings } = readSettings({ environment: { LOG_LEVEL: 'fatal', ...environment('second') }, folder: '.' });
    const log = createLog(settings);
    const models = await openModels({ settings, log });
    const { database } = house;
    const vectors = openVectors({ database, models, log });
    const embed = (signal: AbortSignal) => embedPending({ database, vectors, log, signal });
    const serving = async () => (await vectors.serving())?.model.name;
    const go = new AbortController().signal;
    try {
      expect(await embed(go), 'while a process with the one before lives').toBe(0);
      await house.vectors.close();
      expect(await embed(AbortSignal.abort()).catch(() => 'stopped')).not.toBe(0);
      expect(await serving()).toBe('compatible:first');
      expect(vectors.failure).toBeUndefined();
      const [counts] = await rows(sql<{ chunks: number }>`select count(*) as chunks from chunks`);
      await embed(go);
      expect(await serving()).toBe('compatible:second');
      expect(await house.embed(), 'brought back').toBe(0);
      expect(await serving()).toBe('compatible:second');
      const [left] = await rows(sql<{ models: string[]; chunks: number }>`
        select array(select distinct model from embeddings) as models, (select count(*) from ${sql.raw(`vectors.space_${(await vectors.serving())?.id}`)}) as chunks`);
      expect(left).toEqual({ models: ['compatible:second'], chunks: counts?.chunks });
      const tables = await sql<{
        name: string;
      }>`select relname as name from pg_class where relnamespace = 'vectors'::regnamespace and relkind = 'r' and relname <> 'spaces'`.execute(
        database.owner,
      );
      expect(tables.rows).toHaveLength(1);
    } finally {
      await models.close();
    }
  });
});

/** The table of the vectors that serve. */
async function spaceTable(): Promise<string> {
  const space = await house.vectors.serving();
  return `vectors.space_${space?.id}`;
}
