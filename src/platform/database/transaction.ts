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
  lastTry = false,
): Promise<Result> {
  const session = await Session.open(source.pool, options.signal);
  const beginning: Beginning = { answer: undefined, failure: undefined };
  try {
    if (isEager(source, options)) session.holdBack();
    const begun = sendBegin(session, source, tenant, options.mode).then(
      (answer) => void (beginning.answer = answer),
      (error: unknown) => void (beginning.failure = { error }),
    );
    if (!isEager(source, options)) await begun;
    if (beginning.failure !== undefined) throw beginning.failure.error;
    const last: CompiledQuery[] = [];
    const result = await workUntilAborted({ session, beginning }, source, tenant, options.signal, last, work);
    await begun;
    if (options.mode === 'read') await endReading(session);
    else await commitWork(session, last);
    return result;
  } catch (error) {
    if (lastTry || beginning.answer !== undefined || !session.broken) throw error;
  } finally {
    await session.close({ destroy: beginning.answer === undefined });
  }
  // The connection had died while it was idle. Nothing was done on it then, so another one is tried, once.
  return runTransaction(source, tenant, options, work, true);
}

/** Only once the role was seen to be walled in: until then no query may go before the answer to BEGIN. */
function isEager({ roleSeen }: TransactionSource, { eager }: TransactionOptions): boolean {
  return eager === true && roleSeen;
}

/** What is known of BEGIN by now. */
interface Beginning {
  /** The clock, and the process of the server that serves this connection. */
  answer: { now: Date; pid: number } | undefined;
  failure: { error: unknown } | undefined;
}

/**
 * How long a statement whose caller has gone may take to end by itself, as nearly all do. To stop one takes a connection of its
 * own with its handshake, which costs more than many statements: callers that come and go at once would slow down everybody.
 */
const patienceMs = 100;

/** Everything between begin and commit. When it rejects, the transaction is rolled back. */
async function workUntilAborted<Result>(
  { session, beginning }: { session: Session; beginning: Beginning },
  { plugins, cancel }: TransactionSource,
  tenant: Tenant,
  signal: AbortSignal | undefined,
  last: CompiledQuery[],
  work: (scope: TransactionScope) => Promise<Result>,
): Promise<Result> {
  let cancelling: Promise<void> | undefined;
  let patience: NodeJS.Timeout | undefined;
  const stopStatement = () => {
    if (!session.running) return;
    const giveUp = () => session.close({ destroy: true });
    // When the request cannot be made the query might run on for long, so its connection is given up.
    cancelling = beginning.answer === undefined ? giveUp() : cancel?.(beginning.answer.pid).catch(giveUp);
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
      get now() {
        if (beginning.answer === undefined) throw new Error('an eager transaction knows its time only after its first query');
        return beginning.answer.now;
      },
      withCommit: (query) => void last.push(query.compile()),
    });
    signal?.throwIfAborted();
    return result;
  } catch (error) {
    clearTimeout(patience);
    // A cancel request that is still under way would hit the rollback, or the next user of this connection.
    await cancelling;
    await rollBack(session);
    // A query behind a BEGIN that failed says only that there is no transaction.
    throw signal?.aborted === true ? signal.reason : (beginning.failure?.error ?? error);
  } finally {
    signal?.removeEventListener('abort', onAbort);
  }
}

/** One round trip: what follows `begin` is sent before its answer is there. */
async function sendBegin(
  session: Session,
  source: TransactionSource,
  tenant: Tenant,
  mode: TransactionOptions['mode'],
): Promise<{ now: Date; pid: number }> {
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
