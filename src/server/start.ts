/** Starts the whole server: it listens first, so that probes get an answer and a taken port costs nothing, then opens everything else. */

import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Server } from 'node:http';
import type { EffectiveSettings } from '../platform/config/read.ts';
import type { Settings } from '../platform/config/settings.ts';
import { unavailable } from '../platform/problem.ts';
import type { Toolset } from '../operations/operation.ts';
import type { Registry } from '../operations/types.ts';
import type { Log } from '../platform/telemetry/log.ts';
import { type Metrics, createMetrics } from '../platform/telemetry/metrics.ts';
import { type Admission, createAdmission } from './admission.ts';
import { type Control, openControl } from './control.ts';
import { createBacklogReader } from './database-facts.ts';
import { createGuard } from './guard.ts';
import { type Health, createHealth, healthRoutes, metricsRoute, storageFailure } from './health.ts';
import { type HttpServer, type Surface, createHttpServer } from './http.ts';
import { type McpFace, createMcpFace } from './mcp/face.ts';
import { type Offers, offersOf } from './mcp/offers.ts';
import type { Questions } from './mcp/questions.ts';
import { type Platform, issuerOf, openPlatform } from './platform.ts';
import { createSurface } from './surface.ts';
import { version } from './version.ts';

export interface StartOptions {
  /** Apply pending migrations first. Otherwise the start is refused while there are any. */
  migrate?: boolean;
  /** Ends a start that waits for its database. */
  signal?: AbortSignal;
  /** Serves other things than the product does: for the conformance suite, which calls tools of its own. */
  instead?: Instead;
}

export interface Instead {
  toolsets: readonly Toolset[];
  offers(registry: Registry): Offers;
  questions(ours: Questions): Questions;
}

export interface RunningServer {
  /** The address that it is reached at, with the real port. */
  readonly url: string;
  readonly port: number;
  readonly platform: Platform;
  readonly registry: Registry;
  /** Not ready, stops accepting, ends streams, lets requests in flight finish, closes the data. Idempotent. */
  close(): Promise<void>;
}

/** @throws Error when the port is taken, migrations are pending, or the data cannot be opened */
export async function startServer(effective: EffectiveSettings, log: Log, options: StartOptions = {}): Promise<RunningServer> {
  const { settings } = effective;
  const health = createHealth();
  const metrics = createMetrics(version);
  const http = createHttpServer({ settings, log, metrics, surface: startingSurface(settings, health) });
  const port = await listen(http.server, settings.host, settings.port);
  const url = issuerOf({ host: settings.host, url: undefined }, port);
  const opened: Opened = { log, settings, health, metrics, http };
  const stop = runOnce(() => shutDown(opened));
  try {
    opened.stopTelemetry = await startTelemetry(settings, metrics, log);
    opened.privateHttp = await openPrivatePort(settings, log, metrics, health);
    const platform = await openPlatform(effective, log, {
      issuer: issuerOf(settings, port),
      migrate: options.migrate,
      signal: options.signal,
      toolsets: options.instead?.toolsets,
      metrics,
    });
    opened.platform = platform;
    const { registry, events, longCalls, jobs, wishes, cache, database, issuer } = platform;
    const { offers: offer = offersOf, questions: around = same } = options.instead ?? {};
    const [offers, questions] = [offer(registry), around(platform.questions)];
    const face = createMcpFace({ registry, events, questions, longCalls, wishes, settings, log, version, ...offers });
    opened.face = face;
    metrics.observe({
      database: () => database.stats(),
      inFlight: () => http.inFlight(),
      openStreams: () => face.openStreams,
      longCalls: () => longCalls.running,
      cacheBytes: () => cache.bytes,
      jobs: () => jobs.running,
      backlogs: createBacklogReader(database),
    });
    health.database = database;
    health.optional['storage'] = () => storageFailure(database);
    opened.control = await openControl({ platform, metrics, url, offers });
    if (settings.redisUrl !== undefined) health.optional['redis'] = () => platform.limits.failure;
    for (const [use, model] of Object.entries({ chat_model: platform.models.chat, embedding_model: platform.models.embedding }))
      if (model !== undefined) health.optional[use] = () => model.failure;
    if (platform.models.embedding !== undefined) health.optional['vectors'] = () => platform.vectors.failure;
    opened.admission = createAdmission({ limits: platform.limits, metrics, settings });
    http.serve(createSurface({ platform, face, health, metrics, admission: opened.admission }));
    health.phase = 'serving';
    log.info({ url, issuer, version, database: database.kind }, 'listening');
    return { url, port, platform, registry, close: stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** Loads what sends telemetry elsewhere, where there is an elsewhere; returns how to send what is left. */
async function startTelemetry(settings: Settings, metrics: Metrics, log: Log): Promise<() => Promise<void>> {
  const stops: (() => Promise<void>)[] = [];
  if (settings.otlpEndpoint !== undefined) {
    const { startOtlp } = await import('../platform/telemetry/otlp.ts');
    stops.push(await startOtlp({ settings, metrics, log, version }));
  }
  if (settings.sentryDsn !== undefined) {
    const { startSentry } = await import('../platform/telemetry/sentry.ts');
    stops.push(startSentry(settings, version));
  }
  return async () => void (await Promise.all(stops.map((stop) => stop())));
}

/** Before everything is open: probes are answered, all else is told to come back. */
function startingSurface(settings: Settings, health: Health): Surface {
  return {
    guard: createGuard(settings, settings.url ?? 'http://localhost'),
    routes: healthRoutes(health),
    missing: () => unavailable({ message: 'The server is starting.', next: 'Try again in a second; /health/ready tells when it is done.' }),
    challenge: ({ status }) => (status === 401 ? 'Bearer' : undefined),
  };
}

/** Metrics and probes alone, for a network that clients do not reach. */
async function openPrivatePort(settings: Settings, log: Log, metrics: Metrics, health: Health): Promise<HttpServer | undefined> {
  if (settings.metricsPort === undefined) return undefined;
  const surface: Surface = {
    // Scrapers find it by address, and no page of a browser can do anything here.
    guard: { check: () => undefined, share: () => false },
    routes: [...healthRoutes(health), metricsRoute(metrics, settings, true)],
    challenge: ({ status }) => (status === 401 ? 'Bearer' : undefined),
  };
  const http = createHttpServer({ settings, log, metrics, surface });
  const port = await listen(http.server, settings.host, settings.metricsPort);
  log.info({ port }, 'metrics are served on a private port');
  return http;
}

interface Opened {
  log: Log;
  settings: Settings;
  health: Health;
  metrics: Metrics;
  http: HttpServer;
  privateHttp?: HttpServer | undefined;
  platform?: Platform;
  face?: McpFace;
  control?: Control;
  admission?: Admission;
  stopTelemetry?: () => Promise<void>;
}

/** The order matters: nobody is sent here any more, then nobody gets in, then the last ones finish, then the floor goes. */
async function shutDown({
  log,
  settings,
  health,
  metrics,
  http,
  privateHttp,
  platform,
  face,
  control,
  admission,
  stopTelemetry,
}: Opened): Promise<void> {
  const served = health.phase === 'serving';
  health.phase = 'stopping';
  log.info({ drain_delay_ms: settings.drainDelayMs, grace_ms: settings.shutdownGraceMs }, 'stopping');
  if (served) await sleep(settings.drainDelayMs);
  const drained = Promise.all([http.drain(settings.shutdownGraceMs), platform?.jobs.close()]);
  await face?.close();
  await control?.close();
  await drained;
  admission?.close();
  await platform?.close();
  // Last, so that a probe or scraper sees the shutdown to its end.
  await privateHttp?.drain(0);
  await stopTelemetry?.();
  metrics.close();
  log.info('stopped');
}

/** The port that was taken; with 0 the system chooses. @throws Error that says who has the port, or what is wrong with the address */
async function listen(server: Server, host: string, port: number): Promise<number> {
  try {
    server.listen({ host: host.replace(/^\[|\]$/g, ''), port });
    await once(server, 'listening');
    return (server.address() as AddressInfo).port;
  } catch (error) {
    throw await listenError(error as NodeJS.ErrnoException, host, port);
  }
}

async function listenError(error: NodeJS.ErrnoException, host: string, port: number): Promise<Error> {
  const place = `Cannot listen on ${host} port ${port}`;
  const hints: Record<string, () => Promise<string> | string> = {
    EADDRINUSE: async () => `${await occupant(host, port)} has it. Stop that one, or choose another port with --port (0 takes a free one).`,
    EACCES: () => 'this user may not take the port. Choose one above 1023 with --port.',
    EADDRNOTAVAIL: () => 'this machine has no such address. Choose one of its own with --host, or 0.0.0.0 for all.',
    ENOTFOUND: () => 'the host name is not known. Give an address of this machine with --host.',
  };
  const hint = (await hints[error.code ?? '']?.()) ?? `${error.message}. Choose another address with --host and --port.`;
  return new Error(`${place}: ${hint}`, { cause: error });
}

/** Who answers on a taken port: one of us says so. */
async function occupant(host: string, port: number): Promise<string> {
  try {
    const answer = await fetch(`${issuerOf({ host, url: undefined }, port)}/version`, { signal: AbortSignal.timeout(1_000) });
    const { version: found, protocol_versions: protocols } = (await answer.json()) as { version?: unknown; protocol_versions?: unknown };
    if (typeof found === 'string' && Array.isArray(protocols)) return `another Quarterdeck (version ${found})`;
  } catch {
    // Something that does not speak HTTP, or nothing that answers: the name of the program is for the system's tools to tell.
  }
  return 'another program';
}

function same<Value>(value: Value): Value {
  return value;
}

function runOnce(work: () => Promise<void>): () => Promise<void> {
  let done: Promise<void> | undefined;
  return () => (done ??= work());
}
