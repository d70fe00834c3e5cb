/** What only the embedded database does: its lock, its time limit, and coming back after its worker died. */

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { type Kysely, sql } from 'kysely';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type OpenedDatabase, openTestDatabase, silentLog } from '../../../../test/support/databases.ts';
import { internalsOf } from '../internals.ts';
import { openDatabase } from '../open.ts';
import type { Database } from '../types.ts';

const tenant = { workspace_id: '01930000-0000-7000-8000-00000000000a', user_id: '01930000-0000-7000-8000-0000000000aa' };

let opened: OpenedDatabase;

beforeAll(async () => {
  opened = await openTestDatabase('embedded', { settings: { statementTimeoutMs: 1_000, poolTimeoutMs: 20_000 } });
  await sql`create table lines (n integer)`.execute(opened.database.owner);
  await sql`grant all on lines to quarterdeck_app`.execute(opened.database.owner);
}, 60_000);
afterAll(() => opened.close());

const write = <Result>(work: (db: Kysely<unknown>) => Promise<Result>, database: Database = opened.database) =>
  database.transaction(tenant, { mode: 'write' }, ({ db }) => work(db));

const lines = () => write(async (db) => (await sql<{ n: number }>`select n from lines order by n`.execute(db)).rows.map(({ n }) => n));

/** Runs until its worker is ended: the database looks at no clock. */
const endless = (db: Kysely<unknown>) =>
  sql`select count(*) from generate_series(1, 1000000000) a, generate_series(1, 1000000000) b`.execute(db);

test('the folder is for its owner alone', async () => {
  expect((await stat(join(opened.settings.data, 'database'))).isDirectory()).toBe(true);
  const folder = join(await mkdtemp(join(tmpdir(), 'quarterdeck-mode-')), 'data');
  const database = await openDatabase({ settings: { ...opened.settings, data: folder }, log: silentLog });
  expect((await stat(folder)).mode & 0o777).toBe(0o700);
  await database.close();
  await rm(folder, { recursive: true });
}, 60_000);

test('a second opening is refused with the pid of the first', async () => {
  await expect(openDatabase({ settings: opened.settings, log: silentLog })).rejects.toThrow(`in use by process ${process.pid}`);
});

test('a statement past its limit is ended with `timed_out`, the rest is kept, and the next caller is served', async () => {
  await write((db) => sql`insert into lines values (1)`.execute(db));
  const slow = write(async (db) => {
    await sql`insert into lines values (2)`.execute(db);
    await endless(db);
  });
  await expect(slow).rejects.toMatchObject({ code: 'timed_out' });
  expect(await lines()).toEqual([1]);
});

test('those who wait behind an endless statement are served after it', async () => {
  const slow = write(endless);
  const behind = [lines(), lines()];
  await expect(slow).rejects.toMatchObject({ code: 'timed_out' });
  expect(await Promise.all(behind)).toEqual([[1], [1]]);
});

test('a statement of a migration may take longer', async () => {
  const work = internalsOf(opened.database).unhurried((db) => sql<{ done: boolean }>`select pg_sleep(2) is not null as done`.execute(db));
  expect((await work).rows).toEqual([{ done: true }]);
});

test('the event loop goes on while a statement runs', async () => {
  let ticks = 0;
  const timer = setInterval(() => (ticks += 1), 10);
  await write((db) => sql`select pg_sleep(0.5)`.execute(db));
  clearInterval(timer);
  expect(ticks).toBeGreaterThan(10);
});

test('a connection that was given up leaves nothing to the next: no transaction, no settings, no statements', async () => {
  await internalsOf(opened.database).unhurried(async (db) => {
    await sql`set application_name = 'left behind'`.execute(db);
    await sql`prepare left_behind as select 1`.execute(db);
    await sql`begin`.execute(db);
    await sql`insert into lines values (3)`.execute(db);
    // Even an aborted transaction.
    await sql`select 1 / 0`.execute(db).catch(() => undefined);
  });
  const { rows } = await sql<{ name: string; statements: number }>`
    select current_setting('application_name') as name, (select count(*) from pg_prepared_statements) as statements`.execute(
    opened.database.owner,
  );
  expect(rows).toEqual([{ name: '', statements: 0 }]);
  expect(await lines()).toEqual([1]);
});

test('a caller who goes away gets no answer, and the next one is served', async () => {
  const gone = new AbortController();
  const work = opened.database.transaction(tenant, { mode: 'write', signal: gone.signal }, async ({ db }) => {
    await sql`insert into lines values (4)`.execute(db);
    await sql`select pg_sleep(0.3)`.execute(db);
  });
  setTimeout(() => gone.abort(new Error('gone')), 100);
  await expect(work).rejects.toThrow('gone');
  expect(await lines()).toEqual([1]);
});

test('notifications reach the listeners of this process', async () => {
  let calls = 0;
  const stop = await opened.database.listen('changes', () => (calls += 1));
  await opened.database.notify('changes');
  await opened.database.notify('other');
  await stop();
  await opened.database.notify('changes');
  expect(calls).toBe(1);
});

test('after closing it is `unavailable`, and the folder is free', async () => {
  const data = await mkdtemp(join(tmpdir(), 'quarterdeck-close-'));
  const settings = { ...opened.settings, data };
  const first = await openDatabase({ settings, log: silentLog });
  await first.close();
  await expect(write(lines, first)).rejects.toMatchObject({ code: 'unavailable' });
  const second = await openDatabase({ settings, log: silentLog });
  await second.close();
  await rm(data, { recursive: true });
}, 60_000);

/** Writes numbers and says each one only after its commit. */
const writer = `
  const { openDatabase } = await import(${JSON.stringify(new URL('../open.ts', import.meta.url).href)});
  const { silentLog } = await import(${JSON.stringify(new URL('../../telemetry/log.ts', import.meta.url).href)}).then(({ createLog }) => ({ silentLog: createLog({ logLevel: 'silent' }) }));
  const { sql } = await import('kysely');
  const database = await openDatabase({ settings: JSON.parse(process.argv[1]), log: silentLog });
  const tenant = ${JSON.stringify(tenant)};
  for (let n = Number(process.argv[2]); ; n += 1) {
    await database.transaction(tenant, { mode: 'write' }, ({ db }) => sql\`insert into lines values (\${n})\`.execute(db));
    console.log(n);
  }
`;

test('what was committed survives when the process is killed', async () => {
  await opened.database.close();
  let next = 100;
  for (let round = 0; round < 3; round += 1) {
    const args = ['--input-type=module', '--eval', writer, JSON.stringify(opened.settings), String(next)];
    const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'], cwd: import.meta.dirname });
    for await (const line of createInterface({ input: child.stdout })) {
      next = Number(line) + 1;
      if (next % 37 === 0) child.kill('SIGKILL');
    }
    if (child.signalCode === null && child.exitCode === null) await once(child, 'exit');
    expect(child.signalCode).toBe('SIGKILL');
  }
  opened = { ...opened, database: await openDatabase({ settings: opened.settings, log: silentLog }) };
  const kept = new Set(await lines());
  const lost = Array.from({ length: next - 100 }, (_value, index) => 100 + index).filter((n) => !kept.has(n));
  expect(lost).toEqual([]);
}, 120_000);
