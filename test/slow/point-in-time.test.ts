/** Recovery to a point in time: pgBackRest and PostgreSQL from the system's packages, a server at work, and the runbook run as the database's own user. */

import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { type Archive, archiveSettings, startArchive, withoutPgBackRest } from '../../src/production/rehearse/archive.ts';
import type { CheckResult } from '../../src/production/check/result.ts';
import { freePort } from '../../src/production/release/spawn.ts';
import { quarterdeck } from '../behaviour/cli/quarterdeck.ts';
import { fill, placeOn } from '../support/backup.ts';
import { type Client, client } from '../support/client.ts';
import { type Postgres15, startPostgres15, withoutPostgres15 } from '../support/postgres-15.ts';
import { type Workshop, createWorkshop, withoutReach } from '../support/runbook.ts';
import { type Place, type TestServer, startTestServer } from '../support/server.ts';

let without = withoutPostgres15 ?? withoutPgBackRest;

let cluster: Postgres15;
let archive: Archive;
let place: Place;
let agent: Client;
let server: TestServer;
let workshop: Workshop;

beforeAll(async () => {
  if (without !== undefined) return;
  cluster = await startPostgres15(archiveSettings);
  without = withoutReach(cluster.account);
  if (without !== undefined) return;
  archive = await startArchive(cluster);
  place = await placeOn(cluster);
  const user = await fill(place);
  server = await startTestServer({ place });
  agent = client(server.url, user.key);
  workshop = createWorkshop(cluster.account);
});
afterAll(async () => {
  // Only some of them were made where there is nothing to test.
  await (server as TestServer | undefined)?.close();
  await (place as Place | undefined)?.remove();
  await (workshop as Workshop | undefined)?.remove();
  await (cluster as Postgres15 | undefined)?.stop();
});
beforeEach(({ skip }) => skip(without !== undefined, without));

async function check(...words: string[]): Promise<CheckResult> {
  const all = ['check', 'backup', '--pgbackrest', archive.stanza, '--pgbackrest-config', archive.config, '--json', ...words];
  return JSON.parse((await quarterdeck(place, all)).stdout) as CheckResult;
}

/** As the database says it, because its clock names the transactions. */
async function moment(): Promise<string> {
  const [row] = await cluster.query(`select to_char(clock_timestamp() at time zone 'UTC', 'YYYY-MM-DD HH24:MI:SS.US') || '+00' as now`);
  return String(row?.['now']);
}

const database = (): string => new URL(place.databaseUrl ?? '').pathname.slice(1);

async function recover(target: string, beside: string, ...inputs: string[]) {
  const given = {
    TARGET: target,
    STANZA: archive.stanza,
    PGBACKREST_CONFIG: archive.config,
    SERVER_CONFIG: join(cluster.folder, 'data', 'postgresql.conf'),
    BIN: dirname(cluster.binaries.postgres),
    BESIDE: join(cluster.folder, beside),
    PORT: String(await freePort('127.0.0.1')),
    DATABASE: database(),
    INTO: `recovered_${beside}`,
    BASE_URL: server.url,
  };
  const words = [...Object.entries(given).map(([name, value]) => `${name}=${value}`), ...inputs].flatMap((input) => ['--input', input]);
  const file = join(import.meta.dirname, '../../runbooks/restore-point-in-time.md');
  return workshop.last(['run', file, ...words, '--yes', '--by', 'ada'], { environment: environment() });
}

const environment = (): Record<string, string> => ({ DATABASE_URL: place.databaseUrl ?? '' });

async function titles(): Promise<string[]> {
  const { body } = await agent.get<{ items: { title: string }[] }>('/tasks?project=ME');
  return body.items.map(({ title }) => title).toSorted();
}

interface Shown {
  hash: string;
  steps: { name: string; outcome: string; reason: string | null }[];
}

async function show(run: string): Promise<Shown> {
  return JSON.parse((await workshop.runbook(['show', run, '--json'])).stdout) as Shown;
}

// One life of a database: each test goes on where the one before has ended.
describe('physical backups', () => {
  test('the check says that there is none, then that there is one and that the log arrives', async () => {
    expect(await check()).toMatchObject({ outcome: 'failed', next: expect.stringContaining('pgbackrest backup') });
    await archive.run('--type=full', 'backup');
    await archive.run('verify');
    expect(await check()).toMatchObject({ outcome: 'passed', measured: { backups: 1, age_seconds: expect.any(Number) } });
  });

  test('the check says that archiving fails while it does, and passes when it works again', async () => {
    const [before] = await cluster.query('show archive_command');
    await cluster.query(`alter system set archive_command = 'false'`);
    await cluster.query('select pg_reload_conf()');
    await cluster.query('select pg_switch_wal()');
    await expect
      .poll(() => check(), { timeout: 60_000, interval: 500 })
      .toMatchObject({
        outcome: 'failed',
        next: expect.stringContaining('do not delete any'),
      });
    await cluster.query(`alter system set archive_command = '${String(before?.['archive_command'])}'`);
    await cluster.query('select pg_reload_conf()');
    await expect.poll(() => check(), { timeout: 90_000, interval: 500 }).toMatchObject({ outcome: 'passed' });
  });

  test('a moment before the oldest backup is refused before anything is made', async () => {
    const run = await recover('2026-01-01 00:00:00+00', 'early');
    expect(run).toMatchObject({ exit: 1, outcome: 'failed', left: [] });
    expect((await show(run.run)).steps[0]).toMatchObject({ name: 'reachable', outcome: 'failed' });
    expect(existsSync(join(cluster.folder, 'early'))).toBe(false);
  });

  test('a moment that the log does not come to is told, and what was made is taken away', async () => {
    await archive.run('check');
    // Nothing is written from here on, so the log that is archived ends before.
    const run = await recover(await moment(), 'late', 'SERVER_ANSWERS=no');
    expect(run).toMatchObject({ exit: 4, left: [] });
    const failed = (await show(run.run)).steps.find(({ outcome }) => outcome === 'failed');
    expect(['start', 'recovered']).toContain(failed?.name);
    expect(failed?.reason).toContain('choose an earlier moment');
    expect(existsSync(join(cluster.folder, 'late'))).toBe(false);
  });

  test('everything that was deleted is back as it was just before, and nothing of what came after', async () => {
    await agent.post('/tasks', { title: 'written after the backup' });
    const before = await titles();
    const target = await moment();
    await cluster.query(`set app.system = 'on'; delete from tasks`, database());
    await agent.post('/tasks', { title: 'written after the damage' });
    expect(await titles()).toEqual(['written after the damage']);

    const waiting = await recover(target, 'beside');
    expect(waiting, (await workshop.runbook(['report', waiting.run, '--format', 'md'])).stdout).toMatchObject({
      exit: 3,
      waiting_for: { step: 'switch' },
    });
    expect(await titles(), 'nothing live was touched').toEqual(['written after the damage']);
    const { hash } = await show(waiting.run);
    expect(await workshop.runbook(['approve', waiting.run, '--by', 'grace', '--hash', hash])).toMatchObject({ code: 0, stderr: '' });
    const end = await workshop.last(['resume', waiting.run, '--yes', '--by', 'ada'], { environment: environment() });
    expect(end, JSON.stringify(await show(waiting.run))).toMatchObject({ exit: 0, outcome: 'passed' });
    expect(await titles()).toEqual(before);
    expect(existsSync(join(cluster.folder, 'beside'))).toBe(false);
  });

  test('the server goes on, its archive knows one history, and can bring back what came after too', async () => {
    expect(await check()).toMatchObject({ outcome: 'passed' });
    const log = await readFile(join(cluster.folder, 'log'), 'utf8');
    expect(log).not.toContain('new timeline');
    await agent.post('/tasks', { title: 'written after the recovery' });
    expect(await titles()).toContain('written after the recovery');
  });
});
