/** Recovery to a point in time: pgBackRest and PostgreSQL from the system's packages, and the runbook run as the database's own user. */

import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { CheckResult } from '../../src/production/check/result.ts';
import { quarterdeck } from '../support/quarterdeck.ts';
import { type Recovery, openRecovery } from '../support/recovery.ts';

let recovery: Recovery;
let without: string | undefined;

beforeAll(async () => {
  const opened = await openRecovery();
  if (typeof opened === 'string') without = opened;
  else recovery = opened;
});
afterAll(() => (without === undefined ? recovery.remove() : undefined));
beforeEach(({ skip }) => skip(without !== undefined, without));

async function check(...words: string[]): Promise<CheckResult> {
  const { archive, place } = recovery;
  const all = ['check', 'backup', '--pgbackrest', archive.stanza, '--pgbackrest-config', archive.config, '--json', ...words];
  return JSON.parse((await quarterdeck(place, all)).stdout) as CheckResult;
}

const folder = (name: string): string => join(recovery.cluster.folder, name);

const recover = (target: string, beside: string, inputs: Record<string, string> = {}) =>
  recovery.run('restore-point-in-time', { TARGET: target, BESIDE: folder(beside), INTO: `recovered_${beside}`, ...inputs });

// One life of a database: each test goes on where the one before has ended.
describe('physical backups', () => {
  test('the check says that there is none, then that there is one and that the log arrives', async () => {
    expect(await check()).toMatchObject({ outcome: 'failed', next: expect.stringContaining('pgbackrest backup') });
    await recovery.archive.run('--type=full', 'backup');
    await recovery.archive.run('verify');
    expect(await check()).toMatchObject({ outcome: 'passed', measured: { backups: 1, age_seconds: expect.any(Number) } });
  });

  test('the check says that archiving fails while it does, and passes when it works again', async () => {
    const { cluster } = recovery;
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
    expect((await recovery.show(run.run)).steps[0]).toMatchObject({ name: 'reachable', outcome: 'failed' });
    expect(existsSync(folder('early'))).toBe(false);
  });

  test('a moment that the log does not come to is told, and what was made is taken away', async () => {
    await recovery.archive.run('check');
    // Nothing is written from here on, so the log that is archived ends before.
    const run = await recover(await recovery.moment(), 'late', { SERVER_ANSWERS: 'no' });
    expect(run).toMatchObject({ exit: 4, left: [] });
    const failed = (await recovery.show(run.run)).steps.find(({ outcome }) => outcome === 'failed');
    expect(['start', 'recovered']).toContain(failed?.name);
    expect(failed?.reason).toContain('choose an earlier moment');
    expect(existsSync(folder('late'))).toBe(false);
  });

  test('everything that was deleted is back as it was just before, and nothing of what came after', async () => {
    const { agent, titles, database, cluster } = recovery;
    await agent.post('/tasks', { title: 'written after the backup' });
    const before = await titles();
    const target = await recovery.moment();
    await cluster.query(`set app.system = 'on'; delete from tasks`, database);
    await agent.post('/tasks', { title: 'written after the damage' });
    expect(await titles()).toEqual(['written after the damage']);

    const waiting = await recover(target, 'beside');
    expect(waiting).toMatchObject({ exit: 3, waiting_for: { step: 'switch' } });
    expect(await titles(), 'nothing live was touched').toEqual(['written after the damage']);
    const end = await recovery.approve(waiting.run);
    expect(end, JSON.stringify(await recovery.show(end.run))).toMatchObject({ exit: 0, outcome: 'passed' });
    expect(await titles()).toEqual(before);
    expect(existsSync(folder('beside'))).toBe(false);
  });

  test('the server goes on, and its archive knows one history', async () => {
    const { agent, titles } = recovery;
    expect(await check()).toMatchObject({ outcome: 'passed' });
    expect(await readFile(folder('log'), 'utf8')).not.toContain('new timeline');
    await agent.post('/tasks', { title: 'written after the recovery' });
    expect(await titles()).toContain('written after the recovery');
  });
});
