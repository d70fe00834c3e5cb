/** Locks in a PostgreSQL database, for the runs of a team. Its clock decides what has expired. */

import pg from 'pg';
import { withoutPassword } from './place.ts';
import type { LockContent, LockStore, StoredLock } from './store.ts';

/** One lock a row; `fence` only grows. */
const createTable = `create table if not exists quarterdeck_runbook_locks (
  key text primary key,
  fence bigint not null,
  revision bigint not null,
  status text not null,
  since timestamptz not null,
  expires timestamptz not null,
  owner jsonb not null
)`;

/** Any number that others are unlikely to use: two that make the table at once would hinder each other. */
const tableLock = 7_166_402_181;

/** A database that does not answer must not hold up a run for ever. */
const patienceMs = 10_000;

interface Row {
  fence: string;
  revision: string;
  status: StoredLock['status'];
  since: Date;
  expired: boolean;
  owner: StoredLock['owner'];
}

/** @throws Error when there is no way to the database */
export async function postgresLocks(url: string): Promise<LockStore> {
  const pool = new pg.Pool({
    connectionString: url,
    max: 2,
    connectionTimeoutMillis: patienceMs,
    query_timeout: patienceMs,
    allowExitOnIdle: true,
  });
  // A connection that breaks while it is idle: the next query opens another.
  pool.on('error', () => undefined);
  await makeTable(pool);
  const changed = async (text: string, values: unknown[]): Promise<boolean> => ((await pool.query(text, values)).rowCount ?? 0) > 0;
  return {
    name: withoutPassword(url),
    async read(key) {
      const { rows } = await pool.query<Row>(
        'select fence, revision, status, since, expires <= now() as expired, owner from quarterdeck_runbook_locks where key = $1',
        [key],
      );
      const [row] = rows;
      return row === undefined
        ? undefined
        : { ...row, key, fence: Number(row.fence), revision: Number(row.revision), since: row.since.toISOString() };
    },
    succeed: (key, seen, content, leaseMs) =>
      changed(
        `insert into quarterdeck_runbook_locks (key, fence, revision, status, since, expires, owner) values ($1, $2 + 1, 1, $3, $4, ${leaseEnd}, $6)
         on conflict (key) do update set fence = excluded.fence, revision = 1, status = excluded.status, since = excluded.since, expires = excluded.expires, owner = excluded.owner
         where quarterdeck_runbook_locks.fence = $2 and quarterdeck_runbook_locks.revision = $7`,
        [...columns(key, seen?.fence ?? 0, content, leaseMs), seen?.revision ?? 0],
      ),
    amend: (key, fence, content, leaseMs) =>
      changed(
        `update quarterdeck_runbook_locks set revision = revision + 1, status = $3, since = $4, expires = ${leaseEnd}, owner = $6 where key = $1 and fence = $2`,
        columns(key, fence, content, leaseMs),
      ),
    close: () => pool.end(),
  };
}

const leaseEnd = `now() + $5 * interval '1 millisecond'`;

function columns(key: string, fence: number, { status, since, owner }: LockContent, leaseMs: number): unknown[] {
  return [key, fence, status, since, leaseMs, JSON.stringify(owner)];
}

async function makeTable(pool: pg.Pool): Promise<void> {
  const client = await pool.connect();
  try {
    await client.query('begin');
    await client.query('select pg_advisory_xact_lock($1)', [tableLock]);
    await client.query(createTable);
    await client.query('commit');
  } finally {
    // A connection in the middle of something is not used again.
    client.release(true);
  }
}
