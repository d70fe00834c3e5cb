/** Prometheus metrics of one server, behind functions that fix their names and labels. */

import { Counter, Gauge, Histogram, Registry, collectDefaultMetrics } from 'prom-client';

/** Seconds. From a cached read (1 ms) to the default request time-out (30 s). */
const buckets = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];

/** A client chooses the method, so anything unusual shares one label value and cannot grow the metrics. */
const knownMethods = new Set(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']);

/** Read when the metrics are asked for. */
export interface MetricSources {
  database(): { total: number; idle: number; waiting: number };
  openStreams(): number;
}

export interface Metrics {
  readonly contentType: string;
  /** `route` is the pattern, never the path, or every task id would be a series of its own. */
  httpRequest(request: { route: string; method: string; status: number; seconds: number }): void;
  /** `outcome` is `ok` or the code of the problem. */
  operation(name: string, face: string, outcome: string, seconds: number): void;
  /** Where the gauges read from; before it is called they are absent. */
  observe(sources: MetricSources): void;
  text(): Promise<string>;
  close(): void;
}

export function createMetrics(version: string): Metrics {
  // A registry of its own, because the library's global one would mix two servers in one process.
  const registers = [new Registry()];
  const [registry] = registers as [Registry];
  collectDefaultMetrics({ register: registry });
  new Gauge({ name: 'quarterdeck_build_info', help: 'Always 1; the version is a label.', labelNames: ['version'], registers }).set(
    { version },
    1,
  );
  const http = httpMetrics(registers);
  const operations = operationMetrics(registers);
  return {
    contentType: registry.contentType,
    httpRequest({ route, method, status, seconds }) {
      const labels = { route, method: knownMethods.has(method) ? method : 'other', status: `${Math.floor(status / 100)}xx` };
      http.count.inc(labels);
      http.duration.observe(labels, seconds);
    },
    operation(operation, face, outcome, seconds) {
      operations.count.inc({ operation, face, outcome });
      operations.duration.observe({ operation, face, outcome }, seconds);
    },
    observe: (sources) => gauges(registers, sources),
    text: () => registry.metrics(),
    close: () => registry.clear(),
  };
}

function httpMetrics(registers: Registry[]) {
  const labelNames = ['route', 'method', 'status'] as const;
  return {
    count: new Counter({
      name: 'quarterdeck_http_requests_total',
      help: 'HTTP requests answered, by route pattern, method and status class.',
      labelNames,
      registers,
    }),
    duration: new Histogram({
      name: 'quarterdeck_http_request_duration_seconds',
      help: 'Time from the head of a request to the end of its answer. Event streams count their whole life.',
      labelNames,
      buckets,
      registers,
    }),
  };
}

function operationMetrics(registers: Registry[]) {
  const labelNames = ['operation', 'face', 'outcome'] as const;
  return {
    count: new Counter({
      name: 'quarterdeck_operations_total',
      help: 'Operations called, by face and outcome: ok or the code of the problem.',
      labelNames,
      registers,
    }),
    duration: new Histogram({
      name: 'quarterdeck_operation_duration_seconds',
      help: 'Time in the operation, from validation to commit.',
      labelNames,
      buckets,
      registers,
    }),
  };
}

function gauges(registers: Registry[], sources: MetricSources): void {
  new Gauge({
    name: 'quarterdeck_database_connections',
    help: 'Connections of the pool: total, of which idle, and callers that wait for one.',
    labelNames: ['state'] as const,
    registers,
    collect() {
      for (const [state, count] of Object.entries(sources.database())) this.set({ state }, count);
    },
  });
  new Gauge({
    name: 'quarterdeck_event_streams',
    help: 'Event streams open now.',
    registers,
    collect() {
      this.set(sources.openStreams());
    },
  });
}
