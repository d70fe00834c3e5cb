/** Judges what is known of the database. Pure: the facts come from whoever has it open. */

import { z } from 'zod';
import type { Settings } from '../../platform/config/settings.ts';
import { oldestVersion } from '../../platform/database/requirements.ts';
import { judgeMigrations } from '../../production/check/migrations.ts';
import { poolArithmetic, spareConnections } from '../../production/check/pool.ts';
import { migrationStatus } from '../views.ts';
import { type Finding, findingOf, ok, problem, warning } from './finding.ts';

/** What the running server, perhaps of another version, or this process tells of its database. What is not told is not judged. */
export const databaseFacts = z.object({
  serving: z.boolean(),
  database: z.object({
    kind: z.enum(['embedded', 'postgres']),
    connections: z.object({ total: z.number(), idle: z.number(), waiting: z.number() }),
    server_version: z.string().optional(),
    server_version_number: z.number().optional(),
    max_connections: z.number().optional(),
  }),
  migrations: migrationStatus,
  security: z.object({ user: z.string(), user_bypasses: z.boolean(), app_role: z.boolean(), unsecured_tables: z.array(z.string()) }),
  clock: z.coerce.date().optional(),
  expired_claims: z.object({ count: z.number(), oldest_seconds: z.number() }).nullish(),
  events_held_back: z.object({ count: z.number(), oldest_seconds: z.number() }).nullish(),
});

export type DatabaseFacts = z.output<typeof databaseFacts>;

/** Tokens are checked with the clock of this machine and leases with the database's; a token lives for an hour, so seconds do no harm. */
const mostClockSeconds = 5;

/** Twelve times as often as the sweeper looks by default. */
const mostSweepSeconds = 60;

/** Events wait for the oldest open transaction; ours are limited by the statement time-out of ten seconds. */
const mostEventSeconds = 30;

export interface Observation {
  facts: DatabaseFacts;
  settings: Pick<Settings, 'databasePool' | 'replicas'>;
  /** This machine's clock when the facts arrived, and how long asking took. */
  now: Date;
  tookMs: number;
}

export function judgeDatabase(observation: Observation): Finding[] {
  const { facts } = observation;
  return [
    judgeVersion(facts),
    findingOf(judgeMigrations(facts.migrations)),
    judgeSecurity(facts),
    ...judgePool(observation),
    ...judgeClock(observation),
    ...judgeClaims(facts),
    ...judgeEvents(facts),
  ];
}

function judgeVersion({ database }: DatabaseFacts): Finding {
  const { kind, server_version = '', server_version_number: number = oldestVersion } = database;
  const name = `${kind === 'embedded' ? 'Embedded PostgreSQL' : 'PostgreSQL'} ${server_version}`.trimEnd() + ' answers.';
  if (number < oldestVersion) return problem('database', name, 'Upgrade it to PostgreSQL 15 or newer.');
  return ok('database', name);
}

function judgeSecurity({ database, migrations, security }: DatabaseFacts): Finding {
  const { user, user_bypasses, app_role, unsecured_tables } = security;
  const check = 'isolation';
  if (migrations.pending.includes('0001_roles')) return ok(check, 'There are no tables yet.');
  if (unsecured_tables.length > 0)
    return problem(
      check,
      `Tables without forced row-level security: ${unsecured_tables.join(', ')}.`,
      'Move tables that are not ours elsewhere.',
    );
  if (user_bypasses && !app_role)
    return problem(
      check,
      `${user} bypasses row-level security, and there is no role quarterdeck_app to step down to.`,
      'Run `quarterdeck migrate up`, or connect as a user that is neither a superuser nor BYPASSRLS.',
    );
  if (user_bypasses && database.kind === 'postgres')
    return warning(
      check,
      `Row-level security holds through the role quarterdeck_app alone, because ${user} would bypass it.`,
      'Connect as a user that is neither a superuser nor BYPASSRLS.',
    );
  return ok(check, `Row-level security is forced on every table${app_role ? ', under the role quarterdeck_app' : ''}.`);
}

function judgePool({ facts: { database }, settings: { databasePool, replicas } }: Observation): Finding[] {
  const { kind, connections, max_connections } = database;
  if (kind === 'embedded') return [];
  const open = `${connections.total} are open.`;
  const most = {
    pool: databasePool,
    replicas,
    surge: 0,
    maxConnections: max_connections ?? Infinity,
    reserved: 0,
    spare: spareConnections,
  };
  const { wanted, room, text: sum } = poolArithmetic(most);
  const text = max_connections === undefined ? open : `${sum}; ${open}`;
  if (wanted > room)
    return [warning('connections', text, 'Lower QUARTERDECK_DATABASE_POOL, raise max_connections, or put a pooler in between.')];
  if (connections.waiting > 0)
    return [warning('connections', `${text} ${connections.waiting} requests wait for one.`, 'Raise QUARTERDECK_DATABASE_POOL.')];
  return [ok('connections', text)];
}

function judgeClock({ facts: { clock }, now, tookMs }: Observation): Finding[] {
  if (clock === undefined) return [];
  // The database read its clock at some moment while we asked.
  const apart = Math.max(0, Math.abs(now.getTime() - clock.getTime()) - tookMs) / 1_000;
  if (apart <= mostClockSeconds) return [ok('clock', 'This machine and the database agree.')];
  return [
    warning(
      'clock',
      `This machine and the database are ${Math.round(apart)} s apart.`,
      'Let both follow a time server (chrony, systemd-timesyncd).',
    ),
  ];
}

function judgeClaims({ serving, expired_claims }: DatabaseFacts): Finding[] {
  if (expired_claims === undefined) return [];
  if (expired_claims === null || expired_claims.count === 0) return [ok('claims', 'No lease has run out unnoticed.')];
  const { count, oldest_seconds } = expired_claims;
  const text = `${count} ran out and were not returned yet, the oldest ${Math.round(oldest_seconds)} s ago.`;
  if (oldest_seconds <= mostSweepSeconds) return [ok('claims', text)];
  return [warning('claims', text, serving ? 'Look for "a sweep failed" in the log of the server.' : 'Start a server; it returns them.')];
}

function judgeEvents({ events_held_back }: DatabaseFacts): Finding[] {
  if (events_held_back === undefined) return [];
  if (events_held_back === null || events_held_back.count === 0) return [ok('events', 'None is held back.')];
  const { count, oldest_seconds } = events_held_back;
  const text = `${count} are held back by an open transaction, the oldest for ${Math.round(oldest_seconds)} s.`;
  if (oldest_seconds <= mostEventSeconds) return [ok('events', text)];
  return [
    warning(
      'events',
      text,
      'Find the transaction with `select pid, xact_start, query from pg_stat_activity order by xact_start`, and end it.',
    ),
  ];
}
