/** Opens everything that stands below the faces, and the background work over it: for the server, for stdio and for commands. */

import type { EffectiveSettings } from '../platform/config/read.ts';
import { isLoopback } from '../platform/config/read.ts';
import { deriveKey, loadSecrets } from '../platform/config/secrets.ts';
import type { Settings } from '../platform/config/settings.ts';
import { migrateUp, migrationStatus } from '../platform/database/migrate.ts';
import { openDatabase, waitForDatabase } from '../platform/database/open.ts';
import type { Database } from '../platform/database/types.ts';
import { openEvents } from '../platform/events/open.ts';
import type { Events } from '../platform/events/types.ts';
import { openIdentity } from '../platform/identity/open.ts';
import { type Limits, openLimits } from '../platform/limits/open.ts';
import type { Identity } from '../platform/identity/types.ts';
import { createJobs } from '../platform/jobs/open.ts';
import type { Jobs } from '../platform/jobs/types.ts';
import { openModels } from '../platform/models/open.ts';
import type { Models } from '../platform/models/types.ts';
import { type Cache, createCache } from '../platform/cache.ts';
import { openVectors } from '../platform/vectors/open.ts';
import type { Vectors } from '../platform/vectors/types.ts';
import type { Log } from '../platform/telemetry/log.ts';
import type { Metrics } from '../platform/telemetry/metrics.ts';
import { createRegistry } from '../operations/registry.ts';
import type { Registry } from '../operations/types.ts';
import type { Toolset } from '../operations/operation.ts';
import { toolsets as ours } from '../toolsets/index.ts';
import { type LongCalls, createLongCalls } from './mcp/long-calls/calls.ts';
import { type Questions, createQuestions } from './mcp/questions.ts';
import { type WishBook, createWishBook } from './mcp/wishes/wishes.ts';
import { startSweeps } from './sweep.ts';

export interface Platform {
  readonly effective: EffectiveSettings;
  readonly settings: Settings;
  readonly log: Log;
  /** The address that tokens are issued under. */
  readonly issuer: string;
  readonly database: Database;
  readonly identity: Identity;
  readonly events: Events;
  readonly limits: Limits;
  readonly models: Models;
  readonly vectors: Vectors;
  readonly cache: Cache;
  readonly registry: Registry;
  readonly jobs: Jobs;
  readonly questions: Questions;
  readonly longCalls: LongCalls;
  readonly wishes: WishBook;
  /** In the reverse order of opening. Idempotent. */
  close(): Promise<void>;
}

export interface PlatformOptions {
  /** Default: from the settings. The server knows better when it took a free port. */
  issuer?: string | undefined;
  /** Apply pending migrations first. Otherwise they are a reason not to open. */
  migrate?: boolean | undefined;
  /** Ends the wait for a database that is not there yet. */
  signal?: AbortSignal | undefined;
  /** Default: ours. */
  toolsets?: readonly Toolset[] | undefined;
  /** Told of every call, event, transaction and sweep. */
  metrics?: Metrics | undefined;
}

/** @throws Error when migrations are pending or the data cannot be opened */
export async function openPlatform(effective: EffectiveSettings, log: Log, options: PlatformOptions = {}): Promise<Platform> {
  const { settings } = effective;
  const closers: (() => unknown)[] = [];
  const close = closeOnce(closers);
  try {
    const issuer = options.issuer ?? issuerOf(settings, settings.port);
    const { metrics, toolsets = ours } = options;
    const database = await openDatabase({ settings, log, observer: metrics?.database });
    closers.push(() => database.close());
    await prepareDatabase(database, log, options);
    const identity = await openIdentity({ settings, database, log, issuer, loopback: isLoopback(settings.host) });
    closers.push(() => identity.close());
    const events = await openEvents({ database, log });
    closers.push(() => events.close());
    const limits = await openLimits({ settings, database, log });
    closers.push(() => limits.close());
    const models = await openModels({ settings, log, observer: metrics?.models });
    closers.push(() => models.close());
    const vectors = openVectors({ database, models, log });
    closers.push(() => vectors.close());
    const cache = createCache(settings);
    const observers = { observe: metrics?.operation, committed: metrics?.event };
    const jobs = createJobs({ database, events, settings, log, observer: metrics?.jobs });
    const registry = createRegistry({ toolsets, database, identity, events, models, vectors, cache, jobs, settings, log, ...observers });
    closers.push(() => jobs.close());
    await jobs.start(registry.jobs, registry.runJob);
    const longCalls = createLongCalls({ database, settings, log });
    closers.push(() => longCalls.close());
    const wishes = createWishBook(database);
    closers.push(startSweeps({ settings, log, database, events, identity, models, vectors, metrics, longCalls, wishes }));
    const questions = createQuestions(deriveKey(loadSecrets(settings), 'mcp request state'));
    return {
      effective,
      settings,
      log,
      issuer,
      database,
      identity,
      events,
      limits,
      models,
      vectors,
      cache,
      registry,
      jobs,
      questions,
      longCalls,
      wishes,
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

async function prepareDatabase(database: Database, log: Log, { migrate, signal }: PlatformOptions): Promise<void> {
  await waitForDatabase(database, log, signal);
  if (migrate === true) return void (await migrateUp(database, log));
  const { pending, unknown, incompatible } = await migrationStatus(database);
  if (incompatible.length > 0)
    throw new Error(
      `The database is newer than this version: it has ${incompatible.join(', ')}, which is not known here. Run the newer version, or undo them with it.`,
    );
  if (unknown.length > 0) log.warn({ migrations: unknown }, 'the database is newer than this version, which works with it all the same');
  if (pending.length > 0)
    throw new Error(
      `The database is not ready: ${pending.length} migrations are pending (${pending.join(', ')}). Run \`quarterdeck migrate up\`, or use \`quarterdeck start\`.`,
    );
}

/** `QUARTERDECK_URL`, else the listen address. An address that means every interface is not one that a client can use. */
export function issuerOf(settings: Pick<Settings, 'url' | 'host'>, port: number): string {
  if (settings.url !== undefined) return settings.url;
  const everywhere: Record<string, string> = { '0.0.0.0': '127.0.0.1', '::': '::1' };
  const host = everywhere[settings.host] ?? settings.host.replace(/^\[|\]$/g, '');
  return `http://${host.includes(':') ? `[${host}]` : host}:${port}`;
}

function closeOnce(closers: readonly (() => unknown)[]): () => Promise<void> {
  let closed: Promise<void> | undefined;
  const run = async () => {
    for (const closer of closers.toReversed()) await closer();
  };
  return () => (closed ??= run());
}
