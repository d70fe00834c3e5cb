/** Background work that every server does by itself: leases that ran out, what was left undone, and rows whose time is over. */

import { deleteOldKeys } from '../operations/idempotency.ts';
import type { Settings } from '../platform/config/settings.ts';
import type { Database, TransactionScope } from '../platform/database/types.ts';
import { deleteOldEvents } from '../platform/events/outbox.ts';
import { deleteOldJobs } from '../platform/jobs/store.ts';
import type { Events } from '../platform/events/types.ts';
import type { Identity } from '../platform/identity/types.ts';
import type { Models } from '../platform/models/types.ts';
import type { Log } from '../platform/telemetry/log.ts';
import type { Metrics } from '../platform/telemetry/metrics.ts';
import type { Vectors } from '../platform/vectors/types.ts';
import type { LongCalls } from './mcp/long-calls/calls.ts';
import type { WishBook } from './mcp/wishes/wishes.ts';
import { deleteOldEmbeddings, deleteOldTurns, embedPending, keepUp as keepUpIndex } from '../toolsets/knowledge/index.ts';
import { sweepExpired } from '../toolsets/queue/index.ts';

export interface SweepParts {
  settings: Settings;
  log: Log;
  database: Database;
  events: Events;
  identity: Identity;
  models: Models;
  vectors: Vectors;
  longCalls: LongCalls;
  wishes: WishBook;
  metrics?: Metrics | undefined;
}

/** Rows live for hours and days, so looking once an hour is often enough. */
const hourMs = 3_600_000;

/** Whoever adds to an index merges it as well, so this finds only what somebody was stopped before. */
const minuteMs = 60_000;

/** How soon what was taken in gets its vectors, and how often a model that is down is asked again. */
const embeddingMs = 5_000;

interface Sweep {
  name: string;
  everyMs: number;
  run(): Promise<number>;
}

/** Returns how to stop; it resolves when the work under way is done. Replicas may sweep at once: each is one short transaction. */
export function startSweeps({
  settings,
  log,
  database,
  events,
  identity,
  models,
  vectors,
  metrics,
  longCalls,
  wishes,
}: SweepParts): () => Promise<void> {
  const asSystem = (work: (scope: TransactionScope) => Promise<number>) => () => database.transaction('system', { mode: 'write' }, work);
  // A sweep that takes long leaves off between two steps.
  const stopping = new AbortController();
  const sweeps: Sweep[] = [
    { name: 'expired_claims', everyMs: settings.sweepMs, run: () => sweepExpired(database, events, settings) },
    ...(models.embedding === undefined
      ? []
      : [{ name: 'embeddings', everyMs: embeddingMs, run: () => embedPending({ database, vectors, log, signal: stopping.signal }) }]),
    { name: 'search_index', everyMs: minuteMs, run: () => keepUpIndex(database) },
    { name: 'long_calls', everyMs: settings.sweepMs, run: () => longCalls.sweep() },
    { name: 'idempotency_keys', everyMs: hourMs, run: asSystem((scope) => deleteOldKeys(scope, settings.idempotencyHours)) },
    { name: 'old_embeddings', everyMs: hourMs, run: asSystem(deleteOldEmbeddings) },
    { name: 'old_wishes', everyMs: hourMs, run: () => wishes.sweep() },
    { name: 'old_oauth', everyMs: hourMs, run: () => identity.sweep() },
    { name: 'old_questions', everyMs: hourMs, run: asSystem((scope) => deleteOldTurns(scope, settings.questionDays)) },
    { name: 'old_jobs', everyMs: hourMs, run: asSystem((scope) => deleteOldJobs(scope, settings.jobHours)) },
    { name: 'old_events', everyMs: hourMs, run: asSystem((scope) => deleteOldEvents(scope, settings.eventDays)) },
  ];
  const stops = sweeps.map((sweep) => repeat(sweep, log, metrics));
  return async () => {
    stopping.abort();
    await Promise.all(stops.map((stop) => stop()));
  };
}

/** The next run is timed from the end of the last one, so that a slow one never overlaps itself. */
function repeat({ name, everyMs, run }: Sweep, log: Log, metrics: Metrics | undefined): () => Promise<void> {
  let running = Promise.resolve();
  let stopped = false;
  let timer: NodeJS.Timeout;
  const once = async (): Promise<void> => {
    try {
      const count = await run();
      metrics?.sweep(name, 'ok', count);
      if (count > 0) log.debug({ sweep: name, count }, 'swept');
    } catch (error) {
      metrics?.sweep(name, 'failed', 0);
      log.warn({ err: error, sweep: name }, 'a sweep failed; the next one tries again');
    }
    plan();
  };
  const plan = (): void => {
    if (!stopped) timer = setTimeout(() => void (running = once()), everyMs).unref();
  };
  plan();
  return () => {
    stopped = true;
    clearTimeout(timer);
    return running;
  };
}
