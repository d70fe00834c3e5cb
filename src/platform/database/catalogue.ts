/** What tables, foreign keys and sequences there are, read from the database's own catalogue: a new table is never forgotten. */

import { type Kysely, sql } from 'kysely';

/** Ours and Better Auth's. */
const schemas = ['public', 'auth'];

/** Not part of the data: each database keeps its own. */
const notData = ['public.quarterdeck_migrations', 'auth.call_counts'];

export interface CopiedTable {
  /** `schema.table`, for people. */
  name: string;
  schema: string;
  table: string;
  columns: CopiedColumn[];
}

export interface CopiedColumn {
  name: string;
  /** As in a declaration: `character varying(20)[]`. */
  type: string;
}

export interface ForeignKey {
  schema: string;
  table: string;
  constraint: string;
  deferrable: boolean;
}

export interface Sequence {
  schema: string;
  sequence: string;
}

/**
 * The tables with their columns, those that others refer to first. Left out are columns that the database computes,
 * and ids of transactions, which mean something in one server only and get their default in another.
 */
export async function readCatalogue(db: Kysely<unknown>): Promise<CopiedTable[]> {
  const { rows } = await sql<CopiedTable>`
    select n.nspname || '.' || c.relname as name, n.nspname as schema, c.relname as table,
      json_agg(json_build_object('name', a.attname, 'type', format_type(a.atttypid, a.atttypmod)) order by a.attnum) as columns
    from pg_class c
      join pg_namespace n on n.oid = c.relnamespace
      join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
    where c.relkind = 'r' and n.nspname = any(${schemas}) and n.nspname || '.' || c.relname <> all(${notData})
      and a.attgenerated = '' and a.atttypid <> 'xid8'::regtype
    group by n.nspname, c.relname
    order by 1`.execute(db);
  return inOrderOfReference(rows, await references(db));
}

interface Reference {
  from: string;
  to: string;
}

async function references(db: Kysely<unknown>): Promise<Reference[]> {
  const { rows } = await sql<Reference>`
    select fn.nspname || '.' || fc.relname as from, tn.nspname || '.' || tc.relname as to
    from pg_constraint k
      join pg_class fc on fc.oid = k.conrelid join pg_namespace fn on fn.oid = fc.relnamespace
      join pg_class tc on tc.oid = k.confrelid join pg_namespace tn on tn.oid = tc.relnamespace
    where k.contype = 'f' and k.conrelid <> k.confrelid`.execute(db);
  return rows;
}

/** Tables that refer to each other in a circle come last, in any order. */
function inOrderOfReference(tables: readonly CopiedTable[], all: readonly Reference[]): CopiedTable[] {
  const placed = new Set<string>();
  const waiting = new Set(tables);
  const ordered: CopiedTable[] = [];
  for (let progress = true; progress;) {
    progress = false;
    for (const table of waiting) {
      if (all.some(({ from, to }) => from === table.name && !placed.has(to))) continue;
      waiting.delete(table);
      placed.add(table.name);
      ordered.push(table);
      progress = true;
    }
  }
  return [...ordered, ...waiting];
}

/** The foreign keys that are checked at once; partitions have those of their parent. */
export async function immediateForeignKeys(db: Kysely<unknown>): Promise<ForeignKey[]> {
  const { rows } = await sql<ForeignKey>`
    select n.nspname as schema, c.relname as table, k.conname as constraint, k.condeferrable as deferrable
    from pg_constraint k join pg_class c on c.oid = k.conrelid join pg_namespace n on n.oid = c.relnamespace
    where k.contype = 'f' and k.conparentid = 0 and not k.condeferred and n.nspname = any(${schemas})
    order by 1, 2, 3`.execute(db);
  return rows;
}

/** Also those behind identity columns. */
export async function readSequences(db: Kysely<unknown>): Promise<Sequence[]> {
  const { rows } = await sql<Sequence>`
    select n.nspname as schema, c.relname as sequence
    from pg_class c join pg_namespace n on n.oid = c.relnamespace
    where c.relkind = 'S' and n.nspname = any(${schemas})
    order by 1, 2`.execute(db);
  return rows;
}
