/** What the proxy measures of each version, as Prometheus metrics: the only numbers that exist for a service that has none of its own. */

import { Counter, Gauge, Histogram, Registry, collectDefaultMetrics } from 'prom-client';

/** How a request ended. `interrupted`: the replica died with it. `unserved`: there was no replica to give it to. `left`: the client went away. */
export type Outcome = '1xx' | '2xx' | '3xx' | '4xx' | '5xx' | 'interrupted' | 'unserved' | 'left';

/** Seconds. Fine around the limits that people set (100 ms to 1 s), because a percentile is only as exact as its bucket. */
const buckets = [
  0.001, 0.0025, 0.005, 0.01, 0.02, 0.03, 0.05, 0.075, 0.1, 0.15, 0.2, 0.25, 0.3, 0.4, 0.5, 0.75, 1, 1.5, 2, 3, 5, 10, 30, 60,
];

export interface Measures {
  ended(version: string, outcome: Outcome, seconds: number): void;
  /** Of an event stream that stands open: it counts, and its length says nothing about speed. */
  streamed(version: string, outcome: Outcome): void;
  retried(version: string): void;
  text(): Promise<string>;
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
    ended(version, outcome, took) {
      requests.inc({ version, outcome });
      // Nobody waited for the end of these, so their time is no latency.
      if (outcome !== 'left' && outcome !== 'unserved') seconds.observe({ version }, took);
    },
    streamed: (version, outcome) => requests.inc({ version, outcome }),
    retried: (version) => retries.inc({ version }),
    text: () => registry.metrics(),
  };
}
