/** Prometheus metrics of one server, behind functions that fix their names and labels. */

import { Registry, collectDefaultMetrics } from 'prom-client';
import { defineGauges } from './gauges.ts';
import { type Instruments, defineInstruments } from './instruments.ts';

/** A client chooses the method, so anything unusual shares one label value and cannot grow the metrics. */
const knownMethods = new Set(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']);

/** How many there are that wait, and for how long the oldest. */
export interface Backlog {
  count: number;
  oldest_seconds: number;
}

/** Read when the metrics are asked for. */
export interface MetricSources {
  database(): { total: number; idle: number; waiting: number };
  inFlight(): number;
  openStreams(): number;
  longCalls(): number;
  cacheBytes(): number;
  jobs(): number;
  /** Undefined while the database does not answer: a scrape must not fail or wait because of it. Asked twice for each scrape. */
  backlogs(): Promise<{ events: Backlog; claims: Backlog; jobs: Backlog } | undefined>;
}

/** What the database tells of itself. */
export interface DatabaseObserver {
  /** A caller got a connection of the pool, or gave up. */
  waited(seconds: number): void;
  /** `outcome` is `ok`, or the code of the problem. */
  transaction(mode: 'read' | 'write', outcome: string, seconds: number): void;
  statement(text: string, failed: boolean, seconds: number): void;
}

/** What the way to a model tells of it. */
export interface ModelObserver {
  /** A call with all its attempts. `outcome` is `ok`, `cancelled`, `not_called`, or the kind of the failure. */
  called(call: ModelCall): void;
  retried(model: string): void;
}

export interface ModelCall {
  /** As in the settings. */
  model: string;
  outcome: string;
  seconds: number;
  /** As the model's API counts them; undefined: it did not tell. */
  input_tokens?: number | undefined;
  output_tokens?: number | undefined;
}

/** What becomes of jobs. */
export interface JobObserver {
  /** A run ended: `done`, `failed`, `again` for one that is tried again or was given back, `lost` for one that was cancelled or taken. */
  ended(kind: string, outcome: string, seconds: number): void;
}

export interface MetricSample {
  name: string;
  labels: Record<string, string>;
  value: number;
}

export interface McpMeasurement {
  method: string;
  tool: string;
  protocol: string;
  outcome: string;
  seconds: number;
}

export interface Metrics {
  readonly contentType: string;
  readonly registry: Registry;
  /** `route` is the pattern, never the path, or every task id would be a series of its own. `seconds` is undefined for an event stream. */
  httpRequest(request: { route: string; method: string; status: number; seconds: number | undefined }): void;
  /** `outcome` is `ok` or the code of the problem. */
  operation(name: string, face: string, outcome: string, seconds: number): void;
  /** Every word is one of a set that the server knows: see `describeCall`. */
  mcpRequest(request: McpMeasurement): void;
  readonly database: DatabaseObserver;
  readonly models: ModelObserver;
  readonly jobs: JobObserver;
  /** An event of a transaction that was committed. */
  event(type: string, data?: Record<string, unknown>): void;
  authFailure(cause: string): void;
  /** A request was refused because of a limit: `limit` names it, and comes from the code. */
  limitHit(limit: string): void;
  sweep(name: string, outcome: 'ok' | 'failed', count: number): void;
  /** Where the gauges read from; before it is called they are absent. */
  observe(sources: MetricSources): void;
  text(): Promise<string>;
  /** Every number by itself, for `doctor`; the buckets of a histogram are `…_bucket` with the label `le`. */
  samples(): Promise<MetricSample[]>;
  /** What there is, for the reference. */
  describe(): { name: string; type: string; help: string; labels: readonly string[] }[];
  close(): void;
}

export function createMetrics(version: string): Metrics {
  // A registry of its own, because the library's global one would mix two servers in one process.
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  const instruments = defineInstruments(registry, version);
  const { http, operations, mcp, claims, authFailures, limits, sweeps, swept } = instruments;
  return {
    contentType: registry.contentType,
    registry,
    httpRequest({ route, method, status, seconds }) {
      const labels = { route, method: knownMethods.has(method) ? method : 'other', status: `${Math.floor(status / 100)}xx` };
      http.count.inc(labels);
      if (seconds !== undefined) http.duration.observe(labels, seconds);
    },
    operation(operation, face, outcome, seconds) {
      const labels = { operation, face, outcome };
      operations.count.inc(labels);
      operations.duration.observe(labels, seconds);
      if (outcome === 'stale_claim') claims.inc({ event: 'stale' });
    },
    mcpRequest: ({ seconds, ...labels }) => mcp.observe(labels, seconds),
    database: databaseObserver(instruments),
    models: modelObserver(instruments),
    jobs: { ended: (kind, outcome, seconds) => instruments.jobs.observe({ kind, outcome }, seconds) },
    event(type, data) {
      const event = claimEvent(type, data);
      if (event !== undefined) claims.inc({ event });
    },
    authFailure: (cause) => authFailures.inc({ cause }),
    limitHit: (limit) => limits.inc({ limit }),
    sweep(sweep, outcome, count) {
      sweeps.inc({ sweep, outcome });
      swept.inc({ sweep }, count);
      // Those that a claim returns on its way are told by their events.
      if (sweep === 'expired_claims') claims.inc({ event: 'expired' }, count);
    },
    observe: (sources) => defineGauges(registry, sources),
    text: () => registry.metrics(),
    samples: () => readSamples(registry),
    describe: () => registry.getMetricsAsArray().map(describeMetric),
    close: () => registry.clear(),
  };
}

async function readSamples(registry: Registry): Promise<MetricSample[]> {
  const metrics = await registry.getMetricsAsJSON();
  return metrics.flatMap(({ name, values }) =>
    // The library's types leave out the name that each line of a histogram has.
    (values as { value: number; labels: Record<string, string | number>; metricName?: string }[]).map(
      ({ value, labels, metricName = name }) => ({
        name: metricName,
        labels: Object.fromEntries(Object.entries(labels).map(([label, text]) => [label, String(text)])),
        value,
      }),
    ),
  );
}

/** The library's types leave out the names of the labels. */
function describeMetric(metric: object) {
  const { name, type, help, labelNames = [] } = metric as { name: string; type: string; help: string; labelNames?: readonly string[] };
  return { name, type, help, labels: labelNames };
}

function databaseObserver({ waits, transactions, statements }: Instruments): DatabaseObserver {
  return {
    waited: (seconds) => waits.observe(seconds),
    transaction: (mode, outcome, seconds) => transactions.observe({ mode, outcome }, seconds),
    statement: (text, failed, seconds) =>
      statements.observe({ statement: statementKind(text), outcome: failed ? 'failed' : 'ok' }, seconds),
  };
}

function modelObserver({ models: { duration, tokens, retries } }: Instruments): ModelObserver {
  return {
    called({ model, outcome, seconds, input_tokens, output_tokens }) {
      duration.observe({ model, outcome }, seconds);
      if (input_tokens !== undefined) tokens.inc({ model, direction: 'input' }, input_tokens);
      if (output_tokens !== undefined) tokens.inc({ model, direction: 'output' }, output_tokens);
    },
    retried: (model) => retries.inc({ model }),
  };
}

/** The life of a claim, as its events tell it; a task that is completed with a fence was a claim that was finished. */
function claimEvent(type: string, data: Record<string, unknown> = {}): string | undefined {
  if (type === 'task.completed') return data['fence'] === undefined ? undefined : 'finished';
  return type.startsWith('claim.') ? type.slice('claim.'.length) : undefined;
}

const statementKinds = new Set(['select', 'insert', 'update', 'delete', 'with', 'begin', 'commit', 'rollback']);

/** The first word: enough to tell reading, writing and waiting for the disk apart, and never more than a handful of series. */
export function statementKind(text: string): string {
  const [word = ''] = /[a-z]+/i.exec(text.slice(0, 32)) ?? [];
  const kind = word.toLowerCase();
  return statementKinds.has(kind) ? kind : 'other';
}
