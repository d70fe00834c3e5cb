/** Copies everything from one database into another, empty one, and compares what arrived with what left. */

import { type IsolationLevel, type Kysely, type RawBuilder, sql } from 'kysely';
import type { Log } from '../telemetry/log.ts';
import { type CopiedTable, type ForeignKey, immediateForeignKeys, readCatalogue, readSequences } from './catalogue.ts';
import { internalsOf } from './internals.ts';
import { migrateUp, migrationStatus } from './migrate.ts';
import type { Database, Migration } from './types.ts';

/** Rows in one statement, at most: so many that round trips do not count. */
const batchRows = 500;

/** And of the table's longest row only so many, in bytes: the text of a source alone may be as long, and each statement is several times in memory. */
const batchBytes = 16 * 1024 * 1024;

export interface CopyOptions {
  from: Database;
  to: Database;
  log: Log;
  /** Told after each batch. */
  progress?: ((step: CopyProgress) => void) | undefined;
  /** Default: all of ours. */
  migrations?: readonly Migration[] | undefined;
}

export interface CopyProgress {
  message: string;
  /** Rows of one table: copied so far, and in all. */
  done: number;
  total: number;
}

export interface CopyResult {
  tables: { table: string; rows: number }[];
  rows: number;
}

/**
 * Copies the tables of the schemas `public` and `auth` in one transaction of the target: all arrives, or nothing.
 * The target is migrated first. What is written to the source after the start is not copied.
 * @throws Error when the target is not empty, or what arrived differs from what left
 */
export async function copyDatabase({ from, to, log, progress, migrations }: CopyOptions): Promise<CopyResult> {
  await refuseUnmigrated(from, migrations);
  await migrateUp(to, log, migrations);
  return inTransaction(from, 'repeatable read', (source) =>
    inTransaction(to, 'read committed', async (target) => {
      const tables = await readCatalogue(source);
      refuseOtherTables(tables, await readCatalogue(target));
      await refuseFilled(target, tables);
      const counts = await withoutRules(target, tables, () => copyTables(source, target, tables, progress));
      await copySequences(source, target);
      await compare(source, target, tables);
      return { tables: counts, rows: counts.reduce((sum, { rows }) => sum + rows, 0) };
    }),
  );
}

/**
 * The source is seen at one moment, the target as it is after each lock. Row-level security binds the owner too, so both
 * are the system's; and values are compared as text, so both have to write them alike.
 */
function inTransaction<Result>(database: Database, level: IsolationLevel, work: (db: Kysely<unknown>) => Promise<Result>): Promise<Result> {
  return internalsOf(database).unhurried((db) =>
    db
      .transaction()
      .setIsolationLevel(level)
      .execute(async (transaction) => {
        await sql`select set_config('app.system', 'on', true), set_config('TimeZone', 'UTC', true),
        set_config('DateStyle', 'ISO, YMD', true), set_config('IntervalStyle', 'postgres', true),
        set_config('bytea_output', 'hex', true), set_config('extra_float_digits', '1', true)`.execute(transaction);
        return work(transaction);
      }),
  );
}

async function refuseUnmigrated(from: Database, migrations: readonly Migration[] | undefined): Promise<void> {
  const { pending, unknown } = await migrationStatus(from, migrations);
  if (pending.length > 0)
    throw new Error(
      `The source lacks ${pending.join(', ')}, so its tables do not fit the target's. Run \`quarterdeck migrate up\` on it first.`,
    );
  if (unknown.length > 0)
    throw new Error(`The source is newer than this program: it has ${unknown.join(', ')}. Copy it with the newer version.`);
}

function refuseOtherTables(source: readonly CopiedTable[], target: readonly CopiedTable[]): void {
  const shape = (tables: readonly CopiedTable[]) => new Map(tables.map(({ name, columns }) => [name, JSON.stringify(columns)]));
  const [left, right] = [shape(source), shape(target)];
  const different = [...new Set([...left.keys(), ...right.keys()])].filter((name) => left.get(name) !== right.get(name));
  if (different.length > 0)
    throw new Error(
      `These tables are not the same in the two databases: ${different.join(', ')}. Use a target that holds Quarterdeck alone.`,
    );
}

/** The lock keeps others from writing until we are done. */
async function refuseFilled(target: Kysely<unknown>, tables: readonly CopiedTable[]): Promise<void> {
  for (const table of tables) {
    await sql`lock table ${nameOf(table)} in share row exclusive mode`.execute(target);
    const { rows } = await sql`select from ${nameOf(table)} limit 1`.execute(target);
    if (rows.length > 0)
      throw new Error(`The target has rows in ${table.name} already, and nothing is ever merged. Copy into an empty database.`);
  }
}

/**
 * Runs `work` with triggers off, whose effects are in the rows already, and with foreign keys checked at its end,
 * because rows may refer to later ones. Both are put back in the same transaction.
 */
async function withoutRules<Result>(db: Kysely<unknown>, tables: readonly CopiedTable[], work: () => Promise<Result>): Promise<Result> {
  const keys = await immediateForeignKeys(db);
  for (const table of tables) await sql`alter table ${nameOf(table)} disable trigger user`.execute(db);
  for (const key of keys) await alterKey(db, key, 'deferrable initially deferred');
  const result = await work();
  await sql`set constraints all immediate`.execute(db);
  for (const key of keys) await alterKey(db, key, key.deferrable ? 'deferrable initially immediate' : 'not deferrable');
  for (const table of tables) await sql`alter table ${nameOf(table)} enable trigger user`.execute(db);
  return result;
}

async function alterKey(db: Kysely<unknown>, { schema, table, constraint }: ForeignKey, timing: string): Promise<void> {
  await sql`alter table ${sql.id(schema, table)} alter constraint ${sql.id(constraint)} ${sql.raw(timing)}`.execute(db);
}

async function copyTables(
  source: Kysely<unknown>,
  target: Kysely<unknown>,
  tables: readonly CopiedTable[],
  progress: CopyOptions['progress'],
): Promise<CopyResult['tables']> {
  const counts: CopyResult['tables'] = [];
  for (const table of tables) {
    const { count: total, longest } = await fingerprint(source, table);
    const rowsAtOnce = Math.max(1, Math.min(batchRows, Math.floor(batchBytes / longest)));
    let rows = 0;
    for await (const batch of readBatches(source, table, rowsAtOnce)) {
      await insertBatch(target, table, batch);
      rows += batch.length;
      progress?.({ message: `copying ${table.name}`, done: rows, total });
    }
    counts.push({ table: table.name, rows });
  }
  return counts;
}

/** Every value as text, which is exact for all types. */
type TextRow = (string | null)[];

async function* readBatches(source: Kysely<unknown>, table: CopiedTable, rowsAtOnce: number): AsyncGenerator<TextRow[]> {
  await sql`declare copied no scroll cursor for select array[${texts(table)}] as row from ${nameOf(table)}`.execute(source);
  for (;;) {
    const { rows } = await sql<{ row: TextRow }>`fetch ${sql.lit(rowsAtOnce)} from copied`.execute(source);
    if (rows.length > 0) yield rows.map(({ row }) => row);
    if (rows.length < rowsAtOnce) break;
  }
  await sql`close copied`.execute(source);
}

/** One array a column, so that the statement is the same for every number of rows. */
async function insertBatch(target: Kysely<unknown>, table: CopiedTable, batch: readonly TextRow[]): Promise<void> {
  const { columns } = table;
  const names = sql.join(columns.map(({ name }) => sql.id(name)));
  const arrays = sql.join(columns.map((_column, index) => sql`${batch.map((row) => row[index] ?? null)}::text[]`));
  const values = sql.join(columns.map(({ name, type }) => sql`given.${sql.id(name)}::${sql.raw(type)}`));
  await sql`
    insert into ${nameOf(table)} (${names}) overriding system value
    select ${values} from unnest(${arrays}) as given (${names})`.execute(target);
}

/** What the next row would get has to go on where it was, also after rows that are gone. */
async function copySequences(source: Kysely<unknown>, target: Kysely<unknown>): Promise<void> {
  for (const { schema, sequence } of await readSequences(source)) {
    const { rows } = await sql<{ last: string; called: boolean }>`
      select last_value::text as last, is_called as called from ${sql.id(schema, sequence)}`.execute(source);
    for (const { last, called } of rows)
      await sql`select setval(${`"${schema}"."${sequence}"`}::regclass, ${last}::bigint, ${called})`.execute(target);
  }
}

interface Fingerprint {
  count: number;
  /** Bytes of the longest row as text; 0 where there is none. */
  longest: number;
  /** A sum over the rows, so their order does not matter. */
  sum: string;
}

async function compare(source: Kysely<unknown>, target: Kysely<unknown>, tables: readonly CopiedTable[]): Promise<void> {
  for (const table of tables) {
    const [left, arrived] = [await fingerprint(source, table), await fingerprint(target, table)];
    if (left.count !== arrived.count || left.sum !== arrived.sum)
      throw new Error(
        `${table.name} differs after the copy: ${left.count} rows left and ${arrived.count} arrived, or their content is not the same. ` +
          'The target was left empty. Report this with the versions of both databases.',
      );
  }
}

async function fingerprint(db: Kysely<unknown>, table: CopiedTable): Promise<Fingerprint> {
  const { rows } = await sql<Fingerprint>`
    select count(*) as count, coalesce(max(octet_length(whole)), 0) as longest,
      coalesce(sum(('x' || left(md5(whole), 16))::bit(64)::bigint::numeric), 0)::text as sum
    from (select row(${texts(table)})::text as whole from ${nameOf(table)} offset 0) as rows`.execute(db);
  return rows[0] ?? { count: 0, longest: 0, sum: '0' };
}

function texts({ columns }: CopiedTable): RawBuilder<unknown> {
  return sql.join(columns.map(({ name }) => sql`${sql.id(name)}::text`));
}

function nameOf({ schema, table }: CopiedTable): RawBuilder<unknown> {
  return sql`${sql.id(schema, table)}`;
}
