/** Opens the database: PostgreSQL when there is a URL, otherwise the embedded one in the data folder. */

import { setTimeout as sleep } from 'node:timers/promises';
import { type Kysely, type KyselyPlugin, sql } from 'kysely';
import pg from 'pg';
import type { Settings } from '../config/settings.ts';
import { Problem, unavailable } from '../problem.ts';
import type { Log } from '../telemetry/log.ts';
import type { DatabaseObserver } from '../telemetry/metrics.ts';
import { kyselyOnPool, kyselyOnSession } from './dialect.ts';
import { openEmbedded } from './embedded/open.ts';
import { internalsOf, rememberInternals } from './internals.ts';
import { withLanes } from './lanes.ts';
import { createNotifications } from './notifications.ts';
import { observePool, observeTransactions } from './observed.ts';
import { cancelQuery, connectionConfig, createPool, placeOf } from './postgres.ts';
import { Session } from './session.ts';
import { watchStorage } from './storage.ts';
import { type TransactionSource, runTransaction } from './transaction.ts';
import type { Database } from './types.ts';

export interface DatabaseOptions {
  settings: Settings;
  log: Log;
  /** Kysely plugins for the queries inside transactions. */
  plugins?: KyselyPlugin[];
  /** Told of connections, transactions and statements. */
  observer?: DatabaseObserver | undefined;
}

/** The parts in which the two databases differ. */
export interface Backend extends Pick<Database, 'kind' | 'listen' | 'notify' | 'close'> {
  pool: pg.Pool;
  place: string;
  cancel?: (pid: number) => Promise<void>;
  /** Lifts the time limits of one connection while `work` uses it. */
  unhurried<Result>(session: Session, work: () => Promise<Result>): Promise<Result>;
}

/**
 * A PostgreSQL server that is not there is no error here: see `waitForDatabase`.
 * @throws Error when another process has the embedded database, with its pid
 */
export async function openDatabase({ settings, log, plugins = [], observer }: DatabaseOptions): Promise<Database> {
  const { databaseUrl } = settings;
  const backend = databaseUrl === undefined ? await openEmbedded(settings, log) : openPostgres({ ...settings, databaseUrl }, log);
  const { pool } = backend;
  if (observer !== undefined) observePool(pool, observer);
  const owner = kyselyOnPool(pool);
  const source: TransactionSource = { pool, settings, plugins, cancel: backend.cancel, roleSeen: false };
  let closing: Promise<void> | undefined;
  const storage = watchStorage((tenant, options, work) => runTransaction(source, tenant, options, work));
  const lanes = withLanes(storage.transaction, {
    pool: pool.options.max,
    wait_ms: settings.poolTimeoutMs,
  });
  const database: Database = {
    kind: backend.kind,
    owner,
    transaction: observer === undefined ? lanes.transaction : observeTransactions(lanes.transaction, observer),
    ping: (timeout_ms) => ping(owner, timeout_ms),
    listen: backend.listen,
    notify: backend.notify,
    storageFullAt: storage.fullAt,
    stats: () => ({ total: pool.totalCount, idle: pool.idleCount, waiting: pool.waitingCount + lanes.waiting() }),
    close: () => (closing ??= backend.close()),
  };
  rememberInternals(database, { place: backend.place, unhurried: (work) => unhurried(backend, work) });
  return database;
}

function openPostgres(settings: Settings & { databaseUrl: string }, log: Log): Backend {
  const config = connectionConfig(settings);
  const pool = createPool(config, settings, log);
  const notifications = createNotifications(config, log);
  return {
    kind: 'postgres',
    pool,
    place: placeOf(settings.databaseUrl),
    cancel: (pid) => cancelQuery(config, pid),
    async unhurried(session, work) {
      await session.command('set statement_timeout = 0; set lock_timeout = 0');
      return work();
    },
    listen: notifications.listen,
    async notify(channel) {
      await sql`select pg_notify(${channel}, '')`.execute(kyselyOnPool(pool));
    },
    async close() {
      await notifications.close();
      await pool.end();
    },
  };
}

/** The connection is closed afterwards, so nothing that was set on it reaches anybody else. */
async function unhurried<Result>(backend: Backend, work: (db: Kysely<unknown>) => Promise<Result>): Promise<Result> {
  const session = await Session.open(backend.pool);
  try {
    return await backend.unhurried(session, () => work(kyselyOnSession(session)));
  } finally {
    await session.close({ destroy: true });
  }
}

async function ping(owner: Kysely<unknown>, timeout_ms: number): Promise<void> {
  const { promise: late, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(
    () => reject(unavailable({ message: `The database did not answer within ${timeout_ms} ms.`, next: 'Try again in a few seconds.' })),
    timeout_ms,
  );
  try {
    await Promise.race([sql`select 1`.execute(owner), late]);
  } finally {
    clearTimeout(timer);
  }
}

/** A server that is started together with its database waits shortly at first, and never longer than 5 s between attempts. */
const firstWaitMs = 200;
const longestWaitMs = 5_000;

/** One attempt. A server under load may need a moment to accept. */
const attemptMs = 3_000;

/**
 * Resolves when the database answers, however long that takes; says in the log what it waits for.
 * @throws Error at once when waiting would not help: a wrong password, no such database, a version that is too old;
 * and with what kept it from answering when the signal ends the wait
 */
export async function waitForDatabase(database: Database, log: Log, signal?: AbortSignal): Promise<void> {
  const { place } = internalsOf(database);
  for (let waitMs = firstWaitMs; ; waitMs = Math.min(waitMs * 2, longestWaitMs)) {
    signal?.throwIfAborted();
    try {
      return await database.ping(attemptMs);
    } catch (error) {
      if (!(error instanceof Problem && error.retryable)) throw refused(place, error);
      const reason = reasonOf(error);
      log.warn({ database: place, retry_ms: waitMs, reason }, 'waiting for the database');
      await sleep(waitMs, undefined, { signal }).catch(() => {
        throw unreachable(place, reason, error);
      });
    }
  }
}

function refused(place: string, error: unknown): Error {
  return new Error(`The database at ${place} refused us: ${error instanceof Error ? error.message : String(error)}. Check DATABASE_URL.`, {
    cause: error,
  });
}

function unreachable(place: string, reason: string, cause: unknown): Error {
  return new Error(`The database at ${place} cannot be reached: ${reason}. Check that it runs, and DATABASE_URL.`, { cause });
}

/** What a problem was made from says more to an operator than its text for callers. */
function reasonOf({ cause, message }: Problem): string {
  return cause instanceof Error && cause.message !== '' ? cause.message : message;
}
