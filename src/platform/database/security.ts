/** Row-level security: how a table gets it, which tables are exempt, and which walls stand. */

import { type Kysely, sql } from 'kysely';
import type { Database } from './types.ts';

/** The role that every transaction takes: it owns nothing and cannot bypass row-level security. */
export const appRole = 'quarterdeck_app';

/**
 * Everything in the database that is not under forced row-level security, and why.
 * A test over `pg_class` demands it of all the rest.
 */
export const exemptFromSecurity = {
  schemas: [{ name: 'auth', why: "Better Auth's own tables, which platform/identity alone reaches" }],
  tables: [
    { name: 'public.quarterdeck_migrations', why: 'which migrations were run: it belongs to no workspace' },
    { name: 'vectors.spaces', why: 'which embedding models there are vectors of: they belong to no workspace' },
  ],
} as const;

export interface SecureTableOptions {
  /** The column with the owner's id, where rows with an owner are seen by that person alone. */
  owner?: 'owner_id';
  /** One more condition under which a row may be seen and written, for instance of a parent row. SQL. */
  or?: string;
}

/**
 * Puts a table with a `workspace_id` under forced row-level security and lets the application's role use it.
 * For migrations, right after the table is created.
 */
export async function secureTable(
  db: Kysely<unknown>,
  table: string | [schema: string, table: string],
  { owner, or }: SecureTableOptions = {},
): Promise<void> {
  const name = typeof table === 'string' ? sql.id(table) : sql.id(...table);
  const condition = sql.raw(policyCondition({ owner, or }));
  await sql`alter table ${name} enable row level security`.execute(db);
  // Without FORCE the owner of the table, who runs the migrations, would see everything.
  await sql`alter table ${name} force row level security`.execute(db);
  await sql`create policy tenant on ${name} using (${condition}) with check (${condition})`.execute(db);
  if (!(await appRoleExists(db))) return;
  await sql`grant select, insert, update, delete on ${name} to ${sql.id(appRole)}`.execute(db);
}

/**
 * Makes the role and lets the current user take it. Where that is not permitted, the policies still hold,
 * because they are forced on the owner as well. Another database's migration may do the same at this moment.
 */
export async function makeAppRole(db: Kysely<unknown>): Promise<void> {
  await sql`do $$
    begin
      if to_regrole('quarterdeck_app') is null then
        create role quarterdeck_app nologin;
        execute format('grant quarterdeck_app to %I', current_user);
      end if;
    exception when duplicate_object or unique_violation or insufficient_privilege then null;
    end $$`.execute(db);
  await sql`do $$
    begin
      if to_regrole('quarterdeck_app') is not null and not ${sql.raw(mayTakeAppRole)} then
        execute format('grant quarterdeck_app to %I', current_user);
      end if;
    exception when insufficient_privilege then null;
    end $$`.execute(db);
}

/**
 * Gives the role in a restored database what the migrations gave it in the first one: dumps are restored without privileges, because
 * those name roles that need not be there.
 */
export async function grantToAppRole(db: Kysely<unknown>): Promise<void> {
  for (const statement of [
    `grant usage on schema public, auth to ${appRole}`,
    `grant select, insert, update, delete on all tables in schema public to ${appRole}`,
    `grant usage, select on all sequences in schema public to ${appRole}`,
    `revoke all on public.quarterdeck_migrations from ${appRole}`,
    `grant select on public.quarterdeck_migrations, auth.people to ${appRole}`,
    `alter default privileges in schema public grant select, insert, update, delete on tables to ${appRole}`,
    `alter default privileges in schema public grant usage, select on sequences to ${appRole}`,
  ])
    await sql.raw(statement).execute(db);
  // Made where there is an embedding model, and not by migrations.
  const { rows } = await sql`select from pg_namespace where nspname = 'vectors'`.execute(db);
  if (rows.length === 0) return;
  for (const statement of [
    `grant usage on schema vectors to ${appRole}`,
    `grant select, insert, update, delete on all tables in schema vectors to ${appRole}`,
    `revoke all on vectors.spaces from ${appRole}`,
  ])
    await sql.raw(statement).execute(db);
}

/** False where migrations were not permitted to make it. */
export async function appRoleExists(db: Kysely<unknown>): Promise<boolean> {
  const { rows } = await sql<{ exists: boolean }>`select to_regrole(${appRole}) is not null as exists`.execute(db);
  return rows[0]?.exists === true;
}

/** The sub-selects are evaluated once a query, not once a row. */
function policyCondition({ owner, or }: SecureTableOptions): string {
  const setting = (name: string) => `(select current_setting('app.${name}', true))`;
  const uuid = (name: string) => `(select nullif(current_setting('app.${name}', true), '')::uuid)`;
  const tenant = [`workspace_id = ${uuid('workspace_id')}`];
  if (owner !== undefined) tenant.push(`(${owner} is null or ${owner} = ${uuid('user_id')})`);
  const conditions = [`${setting('system')} = 'on'`, `(${tenant.join(' and ')})`];
  if (or !== undefined) conditions.push(`(${or})`);
  return conditions.join(' or ');
}

/** Whether this user may take the role. Before PostgreSQL 16 every member may; since then that is a permission of its own. */
export const mayTakeAppRole = `coalesce(pg_has_role(to_regrole('${appRole}')::oid,
  case when current_setting('server_version_num')::int >= 160000 then 'SET' else 'MEMBER' end), false)`;

/**
 * Whether transactions take the role. `0001_roles` marks that by letting the role read the table of migrations: a role that
 * somebody made later has none of the grants on the tables, and taking it would break every query.
 */
const takesAppRole = `(${mayTakeAppRole}
  and coalesce(has_table_privilege(to_regrole('${appRole}')::oid, to_regclass('public.quarterdeck_migrations')::oid, 'select'), false))`;

/** Takes the role where that is possible, in a transaction that does not know yet. */
export const chooseRole = `select set_config('role', case when ${takesAppRole} then '${appRole}' else 'none' end, true)`;

/** @throws Error always: `user` sees every workspace, whatever the policies say. */
export function refuseWithoutWalls(user: string): never {
  throw new Error(
    `The database user ${user} bypasses row-level security and the role ${appRole} is not there, so workspaces would not be kept apart. ` +
      'Run `quarterdeck migrate up`, which makes the role, or connect as a user that is neither a superuser nor BYPASSRLS.',
  );
}

/** Which of the walls between workspaces stand; for `doctor`. */
export interface SecurityWalls {
  /** The user that the server signs in as. */
  user: string;
  /** That user bypasses row-level security by itself: then the role is the only wall in the database. */
  user_bypasses: boolean;
  /** Transactions run under the role of the application. */
  app_role: boolean;
  /** Tables without forced row-level security that are not exempt; there should be none. */
  unsecured_tables: string[];
}

export async function securityWalls(database: Database): Promise<SecurityWalls> {
  const { rows } = await sql<Omit<SecurityWalls, 'unsecured_tables'>>`
    select current_user::text as "user", (rolsuper or rolbypassrls) as user_bypasses, ${sql.raw(takesAppRole)} as app_role
    from pg_roles where rolname = current_user`.execute(database.owner);
  const row = rows[0];
  if (row === undefined) throw new Error('the database does not know its own user');
  return { ...row, unsecured_tables: await unsecuredTables(database) };
}

async function unsecuredTables(database: Database): Promise<string[]> {
  const { rows } = await sql<{ name: string }>`
    select n.nspname || '.' || c.relname as name
    from pg_class c join pg_namespace n on n.oid = c.relnamespace
    where c.relkind in ('r', 'p') and n.nspname !~ '^pg_' and n.nspname <> 'information_schema'
      and n.nspname <> all(${exemptFromSecurity.schemas.map((schema) => schema.name)})
      and n.nspname || '.' || c.relname <> all(${exemptFromSecurity.tables.map((table) => table.name)})
      and not (c.relrowsecurity and c.relforcerowsecurity)
    order by 1`.execute(database.owner);
  return rows.map((row) => row.name);
}
