/** What a database holds at one moment: rows, shape, version. Two databases with the same inventory hold the same. */

import { createHash } from 'node:crypto';
import { type Kysely, sql } from 'kysely';
import { appRole } from './security.ts';

export interface Inventory {
  server_version: string;
  /** The database's clock, when the transaction began. */
  at: Date;
  /** How far the write-ahead log had come. */
  lsn: string;
  /** The newest migration; null before the first. */
  migration: string | null;
  /** Of everything but the rows: tables, constraints, indexes, policies, triggers, functions, and what the role may do. */
  schema_hash: string;
  /** True when the role of the application has its rights there. */
  app_role: boolean;
  /** By `schema.table`. */
  rows: Record<string, number>;
}

/**
 * Reads it in the transaction that `db` is, which should be of one snapshot. Row-level security is lifted for that transaction, and
 * names are printed in full, so that the search path of whoever asks makes no difference.
 */
export async function takeInventory(db: Kysely<unknown>): Promise<Inventory> {
  await sql`select set_config('app.system', 'on', true), set_config('search_path', 'pg_catalog', true)`.execute(db);
  const { rows } = await sql<Pick<Inventory, 'server_version' | 'at' | 'lsn' | 'app_role'>>`
    select current_setting('server_version') as server_version, now() as at,
      (case when pg_is_in_recovery() then pg_last_wal_replay_lsn() else pg_current_wal_insert_lsn() end)::text as lsn,
      coalesce(has_table_privilege(to_regrole(${appRole})::oid, to_regclass('public.quarterdeck_migrations')::oid, 'select'), false) as app_role`.execute(
    db,
  );
  const [facts] = rows;
  if (facts === undefined) throw new Error('the database answered without a row');
  return { ...facts, migration: await newestMigration(db), schema_hash: await hashSchema(db), rows: await countRows(db) };
}

async function newestMigration(db: Kysely<unknown>): Promise<string | null> {
  const { rows } = await sql<{ exists: boolean }>`select to_regclass('public.quarterdeck_migrations') is not null as exists`.execute(db);
  if (rows[0]?.exists !== true) return null;
  const newest = await sql<{ name: string | null }>`select max(name) as name from public.quarterdeck_migrations`.execute(db);
  return newest.rows[0]?.name ?? null;
}

/** Not PostgreSQL's own, and no temporary ones. */
const ourSchemas = sql`n.nspname !~ '^pg_' and n.nspname <> 'information_schema'`;

/** What an extension brings along is known by the extension. */
const ofNoExtension = (catalogue: string, oid: string) => sql`
  not exists (select from pg_depend d where d.classid = ${sql.lit(catalogue)}::regclass and d.objid = ${sql.ref(oid)} and d.deptype = 'e')`;

/** Not of unlogged tables, which are empty after a crash, and so in a copy. */
async function countRows(db: Kysely<unknown>): Promise<Record<string, number>> {
  const { rows: tables } = await sql<{ schema: string; table: string }>`
    select n.nspname as schema, c.relname as table from pg_class c join pg_namespace n on n.oid = c.relnamespace
    where c.relkind = 'r' and c.relpersistence = 'p' and ${ourSchemas} and ${ofNoExtension('pg_class', 'c.oid')} order by 1, 2`.execute(db);
  const counts: Record<string, number> = {};
  for (const { schema, table } of tables) {
    const { rows } = await sql<{ count: number }>`select count(*) as count from ${sql.id(schema, table)}`.execute(db);
    counts[`${schema}.${table}`] = rows[0]?.count ?? 0;
  }
  return counts;
}

/**
 * As the database itself words it, which is the same after a dump and a restore, but need not be in another major version.
 * Owners are left out, because a restored database belongs to whoever restored it, and so is the order of columns.
 */
async function hashSchema(db: Kysely<unknown>): Promise<string> {
  const { rows } = await sql<{ line: string }>`
    with relations as (
      select c.*, n.nspname || '.' || c.relname as name from pg_class c join pg_namespace n on n.oid = c.relnamespace
      where c.relkind in ('r', 'p', 'v', 'm', 'S') and ${ourSchemas} and ${ofNoExtension('pg_class', 'c.oid')}
    ), lines as (
      select concat_ws(' ', 'relation', relkind, name, relpersistence, relrowsecurity, relforcerowsecurity) as line from relations
      union all
      select concat_ws(' ', 'column', r.name, a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull, a.attidentity, a.attgenerated,
          pg_get_expr(d.adbin, d.adrelid))
        from relations r join pg_attribute a on a.attrelid = r.oid and a.attnum > 0 and not a.attisdropped
        left join pg_attrdef d on d.adrelid = r.oid and d.adnum = a.attnum
        where r.relkind <> 'S'
      union all
      select concat_ws(' ', 'constraint', r.name, k.conname, k.convalidated, pg_get_constraintdef(k.oid))
        from relations r join pg_constraint k on k.conrelid = r.oid where k.contype in ('c', 'f', 'p', 'u', 'x')
      union all
      select concat_ws(' ', 'index', i.indisvalid, pg_get_indexdef(i.indexrelid)) from relations r join pg_index i on i.indrelid = r.oid
      union all
      select concat_ws(' ', 'view', r.name, pg_get_viewdef(r.oid)) from relations r where r.relkind in ('v', 'm')
      union all
      select concat_ws(' ', 'policy', r.name, p.polname, p.polcmd, p.polpermissive, pg_get_expr(p.polqual, p.polrelid),
          pg_get_expr(p.polwithcheck, p.polrelid))
        from relations r join pg_policy p on p.polrelid = r.oid
      union all
      select concat_ws(' ', 'trigger', r.name, t.tgenabled, pg_get_triggerdef(t.oid))
        from relations r join pg_trigger t on t.tgrelid = r.oid where not t.tgisinternal
      union all
      select concat_ws(' ', 'function', pg_get_functiondef(f.oid))
        from pg_proc f join pg_namespace n on n.oid = f.pronamespace
        where f.prokind = 'f' and ${ourSchemas} and ${ofNoExtension('pg_proc', 'f.oid')}
      union all
      select concat_ws(' ', 'grant', r.name, g.privilege_type)
        from relations r, aclexplode(r.relacl) g where g.grantee = to_regrole(${appRole})
      union all
      select concat_ws(' ', 'grant', n.nspname, g.privilege_type)
        from pg_namespace n, aclexplode(n.nspacl) g where ${ourSchemas} and g.grantee = to_regrole(${appRole})
      union all
      select concat_ws(' ', 'default grant', n.nspname, d.defaclobjtype, g.privilege_type)
        from pg_default_acl d join pg_namespace n on n.oid = d.defaclnamespace, aclexplode(d.defaclacl) g
        where g.grantee = to_regrole(${appRole})
    )
    select line from lines order by line collate "C"`.execute(db);
  const hash = createHash('sha256');
  for (const { line } of rows) hash.update(`${line}\n`);
  return `sha256:${hash.digest('hex')}`;
}
