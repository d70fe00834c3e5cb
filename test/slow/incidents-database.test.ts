/** The runbooks of a database that is lost, or has no connections left, each against the real thing. */

import { execFileSync } from 'node:child_process';
import { existsSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import pg from 'pg';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { type Recovery, openRecovery } from '../support/recovery.ts';

/** Few, so that a test can take them all. */
const connections = 40;

let recovery: Recovery;
let without: string | undefined;

beforeAll(async () => {
  const opened = await openRecovery({ max_connections: String(connections) });
  if (typeof opened === 'string') without = opened;
  else recovery = opened;
});
afterAll(async () => {
  if (without !== undefined) return;
  await recovery.remove();
  stopServer();
  rmSync(recovery.cluster.folder, { recursive: true, force: true });
});
beforeEach(({ skip }) => skip(without !== undefined, without));

const data = (): string => join(recovery.cluster.folder, 'data');

const control = (): string => join(dirname(recovery.cluster.binaries.postgres), 'pg_ctl');

/** What runs there was started by a runbook, and is nobody's child. */
function stopServer(): void {
  const { account, folder } = recovery.cluster;
  if (existsSync(join(data(), 'postmaster.pid')))
    execFileSync(control(), ['-D', data(), '-m', 'immediate', '-w', 'stop'], { ...account, cwd: folder, stdio: 'ignore' });
}

/** What each step with a `when` of its own came to, and the cause. */
async function outcomes(run: string): Promise<Record<string, string | null>> {
  return Object.fromEntries((await recovery.show(run)).steps.map(({ name, outcome }) => [name, outcome]));
}

async function reasonOf(run: string): Promise<string> {
  const reasons = (await recovery.show(run)).steps.map(({ reason }) => reason ?? '').join(' ');
  // Of a runbook that it ran, too.
  const [, child] = /run (\S+) (?:failed|waits)/.exec(reasons) ?? [];
  return child === undefined ? reasons : `${reasons} ${await reasonOf(child)}`;
}

describe('no connections left', () => {
  const held: pg.Client[] = [];
  const connect = async (application_name: string): Promise<pg.Client> => {
    const client = new pg.Client({ connectionString: recovery.place.databaseUrl ?? '', application_name });
    client.on('error', () => undefined);
    await client.connect();
    held.push(client);
    return client;
  };
  /** Until not even one more gets in. */
  const takeAll = async (name: string): Promise<void> => {
    for (let count = 0; count < connections; count += 1) await connect(name).catch(() => undefined);
  };
  const release = async (): Promise<void> => {
    await Promise.all(held.splice(0).map((client) => client.end().catch(() => undefined)));
  };
  const inputs = { REPLICAS: '1', POOL: '4', FORGOTTEN_AFTER: '2s' };

  test('changes nothing while there are enough', async () => {
    const { run, exit } = await recovery.run('database-connections', inputs);
    expect(exit, await reasonOf(run)).toBe(0);
    expect(await outcomes(run)).toMatchObject({ 'end-forgotten': 'skipped', 'smaller-pools': 'skipped', 'of-others': 'skipped' });
  });

  test('ends the transactions that were forgotten, after an approval, and nothing else', async () => {
    const working = await connect('at work');
    await takeAll('forgetful');
    const forgotten = held.filter((client) => client !== working);
    for (const client of forgotten) await client.query('begin');
    const since = `select count(*)::int as n from pg_stat_activity where state = 'idle in transaction' and state_change < now() - interval '2 s'`;
    const left = async (): Promise<unknown> => (await recovery.cluster.query(since))[0]?.['n'];
    await expect.poll(left, { timeout: 20_000 }).toBe(forgotten.length);
    const waiting = await recovery.run('database-connections', inputs);
    expect(waiting, await reasonOf(waiting.run)).toMatchObject({ exit: 3, waiting_for: { step: 'end-forgotten' } });
    expect(await left(), 'nobody was ended before').toBe(forgotten.length);
    const end = await recovery.approve(waiting.run);
    expect(end, await reasonOf(end.run)).toMatchObject({ exit: 0 });
    expect(await left()).toBe(0);
    await expect(working.query('select 1')).resolves.toBeDefined();
    await release();
  });

  test('of others: says whose they are, and ends none', async () => {
    await takeAll('reporting');
    const { run, exit } = await recovery.run('database-connections', inputs);
    expect(exit).toBe(1);
    expect(await outcomes(run)).toMatchObject({ 'of-others': 'failed', 'end-forgotten': 'skipped' });
    await expect(held[0]?.query('select 1')).resolves.toBeDefined();
    await release();
  });

  test('of pools that are too large: says which size fits, and never to add replicas', async () => {
    const { run, exit } = await recovery.run('database-connections', { ...inputs, REPLICAS: '5', POOL: '10' });
    expect(exit).toBe(1);
    // (40 - 3 for administrators - 10 to spare) / (5 replicas + 1 of a release) - 2 that a replica has beside its pool
    expect(await reasonOf(run)).toContain('Lower QUARTERDECK_DATABASE_POOL to 2');
  });
});

// One life of a database: each test goes on where the one before has ended.
describe('a lost database', () => {
  let before: string;

  const inputs = (more: Record<string, string> = {}): Record<string, string> => ({
    PGDATA: data(),
    SERVER_LOG: join(recovery.cluster.folder, 'log'),
    START: `${control()} -D ${data()} -o '-p ${recovery.cluster.port}' -l ${join(recovery.cluster.folder, 'started.log')} -w start`,
    STORE: join(recovery.workshop.folder, 'dumps'),
    ...more,
  });

  test('that is not lost is left alone', async () => {
    await recovery.archive.run('--type=full', 'backup');
    const { run, exit } = await recovery.run('lost-database', inputs());
    expect(exit, await reasonOf(run)).toBe(0);
    expect(Object.values(await outcomes(run)).filter((outcome) => outcome === 'skipped')).toHaveLength(9);
  });

  test('whose server was killed is started, with every write that was confirmed', async () => {
    await recovery.agent.post('/tasks', { title: 'just before the crash' });
    await recovery.cluster.kill();
    const { run, exit } = await recovery.run('lost-database', inputs());
    expect(exit, await reasonOf(run)).toBe(0);
    expect(await outcomes(run)).toMatchObject({ start: 'passed', files: 'skipped' });
    expect(await recovery.titles()).toEqual(['just before the crash', 'personal']);
  });

  test('that was dropped is not brought back from a moment at which its drop had begun', async () => {
    const { cluster, database, agent } = recovery;
    await agent.post('/tasks', { title: 'before the drop' });
    before = await recovery.moment();
    await agent.post('/tasks', { title: 'the last write' });
    // From here on nothing ends in it, neither well nor badly, so that recovery goes on into the drop.
    await cluster.query(`alter database ${database} allow_connections false`);
    await cluster.query(`select pg_terminate_backend(pid) from pg_stat_activity where datname = '${database}'`);
    await expect.poll(() => cluster.query(`select from pg_stat_activity where datname = '${database}'`), { timeout: 20_000 }).toEqual([]);
    const tooLate = await recovery.moment();
    await cluster.query(`drop database ${database}`);
    const { run, exit, left } = await recovery.run(
      'lost-database',
      inputs({ TARGET: tooLate, BESIDE: join(cluster.folder, 'late'), INTO: 'late' }),
    );
    expect([exit, left]).toEqual([1, []]);
    expect(await reasonOf(run)).toContain('Choose a moment before the last write');
    expect(existsSync(join(cluster.folder, 'late'))).toBe(false);
  });

  test('without anything to bring it back from is said to be so', async () => {
    const { run, exit } = await recovery.run('lost-database', inputs({ STORE: 'none', STANZA: 'none' }));
    expect(exit).toBe(1);
    expect(await outcomes(run)).toMatchObject({ 'no-dump': 'failed' });
  });

  test('that was dropped comes back as it was at a moment before, after the approval of the runbook that is run for it', async () => {
    const { cluster } = recovery;
    const waiting = await recovery.run('lost-database', inputs({ TARGET: before, BESIDE: join(cluster.folder, 'beside'), INTO: 'back' }));
    const why = await reasonOf(waiting.run);
    expect(waiting, why).toMatchObject({ exit: 3 });
    expect(await outcomes(waiting.run)).toMatchObject({ 'point-in-time': 'waiting' });
    const [, child = ''] = /run (\S+) waits/.exec(why) ?? [];
    const end = await recovery.approve(child, waiting.run);
    expect(end, await reasonOf(waiting.run)).toMatchObject({ exit: 0 });
    expect(await recovery.titles()).toEqual(['before the drop', 'just before the crash', 'personal']);
  });

  test('with all of its files comes back to the end of its log', async () => {
    const { agent, archive, titles } = recovery;
    await agent.post('/tasks', { title: 'in the log only' });
    await archive.run('check');
    const expected = await titles();
    stopServer();
    rmSync(data(), { recursive: true });
    const waiting = await recovery.run('lost-database', inputs());
    expect(waiting, await reasonOf(waiting.run)).toMatchObject({ exit: 3, waiting_for: { step: 'files' } });
    const end = await recovery.approve(waiting.run);
    expect(end, await reasonOf(end.run)).toMatchObject({ exit: 0 });
    expect(await titles()).toEqual(expected);
  });
});
