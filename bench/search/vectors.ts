/** The part of `npm run bench:search` about vectors: on the embedded database, with vectors of hashed words in place of a model's. */

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { sql } from 'kysely';
import { readSettings } from '../../src/platform/config/read.ts';
import type { TransactionScope } from '../../src/platform/database/types.ts';
import { createLog } from '../../src/platform/telemetry/log.ts';
import type { Space } from '../../src/platform/vectors/types.ts';
import { type Platform, openPlatform } from '../../src/server/platform.ts';
import { signUp } from '../../test/support/client.ts';
import { startModelServer } from '../../test/support/models.ts';
import { startQuarterdeck } from '../process.ts';
import { createCorpus } from './corpus.ts';
import { fill, measureSearches } from './load.ts';

/** Queries whose ten nearest are compared with those of the exact search. */
const queries = 200;

/** How many are looked for. */
const wanted = 10;

/** Parts of all chunks that a caller may see. */
const shares = [0.01, 0.1, 1];

export async function measureVectors(chunks: number, clients: number, seconds: number): Promise<void> {
  const [model, data] = await Promise.all([startModelServer(), mkdtemp(join(tmpdir(), 'quarterdeck-bench-'))]);
  const environment = {
    QUARTERDECK_DATA: data,
    QUARTERDECK_EMBEDDING_MODEL: 'compatible:hashed-words',
    QUARTERDECK_EMBEDDING_MODEL_URL: model.url,
  };
  try {
    const server = await startQuarterdeck(environment);
    try {
      const { key } = await signUp(server.url);
      await fill(server, key, chunks);
      await untilHybrid(server.url, key);
      await measureSearches(server, key, clients, seconds, '"mode":"hybrid"');
    } finally {
      await server.stop();
    }
    const { settings, ...effective } = readSettings({ environment: { ...environment, LOG_LEVEL: 'error' }, folder: data });
    const platform = await openPlatform({ settings, ...effective }, createLog(settings));
    try {
      await measureRecall(platform);
    } finally {
      await platform.close();
    }
  } finally {
    await model.close();
    await rm(data, { recursive: true, force: true });
  }
}

async function untilHybrid(url: string, key: string): Promise<void> {
  const started = performance.now();
  for (;;) {
    const answer = await fetch(new URL('/search', url), {
      method: 'POST',
      headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
      body: JSON.stringify({ query: 'anything', limit: 1 }),
    });
    if (((await answer.json()) as { mode: string }).mode === 'hybrid') break;
    await sleep(500);
  }
  console.log(`all had vectors ${((performance.now() - started) / 1_000).toFixed(0)} s after the last was taken in`);
}

/** The index has all chunks, and the caller may see a part of them, spread evenly. */
async function measureRecall({ database, vectors }: Platform): Promise<void> {
  const space = await vectors.serving();
  if (space === undefined) throw new Error(`there are no vectors: ${vectors.failure ?? 'no reason is known'}`);
  await vectors.index(space, 0);
  const corpus = createCorpus(3);
  const { vectors: asked } = await space.model.embed(
    Array.from({ length: queries }, () => corpus.query()),
    'query',
    new AbortController().signal,
  );
  const { rows } = await database.transaction('system', { mode: 'read' }, ({ db }) =>
    sql<Caller>`select workspace_id, project_id, owner_id as user_id from chunks limit 1`.execute(db),
  );
  const [caller] = rows;
  if (caller === undefined) throw new Error('there are no chunks');
  console.log(
    `\nrecall@${wanted} of the HNSW index against comparing all, ${queries} queries\n\n| may be seen | recall | looked up in the index |\n| ---: | ---: | ---: |`,
  );
  for (const share of shares) {
    const before = await countScans(database, space);
    const recall = await database.transaction(caller, { mode: 'read' }, (scope) => recallOf(scope, space, asked, caller.project_id, share));
    console.log(`| ${share * 100} % | ${recall.toFixed(3)} | ${(await countScans(database, space)) - before} |`);
  }
}

/** How often the index was asked: the planner is free not to, and then the recall says nothing of it. */
async function countScans({ owner }: Platform['database'], { id }: Space): Promise<number> {
  await sql`select pg_stat_force_next_flush()`.execute(owner);
  await sql`select pg_stat_clear_snapshot()`.execute(owner);
  const { rows } = await sql<{ scans: string }>`select pg_stat_get_numscans(${`vectors.space_${id}_nearest`}::regclass) as scans`.execute(
    owner,
  );
  return Number(rows[0]?.scans);
}

interface Caller {
  workspace_id: string;
  project_id: string;
  user_id: string;
}

async function recallOf(
  scope: TransactionScope,
  space: Space,
  asked: readonly Float32Array[],
  project_id: string,
  share: number,
): Promise<number> {
  // For so few, the planner would rather compare them all.
  await sql`select set_config('enable_seqscan', 'off', true), set_config('enable_sort', 'off', true)`.execute(scope.db);
  const where = sql<boolean>`number % 100 < ${share * 100}::int`;
  let found = 0;
  let all = 0;
  for (const vector of asked) {
    const near = (among: number) => space.nearest(scope, { vector, projects: [project_id], most: wanted, among, where });
    const exact = new Set((await near(0)).map(({ number }) => number));
    all += exact.size;
    found += (await near(Infinity)).filter(({ number }) => exact.has(number)).length;
  }
  return found / all;
}
