/** `npm run bench`: what a call costs here, side by side with a bare server and with the official SDK, in one run. */

import { spawnSync } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { parseArgs } from 'node:util';
import pg from 'pg';
import { signUp } from '../test/support/client.ts';
import { startPostgres } from '../test/support/cluster.ts';
import { describeMachine } from './machine.ts';
import { type Server, runLoad, startQuarterdeck, startReference } from './process.ts';
import { findPostmaster, memoryOf } from './processor.ts';
import type { Load, Measured } from './load.ts';
import { mcpRequest, postHead, restGet, restPost } from './requests.ts';

const usage = `Usage: npm run bench -- [--seconds 3] [--rounds 3] [--only calls,postgres,embedded]

Starts every server that it measures, a PostgreSQL among them, and ends it again.`;

const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '3' },
    rounds: { type: 'string', default: '3' },
    only: { type: 'string', default: 'calls,postgres,embedded' },
    help: { type: 'boolean', default: false },
  },
});

/** Enough to keep a server busy, few enough that none waits long for its turn. */
const connections = 32;

/** Enough tasks for the pairs: no queue may run empty while it is measured. */
const tasksPerProject = 4_000;

const projects = ['RED', 'BLUE', 'GREEN', 'GOLD', 'PLUM'];

/** Our server, with somebody signed up and, on PostgreSQL, its database. */
interface Subject extends Server {
  key: string;
  databaseUrl: string | undefined;
  postmaster: number | undefined;
}

type Case = Pick<Load, 'requests' | 'expected'> & Partial<Pick<Load, 'rate' | 'finish'>> & { name: string; of: Server | Subject };

interface Row extends Measured {
  name: string;
}

if (values.help) console.log(usage);
else await measureAll();

async function measureAll(): Promise<void> {
  console.log(describeMachine());
  console.log(`command: npm run bench -- ${process.argv.slice(2).join(' ')}\n`);
  const chosen = values.only.split(',');
  const built = spawnSync(process.execPath, [join(dirname(import.meta.dirname), 'scripts', 'build.mjs')], { stdio: 'inherit' });
  if (built.status !== 0) throw new Error('the build failed');
  if (chosen.includes('calls')) await measureCalls();
  for (const kind of ['postgres', 'embedded'] as const) if (chosen.includes(kind)) await measureDatabase(kind);
}

/** What the protocol alone costs. The rounds alternate between the servers, so that a busy moment hits all of them. */
async function measureCalls(): Promise<void> {
  await withQuarterdeck('postgres', async (ours) => {
    const [echo, sdk] = await Promise.all([startReference('echo'), startReference('sdk')]);
    try {
      const whoami = mcpRequest(ours.key, 'tools/call', { name: 'whoami', arguments: {} });
      const listing = mcpRequest(ours.key, 'tools/list');
      const cases: Case[] = [
        { name: 'bare node:http, JSON echo', of: echo, requests: [whoami], expected: '"ok' },
        { name: 'official SDK, 40 tools: tools/call', of: sdk, requests: [whoami], expected: 'racer' },
        { name: 'Quarterdeck: tools/call, credential checked', of: ours, requests: [whoami], expected: '"scopes' },
        { name: 'official SDK, 40 tools: tools/list', of: sdk, requests: [listing], expected: 'tool_39' },
        { name: 'Quarterdeck: tools/list, credential checked', of: ours, requests: [listing], expected: 'claim_task' },
        { name: 'Quarterdeck: GET /health', of: ours, requests: [restGet(ours.key, '/health')], expected: 'healthy' },
      ];
      const rows = await inRounds(cases);
      show('Calls without a database', rows);
      const [bare, sdkCall, call, sdkList, list] = rows;
      if (!bare || !sdkCall || !call || !sdkList || !list) throw new Error('a row is missing');
      console.log(`tools/call: ${ratio(call, sdkCall)} of the SDK's, ${ratio(call, bare)} of the bare server's`);
      console.log(`tools/list: ${ratio(list, sdkList)} of the SDK's\n`);
    } finally {
      await Promise.all([echo.stop(), sdk.stop()]);
    }
  });
}

async function measureDatabase(kind: 'postgres' | 'embedded'): Promise<void> {
  await withQuarterdeck(kind, async (ours) => {
    const { databaseUrl } = ours;
    const idle = memoryOf(ours.pid);
    const ids = await fill(ours);
    const task = (id: string) => mcpRequest(ours.key, 'tools/call', { name: 'get_task', arguments: { task_id: id } });
    const create = mcpRequest(ours.key, 'tools/call', {
      name: 'create_task',
      arguments: { project: 'BLUE', title: 'Made by a measurement' },
    });
    const claims = projects.map((project) => restPost(ours.key, '/queue/claim', { project }));
    const shared = { of: ours };
    const cases: Case[] = [
      { ...shared, name: 'get_task', requests: ids.map(task), expected: 'Task' },
      { ...shared, name: 'get_task at 1,000 a second', requests: ids.map(task), expected: 'Task', rate: 1_000 },
      { ...shared, name: 'GET /tasks/{task_id}', requests: ids.map((id) => restGet(ours.key, `/tasks/${id}`)), expected: 'Task' },
      { ...shared, name: 'create_task', requests: [create], expected: 'BLUE-' },
      { ...shared, name: 'claim_task + finish_task', requests: claims, expected: 'completed', finish: postHead('/queue/finish', ours.key) },
    ];
    const rows: Row[] = [];
    for (const given of cases) rows.push(await measure(given));
    show(kind === 'postgres' ? 'On PostgreSQL, with fsync' : 'On the embedded database', rows);
    if (databaseUrl !== undefined) console.log(`completed twice: ${await countDuplicates(databaseUrl)}`);
    console.log(`memory: ${Math.round(idle)} MB idle, ${Math.round(memoryOf(ours.pid))} MB after the load\n`);
  });
}

/** Ids of some tasks of a project that nothing claims from. */
async function fill({ url, key }: Subject): Promise<string[]> {
  const post = async (path: string, input: object) => {
    const answer = await fetch(new URL(path, url), {
      method: 'POST',
      headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
      body: JSON.stringify(input),
    });
    if (!answer.ok) throw new Error(`${path} answered ${answer.status}: ${await answer.text()}`);
    return (await answer.json()) as { tasks: { id: string }[] };
  };
  const batch = (project: string, from: number) => ({
    tasks: Array.from({ length: 100 }, (_, n) => ({ project, title: `Task ${from + n}` })),
  });
  for (const project of [...projects, 'READ']) await post('/projects', { key: project, name: project });
  for (const project of projects) for (let made = 0; made < tasksPerProject; made += 100) await post('/tasks/batch', batch(project, made));
  return (await post('/tasks/batch', batch('READ', 0))).tasks.map(({ id }) => id);
}

async function countDuplicates(databaseUrl: string): Promise<number> {
  const client = new pg.Client({ connectionString: databaseUrl });
  await client.connect();
  try {
    await client.query("select set_config('app.system', 'on', false)");
    const { rows } = await client.query<{ count: string }>(
      "select count(*) from (select from events where type = 'task.completed' group by workspace_id, subject having count(*) > 1) as twice",
    );
    return Number(rows[0]?.count);
  } finally {
    await client.end();
  }
}

async function withQuarterdeck(kind: 'postgres' | 'embedded', work: (server: Subject) => Promise<void>): Promise<void> {
  const data = await mkdtemp(join(tmpdir(), 'quarterdeck-bench-'));
  const cluster = kind === 'postgres' ? await startPostgres({ durable: true }) : undefined;
  try {
    const databaseUrl = (await cluster?.createDatabase())?.url;
    const server = await startQuarterdeck({ QUARTERDECK_DATA: data, ...(databaseUrl === undefined ? {} : { DATABASE_URL: databaseUrl }) });
    try {
      const { key } = await signUp(server.url);
      await work({ ...server, key, databaseUrl, postmaster: databaseUrl === undefined ? undefined : await findPostmaster(databaseUrl) });
    } finally {
      await server.stop();
    }
  } finally {
    await cluster?.stop();
    await rm(data, { recursive: true, force: true });
  }
}

async function measure({ name, of, ...load }: Case): Promise<Row> {
  const watched = { server: of.pid, postmaster: 'postmaster' in of ? of.postmaster : undefined };
  return { name, ...(await runLoad({ connections, ...load, url: of.url, watched, seconds: Number(values.seconds), warmUpSeconds: 3 })) };
}

/** The round in the middle, by the rate. */
async function inRounds(cases: readonly Case[]): Promise<Row[]> {
  const rounds: Row[][] = cases.map(() => []);
  for (let round = 0; round < Number(values.rounds); round += 1)
    for (const [place, given] of cases.entries()) rounds[place]?.push(await measure(given));
  return rounds.map((measured) => {
    const sorted = measured.toSorted((a, b) => a.perSecond - b.perSecond);
    const median = sorted[Math.floor(sorted.length / 2)];
    if (median === undefined) throw new Error('there were no rounds');
    return median;
  });
}

function show(title: string, rows: readonly Row[]): void {
  console.log(`${title}: ${connections} connections, ${values.seconds} s each`);
  const width = Math.max(...rows.map(({ name }) => name.length));
  console.log(`| ${'what'.padEnd(width)} | a second | p50 ms | p95 ms | p99 ms | server ms | database ms |`);
  console.log(`| ${'-'.repeat(width)} | -------: | -----: | -----: | -----: | --------: | ----------: |`);
  for (const { name, perSecond, p50, p95, p99, used } of rows) {
    const cells = [
      Math.round(perSecond).toLocaleString('en').padStart(8),
      ...[p50, p95, p99].map((ms) => ms.toFixed(2).padStart(6)),
      (used?.server.toFixed(3) ?? '').padStart(9),
      (used?.database === 0 ? '' : (used?.database.toFixed(3) ?? '')).padStart(11),
    ];
    console.log(`| ${name.padEnd(width)} | ${cells.join(' | ')} |`);
  }
  console.log('');
}

/** By the rate, and by processor time, which what else runs on the machine disturbs less. */
function ratio(ours: Row, other: Row): string {
  const times = (value: number) => value.toFixed(value < 10 ? 2 : 1);
  const byTime = ours.used && other.used ? `, ${times(other.used.server / ours.used.server)} by processor time` : '';
  return `${times(ours.perSecond / other.perSecond)} times${byTime}`;
}
