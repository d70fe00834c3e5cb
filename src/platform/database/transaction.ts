/** Runs one transaction of one tenant: one round trip to begin, the work, and an end that is certain. */

import type { CompiledQuery, KyselyPlugin } from 'kysely';
import type pg from 'pg';
import type { Settings } from '../config/settings.ts';
import { unavailable } from '../problem.ts';
import { commit, kyselyInTransaction } from './dialect.ts';
import { appRole, chooseRole, refuseWithoutWalls } from './security.ts';
import { Session } from './session.ts';
import type { Tenant, TransactionOptions, TransactionScope } from './types.ts';

/** What the transactions of one database have in common. */
export interface TransactionSource {
  pool: pg.Pool;
  settings: Pick<Settings, 'statementTimeoutMs' | 'lockTimeoutMs' | 'requestTimeoutMs'>;
  plugins: KyselyPlugin[];
  /** Stops what the connection with this process id is running; rejects when it cannot. Absent: nothing can be stopped. */
  cancel?: ((pid: number) => Promise<void>) | undefined;
  /** Set by the first transaction that got the role; from then on it is taken without looking. */
  roleSeen: boolean;
}

/** See `Database.transaction`. */
export async function runTransaction<Result>(
  source: TransactionSource,
  tenant: Tenant,
  options: TransactionOptions,
  work: (scope: TransactionScope) => Promise<Result>,
): Promise<Result> {
  const begun = await begin(source, tenant, options);
  try {
    const last: CompiledQuery[] = [];
    const result = await workUntilAborted(begun, source, tenant, options.signal, last, work);
    if (options.mode === 'read') await endReading(begun.session);
    else await commitWork(begun.session, last);
    return result;
  } finally {
    await begun.session.close();
  }
}

interface Begun {
  session: Session;
  now: Date;
  /** The process of the server that serves this connection. */
  pid: number;
}

/**
 * How long a statement whose caller has gone may take to end by itself, as nearly all do. To stop one takes a connection of its
 * own with its handshake, which costs more than many statements: callers that come and go at once would slow down everybody.
 */
const patienceMs = 100;

/** Everything between begin and commit. When it rejects, the transaction is rolled back. */
async function workUntilAborted<Result>(
  { session, now, pid }: Begun,
  { plugins, cancel }: TransactionSource,
  tenant: Tenant,
  signal: AbortSignal | undefined,
  last: CompiledQuery[],
  work: (scope: TransactionScope) => Promise<Result>,
): Promise<Result> {
  let cancelling: Promise<void> | undefined;
  let patience: NodeJS.Timeout | undefined;
  const stopStatement = () => {
    // When the request cannot be made the query might run on for long, so its connection is given up.
    if (session.running) cancelling = cancel?.(pid).catch(() => session.close({ destroy: true }));
  };
  const onAbort = () => {
    patience = setTimeout(stopStatement, patienceMs);
  };
  signal?.addEventListener('abort', onAbort, { once: true });
  try {
    const ids = tenant === 'system' ? { workspace_id: '', user_id: '' } : tenant;
    const result = await work({
      db: kyselyInTransaction(session, plugins),
      ...ids,
      now,
      withCommit: (query) => void last.push(query.compile()),
    });
    signal?.throwIfAborted();
    return result;
  } catch (error) {
    clearTimeout(patience);
    // A cancel request that is still under way would hit the rollback, or the next user of this connection.
    await cancelling;
    await rollBack(session);
    throw signal?.aborted === true ? signal.reason : error;
  } finally {
    signal?.removeEventListener('abort', onAbort);
  }
}

/** A connection may have died while it was idle. Nothing was done on it then, so another one is tried, once. */
async function begin(source: TransactionSource, tenant: Tenant, { mode, signal }: TransactionOptions): Promise<Begun> {
  for (let lastAttempt = false; ; lastAttempt = true) {
    const session = await Session.open(source.pool, signal);
    try {
      return { session, ...(await sendBegin(session, source, tenant, mode)) };
    } catch (error) {
      await session.close({ destroy: true });
      if (lastAttempt || !session.broken) throw error;
    }
  }
}

/** One round trip: what follows `begin` is sent before its answer is there. */
async function sendBegin(
  session: Session,
  source: TransactionSource,
  tenant: Tenant,
  mode: TransactionOptions['mode'],
): Promise<Omit<Begun, 'session'>> {
  const [, , { rows }] = await session.together(() =>
    Promise.all([
      session.command(mode === 'read' ? 'begin read only' : 'begin'),
      source.roleSeen ? undefined : session.command(chooseRole),
      session.executeQuery<{ now: Date; pid: number; role: string; unwalled: boolean }>({
        sql: source.roleSeen ? enterAsApp : enter,
        parameters: localSettings(source, tenant),
      }),
    ]),
  );
  const [row] = rows;
  if (row === undefined) throw new Error('a transaction began without an answer');
  if (row.unwalled) refuseWithoutWalls(row.role);
  source.roleSeen ||= row.role === appRole;
  return { now: row.now, pid: row.pid };
}

/** What row-level security reads, and the time-outs. Always local: a pooler in between may hand the connection to somebody else. */
const settingNames = [
  'app.workspace_id',
  'app.user_id',
  'app.system',
  'statement_timeout',
  'lock_timeout',
  // A replica whose machine vanished would hold its row locks until TCP gives up, which takes hours.
  'idle_in_transaction_session_timeout',
];

const setLocals = settingNames.map((name, index) => `set_config('${name}', $${index + 1}, true)`).join(', ');
const clock = 'now() as now, pg_backend_pid() as pid';

/** After `chooseRole`, in transactions that do not know yet whether the role is there. */
const enter = `select ${setLocals}, ${clock}, current_user as role,
  (select rolsuper or rolbypassrls from pg_roles where rolname = current_user) as unwalled`;

const enterAsApp = `select ${setLocals}, ${clock}, set_config('role', '${appRole}', true) as role, false as unwalled`;

function localSettings({ settings }: TransactionSource, tenant: Tenant): string[] {
  const { workspace_id, user_id, system } =
    tenant === 'system' ? { workspace_id: '', user_id: '', system: 'on' } : { ...tenant, system: '' };
  const { statementTimeoutMs, lockTimeoutMs, requestTimeoutMs } = settings;
  return [workspace_id, user_id, system, String(statementTimeoutMs), String(lockTimeoutMs), String(requestTimeoutMs)];
}

/** Nothing depends on the end of a transaction that only read, so nobody waits for it, and under load the next one begins with it. */
async function endReading(session: Session): Promise<void> {
  session.holdBack();
  commit(session).catch(() => undefined);
  await session.close({ soon: true });
}

/** Sends the last statements and the commit together, and waits for both. */
async function commitWork(session: Session, last: readonly CompiledQuery[]): Promise<void> {
  try {
    // Answers come in this order, so what is thrown is the cause, not the commit that could not follow.
    await session.together(() => Promise.all([...last.map((query) => session.executeQuery(query)), commit(session)]));
  } catch (error) {
    if (!session.broken) throw error;
    throw unavailable({
      message: 'The connection to the database broke during the commit, so the change may or may not have been made.',
      next: 'Try again with the same idempotency key, or look whether it was made.',
      cause: error,
    });
  }
}

async function rollBack(session: Session): Promise<void> {
  if (session.broken) return session.close({ destroy: true });
  try {
    await session.command('rollback');
  } catch {
    // The server rolls back what a closed connection had open.
    await session.close({ destroy: true });
  }
}
