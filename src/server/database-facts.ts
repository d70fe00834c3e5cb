/** What `doctor` wants to know of the database, asked where it is open. */

import { sql } from 'kysely';
import { migrationStatus } from '../platform/database/migrate.ts';
import { securityWalls } from '../platform/database/security.ts';
import type { Database, TransactionScope } from '../platform/database/types.ts';
import type { Backlog, MetricSources } from '../platform/telemetry/metrics.ts';

/** Reads alone. The backlogs are null while migrations are pending: the tables may not be there. */
export async function databaseFacts(database: Database) {
  const migrations = await migrationStatus(database);
  const { clock, ...server } = await serverFacts(database);
  const ready = migrations.pending.length === 0;
  return {
    database: { kind: database.kind, connections: database.stats(), ...server },
    migrations,
    security: await securityWalls(database),
    clock,
    expired_claims: ready ? await asSystem(database, expiredClaims) : null,
    events_held_back: ready ? await asSystem(database, eventsHeldBack) : null,
  };
}

interface ServerFacts {
  server_version: string;
  server_version_number: number;
  max_connections: number;
  clock: Date;
}

async function serverFacts(database: Database): Promise<ServerFacts> {
  const { rows } = await sql<ServerFacts>`
    select current_setting('server_version') as server_version, current_setting('server_version_num')::int as server_version_number,
      current_setting('max_connections')::int as max_connections, clock_timestamp() as clock`.execute(database.owner);
  const [row] = rows;
  if (row === undefined) throw new Error('the database does not know its own version');
  return row;
}

/** Leases that ended and were not returned yet, of all workspaces. */
async function expiredClaims(scope: TransactionScope): Promise<Backlog> {
  const { rows } = await sql<Backlog>`
    select count(*)::int as count, coalesce(extract(epoch from now() - min(claimed_until)), 0)::float8 as oldest_seconds
    from tasks where claimed_until <= now()`.execute(scope.db);
  return rows[0] ?? { count: 0, oldest_seconds: 0 };
}

/** Events that were written, and that readers do not take yet, because a transaction that began before them is open. */
async function eventsHeldBack(scope: TransactionScope): Promise<Backlog> {
  const { rows } = await sql<Backlog>`
    select count(*)::int as count, coalesce(extract(epoch from clock_timestamp() - min(at)), 0)::float8 as oldest_seconds
    from events where xid >= pg_snapshot_xmin(pg_current_snapshot())`.execute(scope.db);
  return rows[0] ?? { count: 0, oldest_seconds: 0 };
}

async function waitingJobs(scope: TransactionScope): Promise<Backlog> {
  const { rows } = await sql<Backlog>`
    select count(*)::int as count, coalesce(extract(epoch from now() - min(created_at)), 0)::float8 as oldest_seconds
    from jobs where ended_at is null and status = 'queued'`.execute(scope.db);
  return rows[0] ?? { count: 0, oldest_seconds: 0 };
}

function asSystem(database: Database, read: (scope: TransactionScope) => Promise<Backlog>): Promise<Backlog> {
  return database.transaction('system', { mode: 'read' }, read);
}

/** Scrapers come every few seconds at most, and two metrics read the same answer. */
const backlogCacheMs = 1_000;

/** A scraper gives up after ten seconds by default; without these two numbers it still gets the others. */
const backlogTimeoutMs = 2_000;

/** The backlogs for a scrape; undefined when the database does not answer in time. */
export function createBacklogReader(database: Database): MetricSources['backlogs'] {
  let last: { at: number; result: ReturnType<MetricSources['backlogs']> } | undefined;
  const read = async () => {
    const options = { mode: 'read', signal: AbortSignal.timeout(backlogTimeoutMs) } as const;
    return database
      .transaction('system', options, async (scope) => ({
        events: await eventsHeldBack(scope),
        claims: await expiredClaims(scope),
        jobs: await waitingJobs(scope),
      }))
      .catch(() => undefined);
  };
  return () => {
    if (last === undefined || performance.now() - last.at > backlogCacheMs) last = { at: performance.now(), result: read() };
    return last.result;
  };
}
