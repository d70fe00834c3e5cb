/** Moving from the embedded database to PostgreSQL: everything arrives as it was, or nothing does. */

import { type Kysely, sql } from 'kysely';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type OpenedDatabase, openTestDatabase, silentLog } from '../../../test/support/databases.ts';
import { type CopyProgress, copyDatabase } from './copy.ts';
import { internalsOf } from './internals.ts';
import { migrateUp } from './migrate.ts';
import { migrations as real } from './migrations/index.ts';
import { secureTable } from './security.ts';
import type { Database, Migration } from './types.ts';

const workspace_id = '01930000-0000-7000-8000-00000000000a';

/** Everything that is awkward to copy, on top of the real tables. */
const awkward: Migration = {
  name: '9000_awkward',
  async up(db) {
    await sql`create table branches (workspace_id uuid not null, id bigint generated always as identity primary key,
      "Odd ""name""" text, parent_id bigint references branches (id), leaf_id uuid,
      doubled bigint generated always as (parent_id * 2) stored,
      written_by xid8 not null default pg_current_xact_id(), touched integer not null default 0)`.execute(db);
    await sql`create table leaves (workspace_id uuid not null, id uuid primary key, branch_id bigint not null references branches (id),
      bytes bytea, ratio float8, amount numeric, at timestamptz, day date, span interval, json jsonb, words text[], yes boolean)`.execute(
      db,
    );
    await sql`alter table branches add constraint branches_leaf foreign key (leaf_id) references leaves (id) deferrable`.execute(db);
    await sql`create function touch() returns trigger language plpgsql as $$ begin new.touched := new.touched + 1; return new; end $$`.execute(
      db,
    );
    await sql`create trigger touch before insert on branches for each row execute function touch()`.execute(db);
    await secureTable(db, 'branches');
    await secureTable(db, 'leaves');
  },
  async down(db) {
    await sql`drop table branches, leaves cascade`.execute(db);
  },
};
const migrations = [...real, awkward];

let source: OpenedDatabase;
let target: OpenedDatabase;

const copy = (from: Database, to: Database, progress?: (step: CopyProgress) => void) =>
  copyDatabase({ from, to, log: silentLog, progress, migrations });

const asSystem = <Result>(database: Database, work: (db: Kysely<unknown>) => Promise<Result>) =>
  database.transaction('system', { mode: 'write' }, ({ db }) => work(db));

beforeAll(async () => {
  source = await openTestDatabase('embedded', { migrated: false });
  target = await openTestDatabase('postgres', { migrated: false });
  await migrateUp(source.database, silentLog, migrations);
  await asSystem(source.database, fill);
});
afterAll(async () => {
  await source.close();
  await target.close();
});

/** More than two batches of rows; each refers to the next one, which a check at once would refuse. */
async function fill(db: Kysely<unknown>): Promise<void> {
  await sql`insert into branches (workspace_id, "Odd ""name""") select ${workspace_id}, 'branch ' || n from generate_series(1, 1203) n`.execute(
    db,
  );
  await sql`update branches set parent_id = id + 1 where id < 1203`.execute(db);
  // The sequence is ahead of the rows.
  await sql`update branches set parent_id = null where id = 1200`.execute(db);
  await sql`delete from branches where id > 1200`.execute(db);
  await sql`insert into leaves values
    (${workspace_id}, '01930000-0000-7000-8000-000000000001', 1, '\\x00ff5c27', 0.1, 1e-20, '2026-02-03T04:05:06.123456+02:00', '2026-02-03',
      '1 month 2 days 03:04:05.6', '{"a": [1, null, "\\u00e4"]}', array['', null, 'a,"b\\c', 'ä😀'], true),
    (${workspace_id}, '01930000-0000-7000-8000-000000000002', 2, '', 'NaN', 'NaN', 'infinity', null, null, 'null', '{}', false),
    (${workspace_id}, '01930000-0000-7000-8000-000000000003', 3, null, 1.7976931348623157e308, 123456789012345678901234567890.5, null, null, null,
      null, null, null)`.execute(db);
  await sql`update branches set leaf_id = '01930000-0000-7000-8000-000000000001' where id = 1`.execute(db);
  await sql`insert into projects (workspace_id, id, key, name, created_by, created_at)
    values (${workspace_id}, ${workspace_id}, 'WEB', 'The web', '{}', now())`.execute(db);
}

/** Everything of a table, as one text. */
async function dump(database: Database, table: string, leftOut = "''"): Promise<string | undefined> {
  const { rows } = await asSystem(database, (db) =>
    sql<{
      text: string;
    }>`select string_agg((to_jsonb(t) - ${sql.raw(leftOut)})::text, E'\n' order by id) as text from ${sql.table(table)} t`.execute(db),
  );
  return rows[0]?.text;
}

test('nothing is copied from a database that lacks migrations, or into one that has rows', async () => {
  const old = await openTestDatabase('postgres', { migrated: false });
  await expect(copy(old.database, target.database)).rejects.toThrow(/The source lacks 0001_roles.*migrate up/);
  await migrateUp(old.database, silentLog, migrations);
  await asSystem(old.database, (db) => sql`insert into branches (workspace_id) values (${workspace_id})`.execute(db));
  await expect(copy(source.database, old.database)).rejects.toThrow('The target has rows in public.branches already');
  await old.close();
});

test('a table that only one of them has is a reason to refuse', async () => {
  const other = await openTestDatabase('postgres', { migrated: false });
  await sql`create table stranger (id integer)`.execute(other.database.owner);
  await expect(copy(source.database, other.database)).rejects.toThrow('public.stranger');
  await other.close();
});

test('a failure in the middle leaves the target empty', async () => {
  const other = await openTestDatabase('postgres', { migrated: false });
  const fails = copy(source.database, other.database, ({ message, done }) => {
    if (message === 'copying public.branches' && done > 500) throw new Error('the cable was pulled');
  });
  await expect(fails).rejects.toThrow('the cable was pulled');
  expect(await dump(other.database, 'branches')).toBeNull();
  await other.close();
});

test('every row arrives as it was, counted by table, with progress', async () => {
  const steps: CopyProgress[] = [];
  const { tables, rows } = await copy(source.database, target.database, (step) => steps.push(step));
  expect(tables).toEqual(
    expect.arrayContaining([
      { table: 'public.branches', rows: 1200 },
      { table: 'public.leaves', rows: 3 },
      { table: 'public.projects', rows: 1 },
      { table: 'auth.user', rows: 0 },
    ]),
  );
  expect(rows).toBe(1204);
  expect(steps.filter(({ message }) => message === 'copying public.branches').map(({ done }) => done)).toEqual([500, 1000, 1200]);
  for (const table of ['leaves', 'projects']) expect(await dump(target.database, table)).toBe(await dump(source.database, table));
  expect(await dump(target.database, 'branches', "'written_by'")).toBe(await dump(source.database, 'branches', "'written_by'"));
});

test('of long rows only a few are on the way at once', async () => {
  const [from, to] = [await openTestDatabase('embedded', { migrated: false }), await openTestDatabase('postgres', { migrated: false })];
  await migrateUp(from.database, silentLog, migrations);
  await asSystem(from.database, (db) =>
    sql`insert into branches (workspace_id, "Odd ""name""") select ${workspace_id}, repeat('long', n * 100000) from generate_series(1, 10) n`.execute(
      db,
    ),
  );
  const steps: CopyProgress[] = [];
  await copy(from.database, to.database, (step) => steps.push(step));
  expect(steps.filter(({ message }) => message === 'copying public.branches').map(({ done }) => done)).toEqual([4, 8, 10]);
  expect(await dump(to.database, 'branches', "'written_by'")).toBe(await dump(from.database, 'branches', "'written_by'"));
  await from.close();
  await to.close();
});

test('ids of transactions are of the new server', async () => {
  const { rows } = await asSystem(target.database, (db) =>
    sql<{ past: boolean }>`select distinct pg_visible_in_snapshot(written_by, pg_current_snapshot()) as past from branches`.execute(db),
  );
  expect(rows).toEqual([{ past: true }]);
});

test('sequences go on where they were, and triggers and foreign keys are back', async () => {
  await asSystem(target.database, async (db) => {
    const insert = sql<{ id: number; touched: number }>`insert into branches (workspace_id) values (${workspace_id}) returning id, touched`;
    expect((await insert.execute(db)).rows).toEqual([{ id: 1204, touched: 1 }]);
  });
  const dangling = asSystem(target.database, async (db) => {
    await sql`insert into branches (workspace_id, parent_id) values (${workspace_id}, 99999)`.execute(db);
    throw new Error('checked too late');
  });
  await expect(dangling).rejects.toThrow('violates foreign key constraint');
  const { rows } = await sql<{ conname: string }>`select conname from pg_constraint where contype = 'f' and condeferrable`.execute(
    target.database.owner,
  );
  expect(rows).toEqual([{ conname: 'branches_leaf' }]);
});

test('a second copy is refused, because the target is no longer empty', async () => {
  await expect(copy(source.database, target.database)).rejects.toThrow('Copy into an empty database');
});

test('a value that changes on the way is noticed', async () => {
  const other = await openTestDatabase('postgres', { migrated: false });
  await migrateUp(other.database, silentLog, migrations);
  // A rule is no trigger, so the copy leaves it on.
  await internalsOf(other.database).unhurried((db) =>
    sql`create rule more as on insert to leaves do also update projects set name = name || '!'`.execute(db),
  );
  await expect(copy(source.database, other.database)).rejects.toThrow(/public.projects differs after the copy.*left empty/);
  await other.close();
});
