/** Runs the numbered migrations up and down: each in one transaction, one process at a time. */

import { type Kysely, sql } from 'kysely';
import { Problem } from '../problem.ts';
import type { Log } from '../telemetry/log.ts';
import { type Blocker, blockerText, watchBlockers } from './blockers.ts';
import { isLockTimeout } from './errors.ts';
import { internalsOf } from './internals.ts';
import { migrations as ours } from './migrations/index.ts';
import { defaultMigrationLockMs } from './requirements.ts';
import type { Database, Migration } from './types.ts';

/** Key of the advisory lock: a number that nobody else in the database uses. */
const lockKey = '7281904265173306';

export interface MigrationStatus {
  /** In the order of their numbers. */
  applied: { name: string; applied_at: Date }[];
  pending: string[];
  /** In the database, but not known here: a newer version has been at work. */
  unknown: string[];
  /** Those of them with which this version does not work. */
  incompatible: string[];
}

export async function migrationStatus(database: Database, migrations: readonly Migration[] = ours): Promise<MigrationStatus> {
  const applied = await readApplied(database.owner);
  const known = new Set(migrations.map(({ name }) => name));
  const done = new Set(applied.map(({ name }) => name));
  return {
    applied: applied.map(({ name, applied_at }) => ({ name, applied_at })),
    pending: migrations.map(({ name }) => name).filter((name) => !done.has(name)),
    unknown: applied.map(({ name }) => name).filter((name) => !known.has(name)),
    incompatible: applied.filter(({ name, expands }) => !expands && !known.has(name)).map(({ name }) => name),
  };
}

export interface UpOptions {
  /** How long a migration may wait for a lock; default: five seconds. */
  lockTimeoutMs?: number | undefined;
  /** Ends the sessions that hold it up, after half of that time. Not of the embedded database, which has one session. */
  endBlockers?: boolean | undefined;
  onEnded?: ((blocker: Blocker) => void) | undefined;
}

/** A lock that others hold kept a migration from being run. */
export class MigrationBlocked extends Error {
  readonly migration: string;
  readonly blockers: readonly Blocker[];

  constructor(migration: string, lockTimeoutMs: number, blockers: readonly Blocker[], cause: unknown) {
    const who = blockers.length === 0 ? 'somebody who is gone by now' : blockers.map(blockerText).join(', ');
    super(
      `Migration ${migration} waited for ${lockTimeoutMs / 1_000} s for a lock that is held by ${who}. Nothing of it was kept. ` +
        'Wait for its end, or end it with --end-blockers, then run it again.',
      { cause },
    );
    this.name = 'MigrationBlocked';
    this.migration = migration;
    this.blockers = blockers;
  }
}

/** A statement of a migration was refused. */
export class MigrationFailed extends Error {
  readonly migration: string;
  readonly reason: string;

  constructor(migration: string, cause: Error) {
    super(
      `Migration ${migration} failed: ${cause.message}. Each migration is one transaction, so nothing of it was kept; those before it stay. Mend what it met, then run it again.`,
      { cause },
    );
    this.name = 'MigrationFailed';
    this.migration = migration;
    this.reason = cause.message;
  }
}

/**
 * Runs what was not run yet and returns the names. Any number of processes may call it at once: each migration is run by one.
 * @throws MigrationBlocked, MigrationFailed, or Error when the database is newer than this program
 */
export async function migrateUp(
  database: Database,
  log: Log,
  migrations: readonly Migration[] = ours,
  options: UpOptions = {},
): Promise<string[]> {
  const status = await migrationStatus(database, migrations);
  // Whoever goes back to this version after a newer one has made room for more finds nothing to do.
  if (status.pending.length === 0 && status.incompatible.length === 0) return [];
  refuseNewer(status);
  return internalsOf(database).unhurried(async (db) => {
    const done: string[] = [];
    for (const migration of migrations) {
      const ran = await inTurn(db, log, async (transaction) => {
        if (await wasApplied(transaction, migration)) return false;
        await runUp(database, transaction, migration, options);
        return true;
      });
      if (!ran) continue;
      log.info({ migration: migration.name }, 'migrated');
      done.push(migration.name);
    }
    return done;
  });
}

/** In the transaction that `transaction` is. @throws MigrationBlocked, MigrationFailed */
export function runUp(database: Database, transaction: Kysely<unknown>, migration: Migration, options: UpOptions = {}): Promise<void> {
  return runGuarded(database, transaction, migration, options, async () => {
    await migration.up(transaction);
    await sql`insert into public.quarterdeck_migrations (name, expands) values (${migration.name}, ${migration.expands ?? false})`.execute(
      transaction,
    );
  });
}

/** The same, back. */
export function runDown(database: Database, transaction: Kysely<unknown>, migration: Migration): Promise<void> {
  return runGuarded(database, transaction, migration, {}, async () => {
    await migration.down(transaction);
    await sql`delete from public.quarterdeck_migrations where name = ${migration.name}`.execute(transaction);
  });
}

async function runGuarded(
  { kind, owner }: Database,
  transaction: Kysely<unknown>,
  { name }: Migration,
  { lockTimeoutMs = defaultMigrationLockMs, endBlockers = false, onEnded }: UpOptions,
  work: () => Promise<void>,
): Promise<void> {
  const { rows } = await sql<{ pid: number }>`
    select pg_backend_pid() as pid, set_config('lock_timeout', ${String(lockTimeoutMs)}, true)`.execute(transaction);
  const endAfterMs = endBlockers ? lockTimeoutMs / 2 : undefined;
  const watch = kind === 'postgres' ? watchBlockers(owner, rows[0]?.pid ?? 0, endAfterMs) : undefined;
  try {
    await work();
  } catch (error) {
    if (isLockTimeout(error)) throw new MigrationBlocked(name, lockTimeoutMs, watch?.blockers ?? [], error);
    // The database is away, or its disk is full: that says itself what to do.
    throw error instanceof Problem || !(error instanceof Error) ? error : new MigrationFailed(name, error);
  } finally {
    await watch?.stop();
    for (const blocker of watch?.ended ?? []) onEnded?.(blocker);
  }
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
  const going = await migrationsAfter(database, target, migrations);
  return internalsOf(database).unhurried(async (db) => {
    const undone: string[] = [];
    for (const migration of going) {
      const { name } = migration;
      const ran = await inTurn(db, log, async (transaction) => {
        if (!(await wasApplied(transaction, migration))) return false;
        await runDown(database, transaction, migration);
        return true;
      });
      if (!ran) continue;
      log.info({ migration: name }, 'undone');
      undone.push(name);
    }
    return undone;
  });
}

/** What going back so far would undo, newest first. @throws Error when there is no migration `to`, or the database is newer than this program */
export async function migrationsAfter(
  database: Database,
  target: DownTarget,
  migrations: readonly Migration[] = ours,
): Promise<Migration[]> {
  const { applied } = refuseNewer(await migrationStatus(database, migrations));
  const names = applied.map(({ name }) => name).toReversed();
  const steps = 'steps' in target ? target.steps : names.indexOf(target.to);
  if (steps < 0)
    throw new Error(`There is no applied migration ${'to' in target ? target.to : ''}. \`quarterdeck migrate status\` lists them.`);
  return names.slice(0, steps).flatMap((name) => migrations.filter((each) => each.name === name));
}

/** One transaction under the lock, with the migrations table in place. */
export async function inTurn<Result>(
  db: Kysely<unknown>,
  log: Log,
  work: (transaction: Kysely<unknown>) => Promise<Result>,
): Promise<Result> {
  return db.transaction().execute(async (transaction) => {
    const { rows } = await sql<{ free: boolean }>`select pg_try_advisory_xact_lock(${lockKey}::bigint) as free`.execute(transaction);
    if (rows[0]?.free !== true) {
      log.info('another process is migrating; waiting for it');
      await sql`select pg_advisory_xact_lock(${lockKey}::bigint)`.execute(transaction);
    }
    await prepareTable(transaction);
    return work(transaction);
  });
}

/** Changed only where it has to be, so that nobody waits for it. */
async function prepareTable(transaction: Kysely<unknown>): Promise<void> {
  const { rows } = await sql<{ column: string }>`
    select attname as column from pg_attribute where attrelid = to_regclass('public.quarterdeck_migrations') and attnum > 0`.execute(
    transaction,
  );
  if (rows.length === 0)
    await sql`
      create table public.quarterdeck_migrations (
        name text primary key,
        applied_at timestamptz not null default clock_timestamp(),
        -- The version before works with it.
        expands boolean not null default false
      )`.execute(transaction);
  else if (!rows.some(({ column }) => column === 'expands'))
    await sql`alter table public.quarterdeck_migrations add column expands boolean not null default false`.execute(transaction);
}

async function wasApplied(transaction: Kysely<unknown>, { name }: Migration): Promise<boolean> {
  const { rows } = await sql`select from public.quarterdeck_migrations where name = ${name}`.execute(transaction);
  return rows.length > 0;
}

async function readApplied(db: Kysely<unknown>): Promise<{ name: string; applied_at: Date; expands: boolean }[]> {
  const { rows } = await sql<{ exists: boolean }>`select to_regclass('public.quarterdeck_migrations') is not null as exists`.execute(db);
  if (rows[0]?.exists !== true) return [];
  // A database that an older version made has no such column yet.
  const applied = await sql<{ name: string; applied_at: Date; expands: boolean }>`
    select name, applied_at, coalesce((to_jsonb(m) ->> 'expands')::boolean, false) as expands
    from public.quarterdeck_migrations m order by name`.execute(db);
  return applied.rows;
}

function refuseNewer(status: MigrationStatus): MigrationStatus {
  if (status.unknown.length === 0) return status;
  throw new Error(
    `The database is newer than this program: it has ${status.unknown.join(', ')}, which this version does not know. ` +
      'Run the newer version, or with it `quarterdeck migrate down` first.',
  );
}
