/** Row-level security: no table is forgotten, the server does not run without a wall, and stores alone are not trusted. */

import { sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Cluster, type TestDatabase, startPostgres } from '../../../test/support/cluster.ts';
import { type OpenedDatabase, databaseKinds, defaultSettings, openTestDatabase, silentLog } from '../../../test/support/databases.ts';
import { migrateUp } from './migrate.ts';
import { openDatabase } from './open.ts';
import { secureTable, securityWalls } from './security.ts';
import type { Database } from './types.ts';

const tenant = { workspace_id: '01930000-0000-7000-8000-00000000000a', user_id: '01930000-0000-7000-8000-0000000000aa' };

describe.each(databaseKinds)('row-level security on %s', (kind) => {
  let opened: OpenedDatabase;
  beforeAll(async () => {
    opened = await openTestDatabase(kind);
  });
  afterAll(() => opened.close());

  test('is forced on every table that is not exempt', async () => {
    expect(await securityWalls(opened.database)).toMatchObject({ app_role: true, unsecured_tables: [] });
  });

  test('is demanded of new tables: one without it, or only half of it, is named', async () => {
    const { owner } = opened.database;
    await sql`create table forgotten (workspace_id uuid)`.execute(owner);
    await sql`create table half (workspace_id uuid)`.execute(owner);
    await sql`alter table half enable row level security`.execute(owner);
    expect((await securityWalls(opened.database)).unsecured_tables).toEqual(['public.forgotten', 'public.half']);
    await sql`drop table forgotten, half`.execute(owner);
  });

  test('lets a table have one more condition', async () => {
    const { owner } = opened.database;
    await sql`create table posters (workspace_id uuid not null, public boolean not null)`.execute(owner);
    await secureTable(owner, 'posters', { or: 'public' });
    await opened.database.transaction('system', { mode: 'write' }, ({ db }) =>
      sql`insert into posters values (${tenant.user_id}, true), (${tenant.user_id}, false)`.execute(db),
    );
    const { rows } = await opened.database.transaction(tenant, { mode: 'read' }, ({ db }) => sql`select public from posters`.execute(db));
    expect(rows).toEqual([{ public: true }]);
  });

  test('shows nothing to a query that names no tenant', async () => {
    await opened.database.transaction('system', { mode: 'write' }, ({ db }) =>
      sql`insert into projects (workspace_id, id, key, name, created_by, created_at)
        values (${tenant.workspace_id}, ${tenant.workspace_id}, 'WEB', 'The web', '{}', now())`.execute(db),
    );
    const count = sql<{ count: number }>`select count(*) from projects`;
    const unnamed = await opened.database.owner.transaction().execute(async (db) => {
      await sql`set local role quarterdeck_app`.execute(db);
      return count.execute(db);
    });
    expect(unnamed.rows).toEqual([{ count: 0 }]);
    const named = await opened.database.transaction(tenant, { mode: 'read' }, ({ db }) => count.execute(db));
    expect(named.rows).toEqual([{ count: 1 }]);
  });
});

test('an embedded database without the role is not used, because its user would see every workspace', async () => {
  const opened = await openTestDatabase('embedded', { migrated: false });
  const run = () => opened.database.transaction(tenant, { mode: 'read' }, async () => 'ran');
  await expect(run()).rejects.toThrow(/postgres bypasses row-level security and the role quarterdeck_app is not there.*migrate up/);
  await migrateUp(opened.database, silentLog);
  expect(await run()).toBe('ran');
  await opened.close();
}, 60_000);

describe('a PostgreSQL server of its own', () => {
  let cluster: Cluster;
  let created: TestDatabase;
  beforeAll(async () => {
    cluster = await startPostgres();
    created = await cluster.createDatabase();
  }, 60_000);
  afterAll(() => cluster.stop());

  /** Opens the database as another user of the server. */
  const openAs = (user: string, password: string) => {
    const url = new URL(created.url);
    url.username = user;
    url.password = password;
    return openDatabase({ settings: { ...defaultSettings(), databaseUrl: url.href }, log: silentLog });
  };
  const roleOf = (database: Database) =>
    database.transaction(tenant, { mode: 'read' }, async ({ db }) => {
      const { rows } = await sql<{ role: string }>`select current_user as role`.execute(db);
      return rows[0]?.role;
    });

  test('a user who may not make the role is bound by the policies all the same', async () => {
    const admin = await openAs('postgres', new URL(cluster.adminUrl).password);
    await sql`create role plain login password 'plain'`.execute(admin.owner);
    await sql`grant create, usage on schema public to plain`.execute(admin.owner);
    await sql`grant create on database ${sql.id(new URL(created.url).pathname.slice(1))} to plain`.execute(admin.owner);
    const database = await openAs('plain', 'plain');
    await migrateUp(database, silentLog);
    expect(await roleOf(database)).toBe('plain');
    expect(await securityWalls(database)).toEqual({ user: 'plain', user_bypasses: false, app_role: false, unsecured_tables: [] });
    const foreign = database.transaction(tenant, { mode: 'write' }, ({ db }) =>
      sql`insert into idempotency_keys values (${tenant.user_id}, ${tenant.user_id}, ${tenant.user_id}, 'o', 'k', 'h', null, true, now())`.execute(
        db,
      ),
    );
    await expect(foreign).rejects.toThrow('row-level security');

    // A role that is made now has no grants, and is not taken.
    await sql`create role quarterdeck_app nologin`.execute(admin.owner);
    await sql`grant quarterdeck_app to plain`.execute(admin.owner);
    expect(await roleOf(database)).toBe('plain');
    await sql`drop role quarterdeck_app`.execute(admin.owner);
    await database.close();

    // The superuser has neither wall.
    await expect(roleOf(admin)).rejects.toThrow(/postgres bypasses row-level security and the role quarterdeck_app is not there/);
    await admin.close();
  });

  test('every secured table lets the system through, or a dump by the owner would leave out its rows', async () => {
    const { database, close } = await openTestDatabase('postgres');
    const { rows } = await sql<{ table: string; lets: boolean }>`
      select c.relname as table, coalesce(bool_or(pg_get_expr(p.polqual, p.polrelid) like '%app.system%'), false) as lets
      from pg_class c left join pg_policy p on p.polrelid = c.oid where c.relrowsecurity group by 1`.execute(database.owner);
    expect(rows.length).toBeGreaterThan(5);
    expect(rows.filter(({ lets }) => !lets)).toEqual([]);
    await close();
  });

  test('a superuser takes the role as soon as it is there', async () => {
    const other = await cluster.createDatabase();
    const url = new URL(cluster.adminUrl);
    url.pathname = new URL(other.url).pathname;
    const database = await openDatabase({ settings: { ...defaultSettings(), databaseUrl: url.href }, log: silentLog });
    await migrateUp(database, silentLog);
    expect(await roleOf(database)).toBe('quarterdeck_app');
    expect(await securityWalls(database)).toMatchObject({ user: 'postgres', user_bypasses: true, app_role: true });
    await database.close();
  });
});
