/** What a change of the schema takes away: found by making the change and taking it back, so that no migration has to tell. */

import { type Kysely, sql } from 'kysely';
import type { Loss } from './loss-text.ts';

/** By table. */
type Shape = ReadonlyMap<string, ReadonlySet<string>>;

/** Makes the change in the transaction that `db` is, and takes it back before this returns. @throws what the change throws; then the transaction is of no use any more */
export async function lossOf(db: Kysely<unknown>, change: () => Promise<void>): Promise<Loss[]> {
  const before = await readShape(db);
  await sql`savepoint before_change`.execute(db);
  await change();
  const after = await readShape(db);
  await sql`rollback to savepoint before_change`.execute(db);
  // Row-level security hides rows from the owner as well.
  await sql`select set_config('app.system', 'on', true)`.execute(db);
  const losses: Loss[] = [];
  for (const [table, columns] of before) {
    const left = after.get(table);
    const gone = left === undefined ? [null] : [...columns].filter((column) => !left.has(column));
    for (const column of gone) losses.push({ table, column, rows: await countRows(db, table, column) });
  }
  return losses.filter(({ rows }) => rows > 0);
}

async function readShape(db: Kysely<unknown>): Promise<Shape> {
  const { rows } = await sql<{ table: string; columns: string[] }>`
    select n.nspname || '.' || c.relname as table, array_agg(a.attname::text order by a.attnum) as columns
    from pg_class c join pg_namespace n on n.oid = c.relnamespace join pg_attribute a on a.attrelid = c.oid
    where c.relkind = 'r' and n.nspname in ('public', 'auth') and c.relname <> 'quarterdeck_migrations' and a.attnum > 0 and not a.attisdropped
    group by 1 order by 1`.execute(db);
  return new Map(rows.map(({ table, columns }) => [table, new Set(columns)]));
}

async function countRows(db: Kysely<unknown>, table: string, column: string | null): Promise<number> {
  const counted = column === null ? sql`*` : sql.ref(column);
  const { rows } = await sql<{ count: number }>`select count(${counted})::int as count from ${sql.table(table)}`.execute(db);
  return rows[0]?.count ?? 0;
}
