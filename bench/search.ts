/** `npm run bench:search`: how long a search takes in a large workspace, and what its index costs. */

import { spawnSync } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { parseArgs } from 'node:util';
import { signUp } from '../test/support/client.ts';
import { query, startPostgres } from '../test/support/cluster.ts';
import { describeMachine } from './machine.ts';
import { startQuarterdeck } from './process.ts';
import { findPostmaster } from './processor.ts';
import { fill, measureSearches } from './search/load.ts';
import { measureVectors } from './search/vectors.ts';

const usage = `Usage: npm run bench:search -- [--chunks 100000] [--clients 16] [--seconds 10] [--vectors 10000]

Starts a PostgreSQL with fsync and a server, takes in a made-up corpus, and searches it. Then the same with vectors on the embedded database, with
so many chunks; --chunks 0 or --vectors 0 leaves one of the two out.`;

const { values } = parseArgs({
  options: {
    chunks: { type: 'string', default: '100000' },
    clients: { type: 'string', default: '16' },
    seconds: { type: 'string', default: '10' },
    vectors: { type: 'string', default: '10000' },
    help: { type: 'boolean', default: false },
  },
});

if (values.help) {
  console.log(usage);
} else {
  console.log(`${describeMachine()}\ncommand: npm run bench:search -- ${process.argv.slice(2).join(' ')}\n`);
  const built = spawnSync(process.execPath, [join(dirname(import.meta.dirname), 'scripts', 'build.mjs')], { stdio: 'inherit' });
  if (built.status !== 0) throw new Error('the build failed');
  if (Number(values.chunks) > 0) await measure();
  if (Number(values.vectors) > 0) {
    console.log(`\n${values.vectors} chunks with vectors, embedded database, vectors of hashed words by HTTP from another process\n`);
    await measureVectors(Number(values.vectors), Number(values.clients), Number(values.seconds));
  }
}

async function measure(): Promise<void> {
  const [cluster, data] = await Promise.all([startPostgres({ durable: true }), mkdtemp(join(tmpdir(), 'quarterdeck-bench-'))]);
  try {
    const { url: databaseUrl } = await cluster.createDatabase();
    const server = await startQuarterdeck({ QUARTERDECK_DATA: data, DATABASE_URL: databaseUrl });
    const name = new URL(databaseUrl).pathname.slice(1);
    try {
      const { key } = await signUp(server.url);
      await fill(server, key, Number(values.chunks));
      await query(cluster.adminUrl, 'vacuum analyze', name);
      await showSizes(cluster.adminUrl, name);
      const postmaster = await findPostmaster(databaseUrl);
      await measureSearches({ ...server, postmaster }, key, Number(values.clients), Number(values.seconds), '"snippet"');
    } finally {
      await server.stop();
    }
  } finally {
    await cluster.stop();
    await rm(data, { recursive: true, force: true });
  }
}

async function showSizes(adminUrl: string, name: string): Promise<void> {
  const rows = await query(
    adminUrl,
    `select relname as table, pg_size_pretty(pg_table_size(oid)) as rows, pg_size_pretty(pg_indexes_size(oid)) as indexes
     from pg_class where relname in ('chunks', 'postings', 'posting_pieces', 'source_parts') order by 1`,
    name,
  );
  const [counts] = await query(
    adminUrl,
    `select (select count(*) from chunks) as chunks, (select count(distinct (project_id, number)) from posting_pieces) as pieces, (select count(*) from postings) as rows,
       (select pg_size_pretty(sum(length(text))) from chunks) as text`,
    name,
  );
  console.log(
    `chunks: ${String(counts?.['chunks'])} with ${String(counts?.['text'])} of text, ${String(counts?.['rows'])} rows of postings with ${String(counts?.['pieces'])} pieces that are not merged\n`,
  );
  console.log('| table | rows | indexes |\n| --- | ---: | ---: |');
  for (const row of rows) console.log(`| ${[row['table'], row['rows'], row['indexes']].map(String).join(' | ')} |`);
}
