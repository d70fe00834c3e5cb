/** Puts a restored PostgreSQL database in the place of the live one, in one transaction, and keeps the other. */

import pg from 'pg';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Remark, type Switched, notRestored, parseRemark } from '../remark.ts';
import { databaseOf } from './address.ts';
import { databaseExists, withServer } from './server.ts';

/** PostgreSQL cuts longer names. */
const longestName = 63;

/** How often connections are ended while the first is waiting to be alone: PostgreSQL gives up after five seconds. */
const pressMs = 100;

/**
 * Both names change at once. Connections to either are ended; whoever connects again meanwhile waits, and then finds the restored one.
 * @throws Error when `into` is not a restored database; nothing was changed then
 */
export function switchPostgres(databaseUrl: string, into: string): Promise<Switched> {
  const live = databaseOf(databaseUrl);
  return withServer(databaseUrl, async (server) => {
    const holds = await remarkOf(server, into);
    if (into === live || holds === undefined) throw notRestored(into);
    const at = new Date().toISOString();
    const previous = (await databaseExists(server, live)) ? datedName(live, at) : null;
    const pressing = new AbortController();
    const pressed = withServer(databaseUrl, (other) => endConnections(other, [live, into], pressing.signal));
    try {
      await Promise.race([rename(server, { live, into, previous, at }), pressed]);
    } finally {
      pressing.abort();
      // What it failed of was thrown already; after the abort it only ends.
      await pressed.catch(() => undefined);
    }
    return { live, previous, holds };
  });
}

export function datedName(live: string, at: string): string {
  // To the millisecond: a switch and the way back may be in one second.
  const suffix = `_before_${at.replaceAll(/[-:.]/g, '').toLowerCase()}`;
  let start = live;
  while (Buffer.byteLength(start + suffix) > longestName) start = start.slice(0, -1);
  return start + suffix;
}

async function remarkOf(server: pg.Client, name: string): Promise<Remark | undefined> {
  const { rows } = await server.query<{ remark: string | null }>(
    `select shobj_description(oid, 'pg_database') as remark from pg_database where datname = $1`,
    [name],
  );
  return parseRemark(rows[0]?.remark);
}

interface Names {
  live: string;
  into: string;
  previous: string | null;
  at: string;
}

async function rename(server: pg.Client, { live, into, previous, at }: Names): Promise<void> {
  const [liveName, intoName] = [live, into].map((name) => pg.escapeIdentifier(name));
  await server.query('begin');
  try {
    if (previous !== null) {
      const remark: Remark = { quarterdeck: 'replaced', backup: null, at };
      await server.query(`alter database ${liveName} rename to ${pg.escapeIdentifier(previous)}`);
      await server.query(`comment on database ${pg.escapeIdentifier(previous)} is ${pg.escapeLiteral(JSON.stringify(remark))}`);
    }
    await server.query(`alter database ${intoName} rename to ${liveName}`);
    await server.query('commit');
  } catch (error) {
    await server.query('rollback');
    throw new Error(
      `The databases were not switched, and are as they were: ${error instanceof Error ? error.message : String(error)}. Stop what is connected to ${live}, then run the command again.`,
      { cause: error },
    );
  }
}

/** Until told to stop. Rejects when it may not end them. */
async function endConnections(server: pg.Client, names: readonly string[], signal: AbortSignal): Promise<never> {
  for (;;) {
    signal.throwIfAborted();
    await server.query(`select pg_terminate_backend(pid) from pg_stat_activity where datname = any($1)`, [names]);
    await sleep(pressMs, undefined, { signal });
  }
}
