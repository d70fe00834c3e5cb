/** `npm run bench:retrieval`: how good the search is on a collection with judgements, next to a plain BM25 and to PostgreSQL's own ranking. */

import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { sql } from 'kysely';
import { readSettings } from '../src/platform/config/read.ts';
import type { Principal } from '../src/platform/identity/principal.ts';
import { createLog } from '../src/platform/telemetry/log.ts';
import { type Platform, openPlatform } from '../src/server/platform.ts';
import { analyse } from '../src/toolsets/knowledge/analysis/analyse.ts';
import { startPostgres } from '../test/support/cluster.ts';
import { startModelServer } from '../test/support/models.ts';
import { describeMachine } from './machine.ts';
import { type Collection, readCranfield } from './retrieval/collection.ts';
import { type Latent, createLatent } from './retrieval/latent.ts';
import { type Quality, meanQuality, measureNames, qualityOf } from './retrieval/measures.ts';
import { readOwnSet } from './retrieval/own-set.ts';
import { createReference } from './retrieval/reference.ts';
import { createRandom } from './search/corpus.ts';

const usage = `Usage: npm run bench:retrieval -- [--data ../shared/data/cranfield]

Starts a PostgreSQL of its own, and an embedded database for the search with vectors; those come from latent semantic analysis of the documents of the
collection, which stands in for a model. Where there is no Cranfield collection in the folder, a small one of this project is used.`;

const { values } = parseArgs({
  options: { data: { type: 'string', default: '../shared/data/cranfield' }, help: { type: 'boolean', default: false } },
});
/** Ids of documents, best first. */
type Search = (query: string) => Promise<string[]> | string[];

/** As deep as the search itself goes. */
const depth = 1_000;

if (values.help) console.log(usage);
else await measure();

async function measure(): Promise<void> {
  const root = join(import.meta.dirname, '..');
  const folder = resolve(root, values.data);
  const collection = existsSync(join(folder, 'cran.qry')) ? await readCranfield(folder) : await readOwnSet(root);
  const [cluster, model, lexicalData, hybridData] = await Promise.all([
    startPostgres(),
    startModelServer(),
    folderOf('lexical'),
    folderOf('hybrid'),
  ]);
  try {
    const { url } = await cluster.createDatabase();
    const lexical = await open(lexicalData, { DATABASE_URL: url });
    const hybrid = await open(hybridData, {
      QUARTERDECK_EMBEDDING_MODEL: 'compatible:latent-semantic-analysis',
      QUARTERDECK_EMBEDDING_MODEL_URL: model.url,
    });
    console.log(describeMachine());
    console.log(`collection: ${collection.name}, ${collection.documents.length} documents, ${collection.queries.length} queries\n`);
    const latent = createLatent(
      collection.documents.map(({ title, text }) => termsOf(`${title}\n${text}`)),
      createRandom(1),
    );
    model.embed = (text) => latent.vector(termsOf(text));
    await compare(collection, { lexical, hybrid, latent });
    await lexical.close();
    await hybrid.close();
  } finally {
    await cluster.stop();
    await model.close();
    for (const data of [lexicalData, hybridData]) await rm(data, { recursive: true, force: true });
  }
}

function folderOf(name: string): Promise<string> {
  return mkdtemp(join(tmpdir(), `quarterdeck-bench-${name}-`));
}

async function open(data: string, environment: Record<string, string>): Promise<Platform> {
  const { settings, ...effective } = readSettings({
    environment: { QUARTERDECK_DATA: data, LOG_LEVEL: 'error', QUARTERDECK_RATE_LIMIT: 'off', ...environment },
    folder: data,
  });
  return openPlatform({ settings, ...effective }, createLog(settings), { migrate: true });
}

async function compare(
  collection: Collection,
  { lexical, hybrid, latent }: { lexical: Platform; hybrid: Platform; latent: Latent },
): Promise<void> {
  const systems: Record<string, Search> = {
    'plain BM25 (k1 1.2, b 0.75), whole documents': plainSearch(collection),
    'PostgreSQL ts_rank_cd': await postgresSearch(collection, lexical),
    'latent semantic analysis, whole documents': latentSearch(collection, latent),
    'Quarterdeck, lexical': await ourSearch(collection, lexical),
    'Quarterdeck, hybrid with latent semantic analysis': await ourSearch(collection, hybrid),
  };
  console.log(`| ${['ranking', ...measureNames].join(' | ')} |\n| --- | ${measureNames.map(() => '---:').join(' | ')} |`);
  for (const [name, search] of Object.entries(systems)) {
    const each: Quality[] = [];
    for (const { text, relevant } of collection.queries)
      if (relevant.size > 0) each.push(qualityOf((await search(text)).slice(0, depth), relevant));
    const mean = meanQuality(each);
    console.log(`| ${[name, ...measureNames.map((column) => mean[column].toFixed(4))].join(' | ')} |`);
  }
}

function termsOf(text: string): string[] {
  return analyse(text, 'en').map(({ term }) => term);
}

/** Title and text, as ours counts both. */
function plainSearch({ documents }: Collection): Search {
  const reference = createReference(documents.map(({ id, title, text }) => ({ id, terms: termsOf(`${title}\n${text}`) })));
  return (query) => reference.search(termsOf(query));
}

/** By the vectors alone that the hybrid search gets. */
function latentSearch({ documents }: Collection, latent: Latent): Search {
  const vectorOf = (text: string) => {
    const vector = latent.vector(termsOf(text));
    const length = Math.hypot(...vector);
    return vector.map((value) => value / length);
  };
  const known = documents.map(({ id, title, text }) => ({ id, vector: vectorOf(`${title}\n${text}`) }));
  return (query) => {
    const asked = vectorOf(query);
    const near = known.map(({ id, vector }) => ({ id, nearness: vector.reduce((sum, value, at) => sum + value * (asked[at] ?? 0), 0) }));
    return near.toSorted((one, other) => other.nearness - one.nearness).map(({ id }) => id);
  };
}

/** Any of the words of the query; its own `websearch_to_tsquery` would want all of them, and find next to nothing. */
async function postgresSearch({ documents }: Collection, { database }: Platform): Promise<Search> {
  const db = database.owner;
  await sql`create schema bench`.execute(db);
  await sql`create table bench.documents (id text primary key, words tsvector)`.execute(db);
  for (const { id, title, text } of documents)
    await sql`insert into bench.documents values (${id}, to_tsvector('english', ${`${title}\n${text}`}))`.execute(db);
  return async (query) => {
    const { rows } = await sql<{ id: string }>`
      with asked as (
        select string_agg(quote_literal(word), ' | ')::tsquery as words
        from unnest(tsvector_to_array(to_tsvector('english', ${query}))) as word
      )
      select id from bench.documents, asked where documents.words @@ asked.words
      order by ts_rank_cd(documents.words, asked.words) desc, id limit ${depth}`.execute(db);
    return rows.map((row) => row.id);
  };
}

/** Through the operations, as every face calls them. A source counts where its best passage stands. */
async function ourSearch({ documents }: Collection, platform: Platform): Promise<Search> {
  const { token } = await platform.identity.signUp({ email: 'bench@example.com', password: 'correct horse battery staple', name: 'Bench' });
  const principal = await platform.identity.verify(token);
  const call = caller(platform, principal);
  const ids = new Map<string, string>();
  for (const { id, title, text } of documents) {
    const { source } = (await call('ingest_source', { title, content: text, format: 'text', url: `test:${id}` })) as {
      source: { id: string };
    };
    ids.set(source.id, id);
  }
  // Vectors come in the background.
  while (platform.models.embedding !== undefined && (await platform.vectors.serving()) === undefined) await sleep(500);
  return async (query) => {
    const found = new Set<string>();
    let cursor: string | null | undefined;
    do {
      const input = { query, limit: 100, ...(typeof cursor === 'string' && { cursor }) };
      const page = (await call('search_knowledge', input)) as { items: { source_id: string }[]; next_cursor: string | null };
      for (const item of page.items) found.add(ids.get(item.source_id) ?? '');
      cursor = page.next_cursor;
    } while (cursor !== null && found.size < depth);
    return [...found];
  };
}

function caller({ registry }: Platform, principal: Principal) {
  return (operation: string, input: Record<string, unknown>) =>
    registry.call({ operation, input, principal, face: 'rest', request_id: 'bench', signal: new AbortController().signal });
}
