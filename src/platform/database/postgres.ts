/** PostgreSQL through a pool of connections. */

import pg from 'pg';
import type { Settings } from '../config/settings.ts';
import type { Log } from '../telemetry/log.ts';
import { oldestVersion } from './requirements.ts';
import { valueParsers } from './values.ts';

/** A new connection costs a dozen milliseconds, an idle one a few megabytes of the server: five minutes bridge a pause in the work. */
const idleMs = 300_000;

/** A cancel request that takes longer than this is not worth waiting for: the statement time-out is near. */
const cancelTimeoutMs = 2_000;

export function connectionConfig(settings: Settings & { databaseUrl: string }): pg.ClientConfig {
  return {
    connectionString: settings.databaseUrl,
    application_name: 'quarterdeck',
    connectionTimeoutMillis: settings.poolTimeoutMs,
    keepAlive: true,
    types: valueParsers,
  };
}

/** Connects when it is first used, so a server that is not there yet is no error here. */
export function createPool(config: pg.ClientConfig, settings: Settings, log: Log): pg.Pool {
  const pool = new pg.Pool({
    ...config,
    // Several statements of one transaction go out before the first has its answer: see `Session`.
    pipeline: true,
    max: settings.databasePool,
    idleTimeoutMillis: idleMs,
    onConnect: (client) => prepareConnection(client, settings),
  });
  pool.on('error', (error) => log.warn({ err: error }, 'an idle database connection broke; the pool makes a new one when it needs it'));
  return pool;
}

/**
 * Sets the time-outs for what is not in one of our transactions, and refuses servers that are too old.
 * Prepared statements are planned once for all parameters: our queries find their rows by keys, whatever the values, and a plan
 * for each execution costs several times the execution. Where values decide (a status, the length of a page) they are literals.
 */
async function prepareConnection(client: pg.ClientBase, { statementTimeoutMs, lockTimeoutMs }: Settings): Promise<void> {
  const { rows } = await client.query<{ version: string; number: number }>(
    `select current_setting('server_version') as version, current_setting('server_version_num')::int as number,
      set_config('statement_timeout', $1, false), set_config('lock_timeout', $2, false),
      set_config('plan_cache_mode', 'force_generic_plan', false)`,
    [String(statementTimeoutMs), String(lockTimeoutMs)],
  );
  for (const { version, number } of rows) refuseOldVersion(version, number);
}

/** @throws Error when the server is older than what the migrations and the tests are made for */
export function refuseOldVersion(version: string, number: number): void {
  if (number < oldestVersion) throw new Error(`PostgreSQL ${version} is too old: version 15 or newer is needed`);
}

/** Asks the server, over a connection of its own, to stop what the connection with this process id is running. */
export async function cancelQuery(config: pg.ClientConfig, pid: number): Promise<void> {
  const control = new pg.Client({ ...config, connectionTimeoutMillis: cancelTimeoutMs, query_timeout: cancelTimeoutMs });
  control.on('error', () => undefined);
  try {
    await control.connect();
    await control.query('select pg_cancel_backend($1)', [pid]);
  } finally {
    control.end().catch(() => undefined);
  }
}

/** Where a connection string leads, for people. */
export function placeOf(databaseUrl: string): string {
  const url = new URL(databaseUrl);
  return `${url.host === '' ? (url.searchParams.get('host') ?? 'localhost') : url.host}${url.pathname}`;
}
