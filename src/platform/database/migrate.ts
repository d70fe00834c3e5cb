/** Runs the numbered migrations up and down: each in one transaction, one process at a time. */

import { type Kysely, sql } from 'kysely';
import type { Log } from '../telemetry/log.ts';
import { internalsOf } from './internals.ts';
import { migrations as ours } from './migrations/index.ts';
import type { Database, Migration } from './types.ts';

/** Key of the advisory lock: a number that nobody else in the database uses. */
const lockKey = '7281904265173306';

export interface MigrationStatus {
  /** In the order of their numbers. */
  applied: { name: string; applied_at: Date }[];
  pending: string[];
  /** In the database, but not known here: a newer version has been at work. */
  unknown: string[];
}

export async function migrationStatus(database: Database, migrations: readonly Migration[] = ours): Promise<MigrationStatus> {
  const applied = await readApplied(database.owner);
  const known = new Set(migrations.map(({ name }) => name));
  const done = new Set(applied.map(({ name }) => name));
  return {
    applied,
    pending: migrations.map(({ name }) => name).filter((name) => !done.has(name)),
    unknown: applied.map(({ name }) => name).filter((name) => !known.has(name)),
  };
}

/**
 * Runs what was not run yet and returns the names. Any number of processes may call it at once: each migration is run by one.
 * @throws Error when the database is newer than this program
 */
export async function migrateUp(database: Database, log: Log, migrations: readonly Migration[] = ours): Promise<string[]> {
  const { pending } = refuseNewer(await migrationStatus(database, migrations));
  if (pending.length === 0) return [];
  return internalsOf(database).unhurried(async (db) => {
    const done: string[] = [];
    for (const migration of migrations) {
      const ran = await inTurn(db, log, async (transaction) => {
        if (await wasApplied(transaction, migration)) return false;
        await migration.up(transaction);
        await sql`insert into public.quarterdeck_migrations (name) values (${migration.name})`.execute(transaction);
        return true;
      });
      if (!ran) continue;
      log.info({ migration: migration.name }, 'migrated');
      done.push(migration.name);
    }
    return done;
  });
}

/** How far to go back: to the state right after a migration, or a number of migrations. */
export type DownTarget = { to: string } | { steps: number };

/** Undoes the newest migrations, newest first, and returns their names. @throws Error when there is no migration `to` */
export async function migrateDown(
  database: Database,
  log: Log,
  target: DownTarget,
  migrations: readonly Migration[] = ours,
): Promise<string[]> {
  const { applied } = refuseNewer(await migrationStatus(database, migrations));
  const names = applied.map(({ name }) => name).toReversed();
  const steps = 'steps' in target ? target.steps : names.indexOf(target.to);
  if (steps < 0)
    throw new Error(`There is no applied migration ${'to' in target ? target.to : ''}. \`quarterdeck migrate status\` lists them.`);
  return internalsOf(database).unhurried(async (db) => {
    const undone: string[] = [];
    for (const name of names.slice(0, steps)) {
      const migration = migrations.find((each) => each.name === name);
      const ran = await inTurn(db, log, async (transaction) => {
        if (migration === undefined || !(await wasApplied(transaction, migration))) return false;
        await migration.down(transaction);
        await sql`delete from public.quarterdeck_migrations where name = ${name}`.execute(transaction);
        return true;
      });
      if (!ran) continue;
      log.info({ migration: name }, 'undone');
      undone.push(name);
    }
    return undone;
  });
}

/** One transaction under the lock, with the migrations table in place. */
async function inTurn<Result>(db: Kysely<unknown>, log: Log, work: (transaction: Kysely<unknown>) => Promise<Result>): Promise<Result> {
  return db.transaction().execute(async (transaction) => {
    const { rows } = await sql<{ free: boolean }>`select pg_try_advisory_xact_lock(${lockKey}::bigint) as free`.execute(transaction);
    if (rows[0]?.free !== true) {
      log.info('another process is migrating; waiting for it');
      await sql`select pg_advisory_xact_lock(${lockKey}::bigint)`.execute(transaction);
    }
    await sql`
      create table if not exists public.quarterdeck_migrations (
        name text primary key,
        applied_at timestamptz not null default clock_timestamp()
      )`.execute(transaction);
    return work(transaction);
  });
}

async function wasApplied(transaction: Kysely<unknown>, { name }: Migration): Promise<boolean> {
  const { rows } = await sql`select from public.quarterdeck_migrations where name = ${name}`.execute(transaction);
  return rows.length > 0;
}

async function readApplied(db: Kysely<unknown>): Promise<MigrationStatus['applied']> {
  const { rows } = await sql<{ exists: boolean }>`select to_regclass('public.quarterdeck_migrations') is not null as exists`.execute(db);
  if (rows[0]?.exists !== true) return [];
  const applied = await sql<{
    name: string;
    applied_at: Date;
  }>`select name, applied_at from public.quarterdeck_migrations order by name`.execute(db);
  return applied.rows;
}

function refuseNewer(status: MigrationStatus): MigrationStatus {
  if (status.unknown.length === 0) return status;
  throw new Error(
    `The database is newer than this program: it has ${status.unknown.join(', ')}, which this version does not know. ` +
      'Run the newer version, or with it `quarterdeck migrate down` first.',
  );
}
