/** Every setting of the server, once: its variable, its flag, its type, its default and why that default. */

import { z } from 'zod';
import { backupSettings } from './backup-settings.ts';
import { jobSettings } from './job-settings.ts';
import { knowledgeSettings } from './knowledge-settings.ts';
import { limitSettings } from './limit-settings.ts';
import { modelSettings } from './model-settings.ts';
import { type SettingDefinition, count, httpUrl, list, milliseconds, pairs, port, seconds, setting } from './setting.ts';

export const settingDefinitions = {
  host: setting({
    variable: 'QUARTERDECK_HOST',
    flag: 'host',
    schema: z.string().min(1).default('127.0.0.1'),
    description: 'Address to listen on. Loopback by default, so that a first start is not reachable from the network.',
  }),
  port: setting({
    variable: 'QUARTERDECK_PORT',
    flag: 'port',
    schema: port.default(8000),
    description: 'Port to listen on; 0 takes a free one. `PORT` is read when this is not set.',
  }),
  url: setting({
    variable: 'QUARTERDECK_URL',
    flag: 'public-url',
    schema: httpUrl.transform((text) => text.replace(/\/+$/, '')).optional(),
    description:
      'The address that clients use, and the issuer of tokens; its `/mcp` is the protected resource. Default: the listen address. Changing it makes every client sign in again.',
  }),
  data: setting({
    variable: 'QUARTERDECK_DATA',
    flag: 'data',
    schema: z.string().min(1).default('.quarterdeck'),
    description: 'Folder of the embedded database, the control socket and the secrets made at the first start.',
  }),
  databaseUrl: setting({
    variable: 'DATABASE_URL',
    schema: z
      .string()
      .regex(/^postgres(ql)?:\/\//, 'must start with postgres:// or postgresql://')
      .optional(),
    description: 'PostgreSQL 15 or newer. When it is not set, an embedded database in the data folder is used.',
    secret: true,
  }),
  databasePool: setting({
    variable: 'QUARTERDECK_DATABASE_POOL',
    schema: count(10, 1, 1_000),
    description:
      'Connections of one replica. Ten serve a thousand short transactions a second and leave room for several replicas under the default of 100 connections.',
  }),
  statementTimeoutMs: setting({
    variable: 'QUARTERDECK_STATEMENT_TIMEOUT_MS',
    schema: milliseconds(10_000),
    description: 'Longest time for one statement, below the request time-out, so that the database gives up first.',
  }),
  lockTimeoutMs: setting({
    variable: 'QUARTERDECK_LOCK_TIMEOUT_MS',
    schema: milliseconds(3_000),
    description: 'Longest wait for a row lock, below the statement time-out, so that a busy row is told apart from a slow query.',
  }),
  poolTimeoutMs: setting({
    variable: 'QUARTERDECK_POOL_TIMEOUT_MS',
    schema: milliseconds(5_000),
    description: 'Longest wait for a connection from the pool; after it the caller gets `unavailable` and may try again.',
  }),
  requestTimeoutMs: setting({
    variable: 'QUARTERDECK_REQUEST_TIMEOUT_MS',
    schema: milliseconds(30_000),
    description:
      'Longest time to receive one request and to answer it. Event streams of changes are exempt, and an answer that streams has `QUARTERDECK_ANSWER_MS` more.',
  }),
  maxBodyBytes: setting({
    variable: 'QUARTERDECK_MAX_BODY_BYTES',
    schema: count(4 * 1024 * 1024, 1_024, 1024 * 1024 * 1024),
    description: 'Largest request body. 4 MiB holds a batch of 100 tasks with their longest descriptions.',
  }),
  shortPath: setting({
    variable: 'QUARTERDECK_SHORT_PATH',
    schema: z.enum(['on', 'off']).default('on'),
    description:
      'Answers plain tool calls and tool lists of protocol 2026-07-28 without the SDK, which costs many times as much. `off` sends everything through the SDK; the answers are the same.',
  }),
  maxSubscriptions: setting({
    variable: 'QUARTERDECK_MAX_SUBSCRIPTIONS',
    schema: count(1_024, 0, 100_000),
    description: 'Most event streams open at once on one replica. Each holds a socket and a few kilobytes.',
  }),
  keepAliveMs: setting({
    variable: 'QUARTERDECK_KEEP_ALIVE_MS',
    schema: count(15_000, 20, 86_400_000),
    description: 'How often an event stream gets a comment line, well below the 60 s after which proxies cut idle connections.',
  }),
  drainDelayMs: setting({
    variable: 'QUARTERDECK_DRAIN_DELAY_MS',
    schema: milliseconds(0),
    description:
      'How long the server goes on as before after SIGTERM, with `/health/ready` at 503 already, so that load balancers stop sending before it stops accepting. 0 without one; with Kubernetes, as long as two readiness probes (10000), and less than its 30 s together with the grace.',
  }),
  shutdownGraceMs: setting({
    variable: 'QUARTERDECK_SHUTDOWN_GRACE_MS',
    schema: milliseconds(10_000),
    description: 'How long requests in flight may go on after SIGTERM, below the 30 s that Kubernetes waits by default.',
  }),
  ...limitSettings,
  ...modelSettings,
  cacheMb: setting({
    variable: 'QUARTERDECK_CACHE_MB',
    schema: count(64, 0, 65_536),
    description:
      'MiB of what was read that are kept between requests, so that a word that is searched again costs no query. 64 hold what is asked most among 100,000 passages; 0 keeps nothing.',
  }),
  replicas: setting({
    variable: 'QUARTERDECK_REPLICAS',
    schema: count(1, 1, 10_000),
    description: 'How many replicas serve the same database. With more than one, every secret must be given, so that all share it.',
  }),
  authSecret: setting({
    variable: 'BETTER_AUTH_SECRET',
    schema: z.string().min(32, 'must have at least 32 characters').optional(),
    description:
      'Encrypts the private signing keys at rest, and signs the questions that wait for a person. Made once into the data folder on a loopback bind; must be given elsewhere.',
    secret: true,
  }),
  signup: setting({
    variable: 'QUARTERDECK_SIGNUP',
    schema: z.enum(['open', 'closed']).optional(),
    description: 'Whether strangers may sign up. Default: open on a loopback bind, closed elsewhere.',
  }),
  allowedHosts: setting({
    variable: 'QUARTERDECK_ALLOWED_HOSTS',
    schema: list,
    description:
      'Further names, comma-separated, that requests may carry in `Host`. Loopback names and the host of `QUARTERDECK_URL` are always allowed; the check stops DNS rebinding.',
  }),
  corsOrigins: setting({
    variable: 'CORS_ORIGINS',
    schema: list,
    description: 'Origins, comma-separated, whose pages may call the server. Its own origin is always allowed.',
  }),
  metricsToken: setting({
    variable: 'METRICS_TOKEN',
    schema: z.string().min(16, 'must have at least 16 characters').optional(),
    description: 'Bearer token for `/metrics`. Without it the metrics are open on a loopback bind and answer 404 elsewhere.',
    secret: true,
  }),
  metricsPort: setting({
    variable: 'QUARTERDECK_METRICS_PORT',
    schema: port.optional(),
    description: 'A second port that serves only `/metrics` and the probes, for a private network.',
  }),
  logLevel: setting({
    variable: 'LOG_LEVEL',
    schema: z.enum(['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent']).default('info'),
    description: 'Least severe log line that is written. Each line is one JSON object on standard error.',
  }),
  otlpEndpoint: setting({
    variable: 'OTEL_EXPORTER_OTLP_ENDPOINT',
    schema: httpUrl.transform((text) => text.replace(/\/+$/, '')).optional(),
    description:
      'Address of an OpenTelemetry collector that speaks OTLP over HTTP, such as `http://127.0.0.1:4318`. Traces and metrics go to it. Default: nothing is sent, and none of it is loaded.',
  }),
  otlpProtocol: setting({
    variable: 'OTEL_EXPORTER_OTLP_PROTOCOL',
    schema: z.enum(['http/protobuf', 'http/json']).default('http/protobuf'),
    description: 'How telemetry is written. Every collector reads the default.',
  }),
  otlpHeaders: setting({
    variable: 'OTEL_EXPORTER_OTLP_HEADERS',
    schema: pairs,
    description: 'Headers for the collector, as `name=value,name=value`, with values in percent-encoding.',
    secret: true,
  }),
  otelServiceName: setting({
    variable: 'OTEL_SERVICE_NAME',
    schema: z.string().min(1).default('quarterdeck'),
    description: 'What traces and metrics call this service.',
  }),
  otelResourceAttributes: setting({
    variable: 'OTEL_RESOURCE_ATTRIBUTES',
    schema: pairs,
    description: 'What else traces and metrics say of this process, as `name=value,name=value`: `deployment.environment.name=staging`.',
  }),
  otelTraceRatio: setting({
    variable: 'OTEL_TRACES_SAMPLER_ARG',
    schema: z.coerce.number().min(0).max(1).default(1),
    description: 'Share of the traces that begin here which are kept. A caller that sends `traceparent` has decided for its own.',
  }),
  otelBatchMs: setting({
    variable: 'OTEL_BSP_SCHEDULE_DELAY',
    schema: count(5_000, 100, 60_000),
    description: 'How long finished spans are gathered before they are sent to the collector.',
  }),
  otelMetricMs: setting({
    variable: 'OTEL_METRIC_EXPORT_INTERVAL',
    schema: count(60_000, 100, 3_600_000),
    description: 'How often metrics are sent to the collector.',
  }),
  sentryDsn: setting({
    variable: 'SENTRY_DSN',
    schema: httpUrl.optional(),
    description: 'Where mistakes of the program are reported, with secrets removed and without inputs. Default: nowhere.',
    secret: true,
  }),
  sentryEnvironment: setting({
    variable: 'SENTRY_ENVIRONMENT',
    schema: z.string().min(1).default('production'),
    description: 'What reports of mistakes call this installation.',
  }),
  sessionTokenSeconds: setting({
    variable: 'QUARTERDECK_TOKEN_SECONDS',
    schema: seconds(3_600),
    description: 'Life of a token from sign-in. One hour: long enough for a session of work, short enough for a token that leaked.',
  }),
  revocationPollMs: setting({
    variable: 'QUARTERDECK_REVOCATION_POLL_MS',
    schema: count(2_000, 100, 5_000),
    description: 'How often a replica reads what was revoked. At most 5 s, because that is the promise.',
  }),
  leaseSeconds: setting({
    variable: 'QUARTERDECK_LEASE_SECONDS',
    schema: seconds(900, 86_400),
    description:
      'Lease of a claim when the caller names none. Fifteen minutes: most agent steps are shorter, and a dead agent does not hold work for long.',
  }),
  maxAttempts: setting({
    variable: 'QUARTERDECK_MAX_ATTEMPTS',
    schema: count(3, 1, 100),
    description: 'How many leases of a task may run out before it needs attention: once can be a crash, three times is the task.',
  }),
  sweepMs: setting({
    variable: 'QUARTERDECK_SWEEP_MS',
    schema: count(5_000, 100, 3_600_000),
    description: 'How often leases that ran out are returned. The next claim does it as well; this only makes sure that there is an event.',
  }),
  longCallSeconds: setting({
    variable: 'QUARTERDECK_LONG_CALL_SECONDS',
    schema: seconds(3_600, 604_800),
    description:
      'How long a call that goes on after its request may take. What comes of it, a question or a result, is kept for as long again. One hour: longer than clients poll, and nothing piles up.',
  }),
  longCallLeaseSeconds: setting({
    variable: 'QUARTERDECK_LONG_CALL_LEASE_SECONDS',
    schema: seconds(30, 3_600),
    description:
      'How long such a call is believed to run after its replica was last heard of; it is heard of three times as often. Thirty seconds outlive a restart of the database.',
  }),
  longCallPollMs: setting({
    variable: 'QUARTERDECK_LONG_CALL_POLL_MS',
    schema: count(1_000, 100, 3_600_000),
    description: 'How often a client is told to ask for the result of such a call. Each time is one read of one row.',
  }),
  idempotencyHours: setting({
    variable: 'QUARTERDECK_IDEMPOTENCY_HOURS',
    schema: count(24, 1, 720),
    description: 'How long the answer to an idempotency key is kept. A day outlives any client that retries.',
  }),
  eventDays: setting({
    variable: 'QUARTERDECK_EVENT_DAYS',
    schema: count(90, 1, 3_650),
    description: 'How long events are kept. They are the history of tasks, so a quarter of a year.',
  }),
  ...knowledgeSettings,
  ...jobSettings,
  ...backupSettings,
} satisfies Record<string, SettingDefinition>;

type Definitions = typeof settingDefinitions;
export type SettingName = keyof Definitions;

/** The effective settings. */
export type Settings = { [Name in SettingName]: z.output<Definitions[Name]['schema']> };
