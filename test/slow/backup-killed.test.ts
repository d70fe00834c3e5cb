/** Backups, restores and drills that are killed in the middle: nothing half done is taken for done, and what is left is found. */

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdir } from 'node:fs/promises';
import { afterAll, beforeAll, beforeEach, expect, test, vi } from 'vitest';
import { environmentOf, program } from '../support/quarterdeck.ts';
import { type Made, type Workbench, openWorkbench, placeOn } from '../support/backup.ts';
import { type Postgres15, startPostgres15, withoutPostgres15 } from '../support/postgres-15.ts';

let cluster: Postgres15;
let bench: Workbench;
let whole: Made;

/** So many rows that a dump and a restore take seconds, and a kill finds them at work. */
const rows = 400_000;

beforeAll(async () => {
  if (withoutPostgres15 !== undefined) return;
  cluster = await startPostgres15();
  const place = await placeOn(cluster);
  bench = await openWorkbench(place);
  const database = new URL(place.databaseUrl ?? '').pathname.slice(1);
  await cluster.query(
    `insert into events (workspace_id, type, subject, actor, data, at)
      select gen_random_uuid(), 'task.created', 'WEB-' || n, '{}', jsonb_build_object('text', md5(n::text) || md5((n + 1)::text)), now()
      from generate_series(1, ${rows}) n`,
    database,
  );
  whole = await bench.json<Made>(['create']);
});
afterAll(async () => {
  if (withoutPostgres15 !== undefined) return;
  await bench.remove();
  await cluster.stop();
});
beforeEach(({ skip }) => skip(withoutPostgres15 !== undefined, withoutPostgres15));

/** Others on this machine have scratch folders too. */
const ownFolder = () => ({ TMPDIR: bench.place.data });

function start(...words: string[]): ChildProcess {
  const environment = { ...environmentOf(bench.place), QUARTERDECK_BACKUP_TO: bench.store, ...ownFolder() };
  return spawn(process.execPath, [program, ...words], { cwd: bench.place.data, env: environment, stdio: 'ignore' });
}

async function end(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  const exited = once(child, 'exit');
  child.kill(signal);
  await exited;
}

const patience = { timeout: 60_000, interval: 5 };
const scratchDatabases = async () => cluster.query(`select datname from pg_database where datname like 'quarterdeck\\_scratch\\_%'`);
const scratchFolders = async () => (await readdir(bench.place.data)).filter((name) => name.startsWith('quarterdeck-scratch-'));
const connections = async () => cluster.query(`select from pg_stat_activity where datname like 'quarterdeck\\_scratch\\_%'`);
const states = async () => {
  const { backups } = await bench.json<{ backups: { backup: string; state: string }[] }>(['list']);
  return backups.map(({ backup, state }) => [backup, state]);
};

test('a backup whose making was killed is incomplete, and latest is the one before', async () => {
  const before = await bench.files();
  const child = start('backup', 'create');
  await vi.waitFor(async () => expect((await bench.files()).some((name) => name.endsWith('.dump.partial'))).toBe(true), patience);
  await end(child, 'SIGKILL');
  const [left = ''] = (await bench.files()).filter((name) => !before.includes(name));
  expect(await states()).toEqual([
    [left.slice(0, left.indexOf('.')), 'incomplete'],
    [whole.backup, 'unverified'],
  ]);
  expect((await bench.run(['verify', left.slice(0, left.indexOf('.'))])).stderr).toContain('it has no manifest');
  expect(await bench.json(['verify', 'latest'])).toMatchObject({ backup: whole.backup });
});

test('one that is stopped in order leaves nothing', async () => {
  const before = await bench.files();
  const child = start('backup', 'create');
  await vi.waitFor(async () => expect((await bench.files()).filter((name) => name.endsWith('.dump.partial'))).toHaveLength(2), patience);
  await end(child, 'SIGTERM');
  expect(child.exitCode).toBe(1);
  expect(await bench.files()).toEqual(before);
});

test('a restore that was killed has made nothing of the name, and the next command clears up', async () => {
  const child = start('backup', 'restore', whole.backup, '--into', 'target');
  await vi.waitFor(async () => expect(await connections()).not.toEqual([]), patience);
  await end(child, 'SIGKILL');
  expect(await cluster.query(`select from pg_database where datname = 'target'`)).toEqual([]);
  expect(await scratchDatabases()).toHaveLength(1);
  await bench.json(['restore', whole.backup, '--into', 'target']);
  expect(await cluster.query(`select from pg_database where datname = 'target'`)).toHaveLength(1);
  expect(await scratchDatabases()).toEqual([]);
});

test.each(['SIGINT', 'SIGKILL'] as const)(
  'a drill that is ended with %s leaves no server behind, and no scratch for long',
  async (signal) => {
    const child = start('drill');
    // The server on the restored database has connected to it.
    await vi.waitFor(
      async () =>
        expect(
          await cluster.query(
            `select from pg_stat_activity where datname like 'quarterdeck\\_scratch\\_%' and application_name = 'quarterdeck' and query ~ 'events'`,
          ),
        ).not.toEqual([]),
      patience,
    );
    await end(child, signal);
    await vi.waitFor(async () => expect(await connections()).toEqual([]), patience);
    if (signal === 'SIGKILL') await bench.json(['verify', whole.backup], ownFolder());
    expect(await scratchDatabases()).toEqual([]);
    expect(await scratchFolders()).toEqual([]);
  },
);

test('a database that is gone altogether comes back by restore and switch', async () => {
  const live = new URL(bench.place.databaseUrl ?? '').pathname.slice(1);
  await cluster.query(`drop database ${live} with (force)`);
  await bench.json(['restore', whole.backup, '--into', 'saved']);
  expect(await bench.json(['restore', '--into', 'saved', '--switch'])).toMatchObject({
    live,
    previous: null,
    backup: whole.backup,
    back: null,
  });
  expect(await bench.json<Made>(['create'])).toMatchObject({ rows: whole.rows });
});
