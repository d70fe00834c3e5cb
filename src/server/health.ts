/** Answers probes: whether the process lives, whether it should get traffic, and how its parts are. */

import { timingSafeEqual, createHash } from 'node:crypto';
import type { Settings } from '../platform/config/settings.ts';
import { isLoopback } from '../platform/config/read.ts';
import type { Database } from '../platform/database/types.ts';
import { notFound } from '../platform/problem.ts';
import type { Metrics } from '../platform/telemetry/metrics.ts';
import { type Route, json } from './route.ts';
import { version, versionView } from './version.ts';

export type Phase = 'starting' | 'serving' | 'stopping';

/** A probe must not wait longer than its own time-out, which is one second by default in Kubernetes. */
const pingTimeoutMs = 900;

/** Many probes in one second cost one ping. */
const pingCacheMs = 1_000;

export interface HealthView {
  status: 'healthy' | 'degraded' | 'unhealthy';
  version: string;
  database: 'connected' | 'disconnected';
  uptime_seconds: number;
  checks: Record<string, { status: 'ok' | 'failed'; message?: string }>;
}

export interface Health {
  phase: Phase;
  /** Absent until it is open. */
  database: Database | undefined;
  /** Parts that it can do without for a while, by name: each says what is wrong with it, or undefined. */
  optional: Record<string, () => string | undefined>;
  view(): Promise<HealthView>;
}

export function createHealth(): Health {
  let last: { at: number; result: Promise<string | undefined> } | undefined;
  const health: Health = {
    phase: 'starting',
    database: undefined,
    optional: {},
    async view() {
      if (last === undefined || performance.now() - last.at > pingCacheMs) last = { at: performance.now(), result: ping(health.database) };
      const failure = await last.result;
      const connected = failure === undefined;
      const optional = Object.entries(health.optional).map(([name, look]) => [name, checkOf(look())] as const);
      const whole = optional.every(([, { status }]) => status === 'ok');
      return {
        status: connected ? (whole ? 'healthy' : 'degraded') : 'unhealthy',
        version,
        database: connected ? 'connected' : 'disconnected',
        uptime_seconds: Math.floor(process.uptime()),
        checks: { database: checkOf(failure), ...Object.fromEntries(optional) },
      };
    },
  };
  return health;
}

function checkOf(failure: string | undefined): HealthView['checks'][string] {
  return failure === undefined ? { status: 'ok' } : { status: 'failed', message: failure };
}

/** What is wrong with the database; undefined: nothing. */
async function ping(database: Database | undefined): Promise<string | undefined> {
  if (database === undefined) return 'The database is not open yet.';
  try {
    await database.ping(pingTimeoutMs);
    return undefined;
  } catch {
    return `The database did not answer within ${pingTimeoutMs} ms.`;
  }
}

/** A disk that was full is taken to be so for a while: when there is space, nothing says so. */
const storageMemoryMs = 30_000;

/** What is wrong with the disk of the database; undefined: nothing that a caller has met. */
export function storageFailure(database: Pick<Database, 'storageFullAt'>): string | undefined {
  const fullAt = database.storageFullAt() ?? -Infinity;
  if (performance.now() - fullAt > storageMemoryMs) return undefined;
  return 'The disk of the database is full: writes are refused. Free space on it; no restart is needed.';
}

export function healthRoutes(health: Health): Route[] {
  return [
    {
      method: 'GET',
      path: '/health',
      async handle() {
        const view = await health.view();
        return json(view, view.status === 'unhealthy' ? 503 : 200);
      },
    },
    { method: 'GET', path: '/health/live', handle: () => json({ status: 'alive' }) },
    {
      method: 'GET',
      path: '/health/ready',
      async handle() {
        if (health.phase !== 'serving') return json({ status: health.phase }, 503);
        const { database } = await health.view();
        return database === 'connected' ? json({ status: 'ready' }) : json({ status: 'unavailable', database }, 503);
      },
    },
    { method: 'GET', path: '/version', handle: async () => json(await versionView()) },
  ];
}

/** Open on a loopback bind; elsewhere with the token, and without one it is as if there were nothing here. */
export function metricsRoute(metrics: Metrics, settings: Pick<Settings, 'host' | 'metricsToken'>, isPrivate = false): Route {
  const { metricsToken } = settings;
  const open = isPrivate || (metricsToken === undefined && isLoopback(settings.host));
  return {
    method: 'GET',
    path: '/metrics',
    async handle({ incoming }) {
      const [, sent = ''] = /^Bearer (.+)$/i.exec(incoming.headers.authorization ?? '') ?? [];
      if (!open && (metricsToken === undefined || !same(sent, metricsToken)))
        throw notFound({ message: 'There are no metrics here for this caller.', next: 'Send METRICS_TOKEN as a bearer token.' });
      return new Response(await metrics.text(), { headers: { 'Content-Type': metrics.contentType, 'Cache-Control': 'no-store' } });
    },
  };
}

/** Compares hashes, so that neither the length nor the time tells anything about the secret. */
function same(a: string, b: string): boolean {
  const hash = (text: string) => createHash('sha256').update(text).digest();
  return timingSafeEqual(hash(a), hash(b));
}
