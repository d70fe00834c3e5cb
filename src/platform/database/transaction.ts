/** Runs one transaction of one tenant: one round trip to begin, the work, and an end that is certain. */

import type { KyselyPlugin } from 'kysely';
import pg from 'pg';
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
    const result = await workUntilAborted(begun, source, tenant, options.signal, work);
    await commitWork(begun.session, options.mode);
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

/** Everything between begin and commit. When it rejects, the transaction is rolled back. */
async function workUntilAborted<Result>(
  { session, now, pid }: Begun,
  { plugins, cancel }: TransactionSource,
  tenant: Tenant,
  signal: AbortSignal | undefined,
  work: (scope: TransactionScope) => Promise<Result>,
): Promise<Result> {
  let cancelling: Promise<void> | undefined;
  const onAbort = () => {
    // When the request cannot be made the query might run on for long, so its connection is given up.
    if (session.running) cancelling = cancel?.(pid).catch(() => session.close({ destroy: true }));
  };
  signal?.addEventListener('abort', onAbort, { once: true });
  try {
    const ids = tenant === 'system' ? { workspace_id: '', user_id: '' } : tenant;
    const result = await work({ db: kyselyInTransaction(session, plugins), ...ids, now });
    signal?.throwIfAborted();
    return result;
  } catch (error) {
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

async function sendBegin(
  session: Session,
  source: TransactionSource,
  tenant: Tenant,
  mode: TransactionOptions['mode'],
): Promise<Omit<Begun, 'session'>> {
  const check = source.roleSeen ? 'false' : '(select rolsuper or rolbypassrls from pg_roles where rolname = current_user)';
  const { rows } = await session.command(
    [
      mode === 'read' ? 'begin read only' : 'begin',
      source.roleSeen ? `set local role ${appRole}` : chooseRole,
      `select ${[...localSettings(source, tenant)].map(setLocal).join(', ')}`,
      `select now() as now, pg_backend_pid() as pid, current_user as role, ${check} as unwalled`,
    ].join('; '),
  );
  const { now, pid, role, unwalled } = rows[0] as { now: Date; pid: number; role: string; unwalled: boolean };
  if (unwalled) refuseWithoutWalls(role);
  source.roleSeen ||= role === appRole;
  return { now, pid };
}

/** What row-level security reads, and the time-outs. Always local: a pooler in between may hand the connection to somebody else. */
function localSettings({ settings }: TransactionSource, tenant: Tenant): Map<string, string> {
  const system = tenant === 'system';
  return new Map([
    ['app.workspace_id', system ? '' : tenant.workspace_id],
    ['app.user_id', system ? '' : tenant.user_id],
    ['app.system', system ? 'on' : ''],
    ['statement_timeout', String(settings.statementTimeoutMs)],
    ['lock_timeout', String(settings.lockTimeoutMs)],
    // A replica whose machine vanished would hold its row locks until TCP gives up, which takes hours.
    ['idle_in_transaction_session_timeout', String(settings.requestTimeoutMs)],
  ]);
}

function setLocal([name, value]: [string, string]): string {
  return `set_config('${name}', ${pg.escapeLiteral(value)}, true)`;
}

async function commitWork(session: Session, mode: TransactionOptions['mode']): Promise<void> {
  try {
    await commit(session);
  } catch (error) {
    if (!session.broken || mode === 'read') throw error;
    throw unavailable({
      message: 'The connection to the database broke during the commit, so the change may or may not have been made.',
      next: 'Try again with the same idempotency key, or look whether it was made.',
      cause: error,
    });
  }
}

async function rollBack(session: Session): Promise<void> {
  try {
    await session.command('rollback');
  } catch {
    // The server rolls back what a closed connection had open.
    await session.close({ destroy: true });
  }
}
