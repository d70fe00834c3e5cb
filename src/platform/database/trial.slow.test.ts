/** Migrations that are tried: would they work, who is in their way, and what do they take away. */

import { sql } from 'kysely';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type OpenedDatabase, databaseKinds, openTestDatabase, silentLog } from '../../../test/support/databases.ts';
import { MigrationBlocked, MigrationFailed, migrateUp, migrationStatus } from './migrate.ts';
import { lossOfDown, tryUp } from './trial.ts';
import type { Migration } from './types.ts';

const boxes: Migration = {
  name: '0001_boxes',
  up: async (db) => {
    await sql`create table boxes (id integer, label text, color text)`.execute(db);
    // What the owner may not see either counts all the same.
    await sql`alter table boxes enable row level security, force row level security`.execute(db);
    await sql`create policy everything on boxes using (current_setting('app.system', true) = 'on')`.execute(db);
  },
  down: async (db) => void (await sql`drop table boxes`.execute(db)),
};
const shelves: Migration = {
  name: '0002_shelves',
  up: async (db) => void (await sql`create table shelves (id integer)`.execute(db)),
  down: async (db) => void (await sql`drop table shelves`.execute(db)),
};
const contract: Migration = {
  name: '0003_contract',
  up: async (db) => void (await sql`alter table boxes drop column label, drop column color`.execute(db)),
  down: () => Promise.reject(new Error('the labels are gone')),
};
const broken: Migration = { ...contract, name: '0003_broken', up: async (db) => void (await sql`select 1 / 0`.execute(db)) };

describe.each(databaseKinds)('migrations that are tried on %s', (kind) => {
  let opened: OpenedDatabase;
  beforeAll(async () => {
    opened = await openTestDatabase(kind, { migrated: false });
    await migrateUp(opened.database, silentLog, [boxes]);
    await opened.database.owner.transaction().execute(async (db) => {
      await sql`select set_config('app.system', 'on', true)`.execute(db);
      await sql`insert into boxes values (1, 'nails', null), (2, 'screws', null), (3, null, null)`.execute(db);
    });
  }, 60_000);
  afterAll(() => opened.close());

  test('leave nothing of themselves, and say what they would take away', async () => {
    const { database } = opened;
    expect(await tryUp(database, silentLog, {}, [boxes, shelves])).toMatchObject({
      condition: 'ready',
      pending: ['0002_shelves'],
      loses: [],
    });
    expect(await tryUp(database, silentLog, {}, [boxes, shelves, contract])).toMatchObject({
      condition: 'ready',
      loses: [{ table: 'public.boxes', column: 'label', rows: 2 }],
    });
    expect((await migrationStatus(database, [boxes, shelves])).pending).toEqual(['0002_shelves']);
    const { rows } = await sql<{ there: boolean }>`select to_regclass('shelves') is not null as there`.execute(database.owner);
    expect(rows).toEqual([{ there: false }]);
  });

  test('that would fail say which and why, and so do those that are run', async () => {
    const all = [boxes, shelves, broken];
    expect(await tryUp(opened.database, silentLog, {}, all)).toMatchObject({
      condition: 'failing',
      migration: '0003_broken',
      why: 'division by zero',
    });
    await expect(migrateUp(opened.database, silentLog, [boxes, broken])).rejects.toThrow(MigrationFailed);
    await expect(migrateUp(opened.database, silentLog, [boxes, broken])).rejects.toThrow(
      /0003_broken failed: division by zero.*nothing of it was kept/,
    );
  });

  test('know a database that is newer, and one that is current', async () => {
    expect(await tryUp(opened.database, silentLog, {}, [])).toMatchObject({ condition: 'newer', unknown: ['0001_boxes'] });
    expect(await tryUp(opened.database, silentLog, {}, [boxes])).toMatchObject({ condition: 'current' });
  });

  test('and undone name what that would delete', async () => {
    expect(await lossOfDown(opened.database, silentLog, { steps: 1 }, [boxes])).toEqual([{ table: 'public.boxes', column: null, rows: 3 }]);
    expect((await migrationStatus(opened.database, [boxes])).applied).toHaveLength(1);
  });
});

describe('a migration that waits for a lock', () => {
  let opened: OpenedDatabase;
  let blocker: pg.Client;
  const adds: Migration = {
    ...contract,
    name: '0004_adds',
    up: async (db) => void (await sql`alter table boxes add column size integer`.execute(db)),
  };
  beforeAll(async () => {
    opened = await openTestDatabase('postgres', { migrated: false });
    await migrateUp(opened.database, silentLog, [boxes]);
    blocker = new pg.Client({ connectionString: opened.settings.databaseUrl, application_name: 'report' });
    blocker.on('error', () => undefined);
    await blocker.connect();
    await blocker.query('begin; lock table boxes in access share mode');
  }, 60_000);
  afterAll(async () => {
    await blocker.end();
    await opened.close();
  });

  test('gives up, leaves nothing, and says who has it', async () => {
    const options = { lockTimeoutMs: 1_500 };
    expect(await tryUp(opened.database, silentLog, options, [boxes, adds])).toMatchObject({
      condition: 'locked',
      migration: '0004_adds',
      blockers: [{ application: 'report', state: 'idle in transaction' }],
    });
    const failure = await migrateUp(opened.database, silentLog, [boxes, adds], options).catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(MigrationBlocked);
    expect(String(failure)).toMatch(
      /0004_adds waited for 1.5 s for a lock that is held by pid \d+ \(report of \w+, idle in transaction, for \d+ s\)/,
    );
  });

  test('ends whoever has it when it is told to, and goes on', async () => {
    const ended: number[] = [];
    // Half of it belongs to whoever has the lock.
    const options = { lockTimeoutMs: 4_000, endBlockers: true, onEnded: ({ pid }: { pid: number }) => void ended.push(pid) };
    expect(await migrateUp(opened.database, silentLog, [boxes, adds], options)).toEqual(['0004_adds']);
    expect(ended).toHaveLength(1);
  });
});
