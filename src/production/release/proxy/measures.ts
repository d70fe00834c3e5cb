/** What the proxy measures of each version, as Prometheus metrics: the only numbers that exist for a service that has none of its own. */

import { Counter, Gauge, Histogram, Registry, collectDefaultMetrics } from 'prom-client';

/** How a request ended. `interrupted`: the replica died with it. `unserved`: there was no replica to give it to. `left`: the client went away. */
export type Outcome = '1xx' | '2xx' | '3xx' | '4xx' | '5xx' | 'interrupted' | 'unserved' | 'left';

/** Seconds. Fine around the limits that people set (100 ms to 1 s), because a percentile is only as exact as its bucket. */
const buckets = [
  0.001, 0.0025, 0.005, 0.01, 0.02, 0.03, 0.05, 0.075, 0.1, 0.15, 0.2, 0.25, 0.3, 0.4, 0.5, 0.75, 1, 1.5, 2, 3, 5, 10, 30, 60,
];

export interface Measures {
  /** `replica`: which one answered last; undefined: there was none. */
  ended(version: string, replica: string | undefined, outcome: Outcome, seconds: number): void;
  /** Of replicas that are gone nobody asks any more, and each release would leave some behind. */
  keep(replicas: ReadonlySet<string>): void;
  /** Of an event stream that stands open: it counts, and its length says nothing about speed. */
  streamed(version: string, outcome: Outcome): void;
  retried(version: string): void;
  text(): Promise<string>;
}

const outcomes: readonly Outcome[] = ['1xx', '2xx', '3xx', '4xx', '5xx', 'interrupted', 'unserved', 'left'];

/** The same of each replica: one that is slow or broken hides in the numbers of its version. */
function replicaMeasures(registry: Registry) {
  const registers = [registry];
  const requests = new Counter({
    name: 'quarterdeck_proxy_replica_requests_total',
    help: 'Requests by replica and by how they ended, of the replicas that are there.',
    labelNames: ['replica', 'outcome'] as const,
    registers,
  });
  const seconds = new Histogram({
    name: 'quarterdeck_proxy_replica_request_duration_seconds',
    help: 'Time from the head of a request to the end of its answer, by replica.',
    labelNames: ['replica'] as const,
    buckets,
    registers,
  });
  const known = new Set<string>();
  return {
    ended(replica: string, outcome: Outcome, took: number | undefined): void {
      known.add(replica);
      requests.inc({ replica, outcome });
      if (took !== undefined) seconds.observe({ replica }, took);
    },
    keep(present: ReadonlySet<string>): void {
      for (const replica of known) {
        if (present.has(replica)) continue;
        for (const outcome of outcomes) requests.remove({ replica, outcome });
        seconds.remove({ replica });
        known.delete(replica);
      }
    },
  };
}

export function createMeasures(inFlight: () => readonly { version: string; replica: string; count: number }[]): Measures {
  const registry = new Registry();
  const registers = [registry];
  collectDefaultMetrics({ register: registry });
  const requests = new Counter({
    name: 'quarterdeck_proxy_requests_total',
    help: 'Requests by version and by how they ended: the class of the status, interrupted, unserved, or left by the client.',
    labelNames: ['version', 'outcome'] as const,
    registers,
  });
  const seconds = new Histogram({
    name: 'quarterdeck_proxy_request_duration_seconds',
    help: 'Time from the head of a request to the end of its answer, by version. Event streams that stand open are left out.',
    labelNames: ['version'] as const,
    buckets,
    registers,
  });
  const replicas = replicaMeasures(registry);
  const retries = new Counter({
    name: 'quarterdeck_proxy_retries_total',
    help: 'Requests that were given to another replica, because the first one refused the connection or died before it answered a safe request.',
    labelNames: ['version'] as const,
    registers,
  });
  new Gauge({
    name: 'quarterdeck_proxy_in_flight',
    help: 'Requests, event streams and WebSockets that a replica has now.',
    labelNames: ['version', 'replica'] as const,
    registers,
    collect() {
      this.reset();
      for (const { version, replica, count } of inFlight()) this.set({ version, replica }, count);
    },
  });
  return {
    ended(version, replica, outcome, took) {
      requests.inc({ version, outcome });
      // Nobody waited for the end of these, so their time is no latency.
      const waited = outcome !== 'left' && outcome !== 'unserved';
      if (waited) seconds.observe({ version }, took);
      if (replica !== undefined) replicas.ended(replica, outcome, waited ? took : undefined);
    },
    keep: (present) => replicas.keep(present),
    streamed: (version, outcome) => requests.inc({ version, outcome }),
    retried: (version) => retries.inc({ version }),
    text: () => registry.metrics(),
  };
}
