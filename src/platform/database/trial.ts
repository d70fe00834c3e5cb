/** Migrations that are run and taken back: whether they would work on the rows that are there, who is in their way, and what they take away. */

import type { Kysely } from 'kysely';
import type { Log } from '../telemetry/log.ts';
import type { Blocker } from './blockers.ts';
import { internalsOf } from './internals.ts';
import type { Loss } from './loss-text.ts';
import { lossOf } from './loss.ts';
import {
  type DownTarget,
  MigrationBlocked,
  MigrationFailed,
  type MigrationStatus,
  type UpOptions,
  inTurn,
  migrationStatus,
  migrationsAfter,
  runDown,
  runUp,
} from './migrate.ts';
import { migrations as ours } from './migrations/index.ts';
import type { Database, Migration } from './types.ts';

export interface Trial extends MigrationStatus {
  /** `current`: nothing is pending. `newer`: than this program. `ready`: what is pending would work. */
  condition: 'current' | 'newer' | 'ready' | 'locked' | 'failing';
  /** The migration that was held up or refused. */
  migration: string | null;
  why: string | null;
  blockers: readonly Blocker[];
  /** Whether the version before works with the pending ones, as they say themselves. */
  expands: boolean;
  /** What the pending ones take away. */
  loses: Loss[];
  /** How long they took, with their locks. */
  seconds: number | null;
}

/** Runs what is pending in one transaction and takes it back. It holds its locks for as long as that takes. */
export async function tryUp(
  database: Database,
  log: Log,
  options: Pick<UpOptions, 'lockTimeoutMs'> = {},
  migrations: readonly Migration[] = ours,
): Promise<Trial> {
  const status = await migrationStatus(database, migrations);
  const pending = migrations.filter(({ name }) => status.pending.includes(name));
  const expands = pending.every((migration) => migration.expands === true);
  const trial = { ...status, expands, migration: null, why: null, blockers: [], loses: [], seconds: null };
  if (status.incompatible.length > 0) return { ...trial, condition: 'newer' };
  if (status.pending.length === 0) return { ...trial, condition: 'current' };
  const began = performance.now();
  try {
    const loses = await lossInTurn(database, log, async (transaction) => {
      for (const migration of pending) await runUp(database, transaction, migration, options);
    });
    return { ...trial, condition: 'ready', loses, seconds: (performance.now() - began) / 1_000 };
  } catch (error) {
    if (error instanceof MigrationBlocked)
      return { ...trial, condition: 'locked', migration: error.migration, why: error.message, blockers: error.blockers };
    if (error instanceof MigrationFailed) return { ...trial, condition: 'failing', migration: error.migration, why: error.reason };
    throw error;
  }
}

/** What going back so far would delete. @throws Error as `migrateDown` does */
export async function lossOfDown(
  database: Database,
  log: Log,
  target: DownTarget,
  migrations: readonly Migration[] = ours,
): Promise<Loss[]> {
  const going = await migrationsAfter(database, target, migrations);
  return lossInTurn(database, log, async (transaction) => {
    for (const migration of going) await runDown(database, transaction, migration);
  });
}

const takenBack = new Error('it was tried, and is taken back');

async function lossInTurn(database: Database, log: Log, change: (transaction: Kysely<unknown>) => Promise<void>): Promise<Loss[]> {
  let loses: Loss[] = [];
  await internalsOf(database)
    .unhurried((db) =>
      inTurn(db, log, async (transaction) => {
        loses = await lossOf(transaction, () => change(transaction));
        throw takenBack;
      }),
    )
    .catch((error: unknown) => {
      if (error !== takenBack) throw error;
    });
  return loses;
}
