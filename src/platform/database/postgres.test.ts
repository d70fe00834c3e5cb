/** What only PostgreSQL does: cancelling, time-outs, broken connections, notifications. */

import { setTimeout as sleep } from 'node:timers/promises';
import { type Kysely, sql } from 'kysely';
import pg from 'pg';
import { afterAll, beforeAll, beforeEach, describe, expect, inject, test, vi } from 'vitest';
import { type OpenedDatabase, defaultSettings, openTestDatabase, silentLog } from '../../../test/support/databases.ts';
import { startProxy } from '../../../test/support/proxy.ts';
import { internalsOf } from './internals.ts';
import { openDatabase, waitForDatabase } from './open.ts';
import { refuseOldVersion } from './postgres.ts';

const tenant = { workspace_id: '01930000-0000-7000-8000-00000000000a', user_id: '01930000-0000-7000-8000-0000000000aa' };

/** Longest wait for what takes milliseconds on an idle machine. */
const patience = 10_000;

let opened: OpenedDatabase;
/** Signs in as the superuser, to watch and to disturb. */
let admin: pg.Client;

beforeAll(async () => {
  const settings = { databasePool: 3, statementTimeoutMs: 3_000, lockTimeoutMs: 300 };
  opened = await openTestDatabase('postgres', { settings });
  await sql`create table counters (id integer primary key, value integer not null)`.execute(opened.database.owner);
  await sql`insert into counters values (1, 0)`.execute(opened.database.owner);
  admin = new pg.Client({ connectionString: inject('postgresAdminUrl') });
  await admin.connect();
});
afterAll(async () => {
  await admin.end();
  await opened.close();
});

const write = <Result>(work: (db: Kysely<unknown>) => Promise<Result>, signal?: AbortSignal) =>
  opened.database.transaction(tenant, { mode: 'write', signal }, ({ db }) => work(db));

const nap = (db: Kysely<unknown>, seconds: number) => sql`select pg_sleep(${seconds})`.execute(db);

/** Process ids of our server's connections that run `pg_sleep`. */
async function napping(): Promise<number[]> {
  const { rows } = await admin.query<{ pid: number }>(
    `select pid from pg_stat_activity where datname = $1 and state = 'active' and query like 'select pg_sleep%'`,
    [databaseName()],
  );
  return rows.map(({ pid }) => pid);
}

function databaseName(): string {
  return new URL(opened.settings.databaseUrl ?? '').pathname.slice(1);
}

/** Ends every connection to our database, and waits until they are gone. */
async function terminate(): Promise<void> {
  await admin.query('select pg_terminate_backend(pid, 5000) from pg_stat_activity where datname = $1', [databaseName()]);
}

describe('a caller who goes away', () => {
  test('ends the running statement, undoes the transaction and keeps the connection', async () => {
    const gone = new AbortController();
    const reason = new Error('gone');
    const work = write(async (db) => {
      await sql`update counters set value = value + 1`.execute(db);
      await nap(db, 60);
    }, gone.signal);
    work.catch(() => undefined);
    const [pid] = await vi.waitUntil(async () => {
      const pids = await napping();
      return pids.length > 0 && pids;
    }, patience);
    const started = performance.now();
    gone.abort(reason);
    await expect(work).rejects.toBe(reason);
    expect(performance.now() - started).toBeLessThan(1_000);
    expect(await napping()).toEqual([]);
    expect((await sql`select value from counters`.execute(opened.database.owner)).rows).toEqual([{ value: 0 }]);
    const { rows } = await admin.query('select state from pg_stat_activity where pid = $1', [pid]);
    expect(rows).toEqual([{ state: 'idle' }]);
  });

  test("never ends somebody else's statement on the same connection", async () => {
    for (let round = 0; round < 40; round += 1) {
      const gone = new AbortController();
      // Gone at about the moment at which the statement ends.
      const first = write((db) => nap(db, 0.005), gone.signal);
      const later = sleep(4 + (round % 5)).then(() => gone.abort(new Error('gone')));
      await first.catch(() => undefined);
      await Promise.all([write((db) => nap(db, 0.01)), write((db) => nap(db, 0.01)), later]);
    }
  });

  test('frees the connection even when the cancel request cannot be made', async () => {
    const proxy = await startProxy(opened.settings.databaseUrl ?? '');
    const settings = { ...opened.settings, databaseUrl: proxy.url, databasePool: 1, statementTimeoutMs: 60_000 };
    const own = await openDatabase({ settings, log: silentLog });
    const gone = new AbortController();
    const work = own.transaction(tenant, { mode: 'read', signal: gone.signal }, ({ db }) => nap(db, 60));
    work.catch(() => undefined);
    await vi.waitUntil(async () => (await napping()).length > 0, patience);
    proxy.refuse();
    gone.abort(new Error('gone'));
    await expect(work).rejects.toThrow('gone');
    expect(own.stats()).toMatchObject({ idle: 0, waiting: 0 });
    await own.close();
    await terminate();
  });
});

describe('a statement', () => {
  test('that takes too long is stopped, as `timed_out`', async () => {
    await expect(write((db) => nap(db, 60))).rejects.toMatchObject({ code: 'timed_out', retryable: true });
  });

  test('that waits too long for a row is stopped, as `timed_out`, and says that it was the row', async () => {
    const held = Promise.withResolvers<void>();
    const free = Promise.withResolvers<void>();
    const first = write(async (db) => {
      await sql`update counters set value = value + 1`.execute(db);
      held.resolve();
      await free.promise;
    });
    await held.promise;
    const second = write((db) => sql`update counters set value = value + 1`.execute(db));
    await expect(second).rejects.toMatchObject({ code: 'timed_out', message: expect.stringContaining('the same row') });
    free.resolve();
    await first;
  });

  test('that meets a deadlock is told to try again, and the other one goes on', async () => {
    const patient = await openDatabase({ settings: { ...opened.settings, lockTimeoutMs: 0, statementTimeoutMs: 0 }, log: silentLog });
    await sql`insert into counters values (2, 0) on conflict do nothing`.execute(opened.database.owner);
    const both = Promise.withResolvers<void>();
    let waiting = 2;
    const cross = (first: number, second: number) =>
      patient.transaction(tenant, { mode: 'write' }, async ({ db }) => {
        await sql`update counters set value = value + 1 where id = ${first}`.execute(db);
        waiting -= 1;
        if (waiting === 0) both.resolve();
        await both.promise;
        await sql`update counters set value = value + 1 where id = ${second}`.execute(db);
      });
    const results = await Promise.allSettled([cross(1, 2), cross(2, 1)]);
    const failures = results.filter((result) => result.status === 'rejected');
    expect(failures).toHaveLength(1);
    expect(failures[0]?.reason).toMatchObject({ code: 'unavailable', retryable: true });
    await patient.close();
  });
});

describe('a connection', () => {
  test('that breaks makes its caller `unavailable`, and the next one gets a new connection', async () => {
    const work = write((db) => nap(db, 60));
    work.catch(() => undefined);
    await vi.waitUntil(async () => (await napping()).length > 0, patience);
    await terminate();
    await expect(work).rejects.toMatchObject({ code: 'unavailable' });
    await write((db) => nap(db, 0));
  });

  test('that breaks between two statements makes its caller `unavailable`', async () => {
    const work = write(async (db) => {
      await nap(db, 0);
      await terminate();
      await sleep(50);
      await nap(db, 0);
    });
    await expect(work).rejects.toMatchObject({ code: 'unavailable' });
    await write((db) => nap(db, 0));
  });

  test('that breaks at the commit leaves open whether the change was made, and says so', async () => {
    const work = write(async (db) => {
      await sql`update counters set value = value + 1`.execute(db);
      await terminate();
      await sleep(50);
    });
    await expect(work).rejects.toMatchObject({ code: 'unavailable', message: expect.stringContaining('may or may not') });
  });

  test('that is idle and breaks is no matter for anybody', async () => {
    await write((db) => nap(db, 0));
    await terminate();
    await sleep(50);
    await write((db) => nap(db, 0));
  });

  test.each([false, true])('that died unnoticed is replaced before anything is done on it; eager: %s', async (eager) => {
    const proxy = await startProxy(opened.settings.databaseUrl ?? '');
    const own = await openDatabase({ settings: { ...opened.settings, databaseUrl: proxy.url, databasePool: 1 }, log: silentLog });
    const add = sql<{ value: number }>`update counters set value = value + 1 where id = 1 returning value`;
    const run = () => own.transaction(tenant, { mode: 'write', eager }, async ({ db }) => (await add.execute(db)).rows[0]?.value ?? 0);
    const before = await run();
    proxy.cutOnUse();
    expect(await run()).toBe(before + 1);
    await own.close();
    await proxy.stop();
  });

  test('that nobody gives back in time makes the next caller `unavailable`, not wait for ever', async () => {
    const settings = { ...opened.settings, databasePool: 1, poolTimeoutMs: 1_000 };
    const own = await openDatabase({ settings, log: silentLog });
    const given = Promise.withResolvers<void>();
    const held = Promise.withResolvers<void>();
    const holder = own.transaction(tenant, { mode: 'read' }, () => {
      held.resolve();
      return given.promise;
    });
    await held.promise;
    const next = own.transaction(tenant, { mode: 'read' }, async () => undefined);
    await expect(own.ping(100)).rejects.toMatchObject({ code: 'unavailable', message: expect.stringContaining('100 ms') });
    await expect(next).rejects.toMatchObject({ code: 'unavailable' });
    given.resolve();
    await holder;
    await own.ping(5_000);
    await own.close();
  });
});

describe('a server', () => {
  const elsewhere = (databaseUrl: string) => openDatabase({ settings: { ...defaultSettings(), databaseUrl }, log: silentLog });

  test('that is not there makes callers `unavailable`, and waiting for it can be given up', async () => {
    const database = await elsewhere('postgres://nobody:secret@127.0.0.1:1/nothing');
    await expect(database.transaction(tenant, { mode: 'read' }, async () => undefined)).rejects.toMatchObject({ code: 'unavailable' });
    await expect(database.ping(1_000)).rejects.toMatchObject({ code: 'unavailable' });
    const waiting = waitForDatabase(database, silentLog, AbortSignal.timeout(300));
    await expect(waiting).rejects.toThrow(/^The database at 127\.0\.0\.1:1\/nothing cannot be reached: .*ECONNREFUSED/);
    await database.close();
  });

  test('that refuses the password is not waited for', async () => {
    const url = new URL(opened.settings.databaseUrl ?? '');
    url.password = 'wrong';
    const database = await elsewhere(url.href);
    await expect(waitForDatabase(database, silentLog)).rejects.toThrow(/refused us: password authentication failed.*Check DATABASE_URL/);
    await database.close();
  });

  test('is named without its password', () => {
    expect(internalsOf(opened.database).place).toMatch(/^127\.0\.0\.1:\d+\/test_[0-9a-f]+$/);
  });

  test('that is too old is refused', () => {
    expect(() => refuseOldVersion('14.19', 140_019)).toThrow('PostgreSQL 14.19 is too old: version 15 or newer is needed');
    refuseOldVersion('15.0', 150_000);
  });

  test('that starts later is noticed', async () => {
    const url = opened.settings.databaseUrl ?? '';
    const gone = await startProxy(url);
    await gone.stop();
    const database = await elsewhere(gone.url);
    const waiting = waitForDatabase(database, silentLog);
    expect(await Promise.race([waiting, sleep(300).then(() => 'still waiting')])).toBe('still waiting');
    const proxy = await startProxy(url, gone.port);
    await waiting;
    await database.close();
    await proxy.stop();
  });
});

describe('notifications', () => {
  const calls: string[] = [];
  beforeEach(() => {
    calls.length = 0;
  });

  test('reach the listeners of every replica, and only those of their channel', async () => {
    const other = await openDatabase({ settings: opened.settings, log: silentLog });
    const stops = await Promise.all([
      opened.database.listen('changes', () => calls.push('ours')),
      other.listen('changes', () => calls.push('theirs')),
      other.listen('rest', () => calls.push('rest')),
    ]);
    calls.length = 0;
    await opened.database.notify('changes');
    await vi.waitUntil(() => calls.length >= 2, patience);
    expect(calls.sort()).toEqual(['ours', 'theirs']);
    await Promise.all(stops.map((stop) => stop()));
    await opened.database.notify('changes');
    await sleep(50);
    expect(calls).toHaveLength(2);
    await other.close();
  });

  test('go on after the connection broke, and the listener is called because it may have missed some', async () => {
    const stop = await opened.database.listen('changes', () => calls.push('changed'));
    calls.length = 0;
    await terminate();
    await vi.waitUntil(() => calls.length === 1, patience);
    await opened.database.notify('changes');
    await vi.waitUntil(() => calls.length === 2, patience);
    await stop();
  });
});
