/** `npm run bench:search`: how long a search takes in a large workspace, and what its index costs. */

import { spawnSync } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { parseArgs } from 'node:util';
import { signUp } from '../test/support/client.ts';
import { query, startPostgres } from '../test/support/cluster.ts';
import { describeMachine } from './machine.ts';
import { type Server, runLoad, startQuarterdeck } from './process.ts';
import { restPost } from './requests.ts';
import { createCorpus } from './search/corpus.ts';

const usage = `Usage: npm run bench:search -- [--chunks 100000] [--clients 16] [--seconds 10]

Starts a PostgreSQL with fsync and a server, takes in a made-up corpus, and searches it.`;

const { values } = parseArgs({
  options: {
    chunks: { type: 'string', default: '100000' },
    clients: { type: 'string', default: '16' },
    seconds: { type: 'string', default: '10' },
    help: { type: 'boolean', default: false },
  },
});

/** Chunks of one source. */
const perSource = 10;

/** Sources that are sent at once. */
const senders = 4;

/** Different questions; each is asked many times, and none is kept. */
const questions = 2_000;

if (values.help) console.log(usage);
else await measure();

async function measure(): Promise<void> {
  console.log(`${describeMachine()}\ncommand: npm run bench:search -- ${process.argv.slice(2).join(' ')}\n`);
  const built = spawnSync(process.execPath, [join(dirname(import.meta.dirname), 'scripts', 'build.mjs')], { stdio: 'inherit' });
  if (built.status !== 0) throw new Error('the build failed');
  const [cluster, data] = await Promise.all([startPostgres({ durable: true }), mkdtemp(join(tmpdir(), 'quarterdeck-bench-'))]);
  try {
    const { url: databaseUrl } = await cluster.createDatabase();
    const server = await startQuarterdeck({ QUARTERDECK_DATA: data, DATABASE_URL: databaseUrl });
    const name = new URL(databaseUrl).pathname.slice(1);
    try {
      const { key } = await signUp(server.url);
      await fill(server, key);
      await query(cluster.adminUrl, 'vacuum analyze', name);
      await showSizes(cluster.adminUrl, name);
      await search(server, key);
    } finally {
      await server.stop();
    }
  } finally {
    await cluster.stop();
    await rm(data, { recursive: true, force: true });
  }
}

async function fill({ url }: Server, key: string): Promise<void> {
  const corpus = createCorpus(1);
  const sources = Math.ceil(Number(values.chunks) / perSource);
  let sent = 0;
  const started = performance.now();
  await Promise.all(
    Array.from({ length: senders }, async () => {
      while (sent < sources) {
        sent += 1;
        if (sent % 1_000 === 0) console.error(`${sent} of ${sources} sources`);
        const answer = await fetch(new URL('/ingest', url), {
          method: 'POST',
          headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
          body: JSON.stringify({ title: `Source ${sent}`, content: corpus.document(perSource), format: 'text', language: 'any' }),
        });
        if (!answer.ok) throw new Error(`/ingest answered ${answer.status}: ${await answer.text()}`);
        await answer.arrayBuffer();
      }
    }),
  );
  const seconds = (performance.now() - started) / 1_000;
  console.log(
    `taken in and indexed: ${sources} sources in ${seconds.toFixed(0)} s, ${(sources / seconds).toFixed(0)} a second, ${senders} at once`,
  );
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

async function search(server: Server, key: string): Promise<void> {
  const corpus = createCorpus(2);
  const requests = Array.from({ length: questions }, () => restPost(key, '/search', { query: corpus.query() }));
  console.log('\n| clients | a second | p50 ms | p95 ms | p99 ms |\n| ---: | ---: | ---: | ---: | ---: |');
  for (const connections of [1, Number(values.clients)]) {
    const { perSecond, p50, p95, p99 } = await runLoad({
      url: server.url,
      requests,
      connections,
      seconds: Number(values.seconds),
      warmUpSeconds: 3,
      expected: '"snippet"',
      watched: { server: server.pid, postmaster: undefined },
    });
    console.log(`| ${connections} | ${perSecond.toFixed(0)} | ${p50.toFixed(1)} | ${p95.toFixed(1)} | ${p99.toFixed(1)} |`);
  }
}
