/** `npm run bench`: what a call costs here, side by side with a bare server and with the official SDK, in one run. */

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import pg from 'pg';
import { startPostgres } from '../test/support/cluster.ts';
import { describeMachine } from './machine.ts';
import { type Server, runLoad, startServer } from './process.ts';
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

type Case = Omit<Load, 'connections' | 'seconds' | 'warmUpSeconds' | 'rate'> &
  Partial<Pick<Load, 'connections' | 'rate'>> & { name: string };

interface Row extends Measured {
  name: string;
}

if (values.help) console.log(usage);
else await measureAll();

async function measureAll(): Promise<void> {
  console.log(describeMachine());
  console.log(`command: npm run bench -- ${process.argv.slice(2).join(' ')}\n`);
  const chosen = values.only.split(',');
  if (chosen.includes('calls')) await measureCalls();
  for (const kind of ['postgres', 'embedded'] as const) if (chosen.includes(kind)) await measureDatabase(kind);
}

/** What the protocol alone costs. The rounds alternate between the servers, so that a busy moment hits all of them. */
async function measureCalls(): Promise<void> {
  await withQuarterdeck('postgres', async (ours) => {
    const [echo, sdk] = await Promise.all([startServer('echo'), startServer('sdk')]);
    try {
      const call = mcpRequest(ours.key, 'tools/call', { name: 'whoami', arguments: {} });
      const list = mcpRequest(ours.key, 'tools/list');
      const cases: Case[] = [
        { name: 'bare node:http, JSON echo', url: echo.url, requests: [call], expected: '"ok' },
        { name: 'official SDK, 40 tools: tools/call', url: sdk.url, requests: [call], expected: 'racer' },
        { name: 'Quarterdeck: tools/call, credential checked', url: ours.url, requests: [call], expected: '"scopes' },
        { name: 'official SDK, 40 tools: tools/list', url: sdk.url, requests: [list], expected: 'tool_39' },
        { name: 'Quarterdeck: tools/list, credential checked', url: ours.url, requests: [list], expected: 'claim_task' },
        { name: 'Quarterdeck: GET /health', url: ours.url, requests: [restGet(ours.key, '/health')], expected: 'healthy' },
      ];
      const rows = await inRounds(cases);
      show('Calls without a database', rows);
      const rate = (place: number) => rows[place]?.perSecond ?? Number.NaN;
      console.log(`tools/call: ${ratio(rate(2), rate(1))} of the SDK's, ${ratio(rate(2), rate(0))} of the bare server's`);
      console.log(`tools/list: ${ratio(rate(4), rate(3))} of the SDK's\n`);
    } finally {
      await Promise.all([echo.stop(), sdk.stop()]);
    }
  });
}

async function measureDatabase(kind: 'postgres' | 'embedded'): Promise<void> {
  await withQuarterdeck(kind, async (ours, databaseUrl) => {
    const idle = await ours.memory();
    const ids = await fill(ours);
    const task = (id: string) => mcpRequest(ours.key, 'tools/call', { name: 'get_task', arguments: { task_id: id } });
    const create = mcpRequest(ours.key, 'tools/call', {
      name: 'create_task',
      arguments: { project: 'BLUE', title: 'Made by a measurement' },
    });
    const claims = projects.map((project) => restPost(ours.key, '/queue/claim', { project }));
    const shared = { url: ours.url };
    const cases: Case[] = [
      { ...shared, name: 'get_task', requests: ids.map(task), expected: 'Task' },
      { ...shared, name: 'get_task at 1,000 a second', requests: ids.map(task), expected: 'Task', rate: 1_000 },
      { ...shared, name: 'GET /tasks/{task_id}', requests: ids.map((id) => restGet(ours.key, `/tasks/${id}`)), expected: 'Task' },
      { ...shared, name: 'create_task', requests: [create], expected: 'BLUE-' },
      { ...shared, name: 'claim_task + finish_task', requests: claims, expected: 'completed', finish: postHead('/queue/finish', ours.key) },
    ];
    const rows: Row[] = [];
    for (const given of cases) rows.push({ name: given.name, ...(await measure(given)) });
    show(kind === 'postgres' ? 'On PostgreSQL, with fsync' : 'On the embedded database', rows);
    if (databaseUrl !== undefined) console.log(`completed twice: ${await countDuplicates(databaseUrl)}`);
    console.log(`memory: ${Math.round(idle)} MB idle, ${Math.round(await ours.memory())} MB after the load\n`);
  });
}

/** Ids of some tasks of a project that nothing claims from. */
async function fill({ url, key }: Server): Promise<string[]> {
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

async function withQuarterdeck(
  kind: 'postgres' | 'embedded',
  work: (server: Server, databaseUrl?: string) => Promise<void>,
): Promise<void> {
  const data = await mkdtemp(join(tmpdir(), 'quarterdeck-bench-'));
  const cluster = kind === 'postgres' ? await startPostgres({ durable: true }) : undefined;
  try {
    const databaseUrl = (await cluster?.createDatabase())?.url;
    const server = await startServer('quarterdeck', {
      QUARTERDECK_DATA: data,
      ...(databaseUrl === undefined ? {} : { DATABASE_URL: databaseUrl }),
    });
    try {
      await work(server, databaseUrl);
    } finally {
      await server.stop();
    }
  } finally {
    await cluster?.stop();
    await rm(data, { recursive: true, force: true });
  }
}

function measure({ name: _name, ...load }: Case): Promise<Measured> {
  return runLoad({ connections, ...load, seconds: Number(values.seconds), warmUpSeconds: 1 });
}

/** The round in the middle, by the rate. */
async function inRounds(cases: readonly Case[]): Promise<Row[]> {
  const rounds: Measured[][] = cases.map(() => []);
  for (let round = 0; round < Number(values.rounds); round += 1)
    for (const [place, given] of cases.entries()) rounds[place]?.push(await measure(given));
  return cases.map(({ name }, place) => {
    const sorted = (rounds[place] ?? []).toSorted((a, b) => a.perSecond - b.perSecond);
    const median = sorted[Math.floor(sorted.length / 2)];
    if (median === undefined) throw new Error('there were no rounds');
    return { name, ...median };
  });
}

function show(title: string, rows: readonly Row[]): void {
  console.log(`${title}: ${connections} connections, ${values.seconds} s each`);
  const cells = rows.map(({ name, perSecond, p50, p95, p99 }) => [
    name,
    Math.round(perSecond).toLocaleString('en'),
    ...[p50, p95, p99].map((ms) => ms.toFixed(2)),
  ]);
  const width = Math.max(...rows.map(({ name }) => name.length));
  console.log(`| ${'what'.padEnd(width)} | a second | p50 ms | p95 ms | p99 ms |`);
  console.log(`| ${'-'.repeat(width)} | -------: | -----: | -----: | -----: |`);
  for (const [name = '', rate = '', ...latencies] of cells)
    console.log(`| ${name.padEnd(width)} | ${rate.padStart(8)} | ${latencies.map((ms) => ms.padStart(6)).join(' | ')} |`);
  console.log('');
}

function ratio(a: number, b: number): string {
  return `${(a / b).toFixed(a / b < 10 ? 2 : 1)} times`;
}
