/** What `measure` answers: the numbers that a watch decides by. Every source of numbers gives this object. */

/** What was not measured is absent, and never 0: a watch must be able to say that it does not know. */
export interface Measurement {
  readonly window_seconds: number;
  /** That were measured. */
  readonly replicas: number;
  /** That should have been measured and did not answer. The sums below are absent when there are any: they would be too small. */
  readonly unreachable?: number;
  /** Answered in the window, without probes and scrapes. */
  readonly requests?: number;
  /** Share of the requests that were answered with 5xx. */
  readonly error_rate?: number;
  readonly p50_ms?: number;
  readonly p95_ms?: number;
  readonly p99_ms?: number;
  /** Requests that wait for their answer, at the end of the window. */
  readonly in_flight?: number;
  /** Grows by one with each start of a replica after the first that was seen. */
  readonly restarts?: number;
  /** Of the replica that has most: limits are set for each. */
  readonly rss_bytes?: number;
  /** Processors in use, of the replica that uses most. */
  readonly cpu?: number;
  /** Connections to the database, in use and idle: those that count towards its max_connections. */
  readonly db_connections?: number;
  /** Callers that wait for a connection. */
  readonly db_waiting?: number;
}

/** What was answered in a window, of one replica or of several. */
export interface Traffic {
  readonly requests: number;
  readonly errors: number;
  /** Requests that took at most so many seconds, by the bound as it is written. */
  readonly buckets: ReadonlyMap<string, number>;
}

export type TrafficNumbers = Pick<Measurement, 'requests' | 'error_rate' | 'p50_ms' | 'p95_ms' | 'p99_ms'>;

/** Without requests there is neither an error rate nor a latency. */
export function numbersOf({ requests, errors, buckets }: Traffic): TrafficNumbers {
  if (requests <= 0) return { requests: 0 };
  const ms = (share: number) => {
    const seconds = quantile(share, buckets);
    return seconds === undefined ? undefined : Math.round(seconds * 1e6) / 1e3;
  };
  return { requests: Math.round(requests), error_rate: errors / requests, p50_ms: ms(0.5), p95_ms: ms(0.95), p99_ms: ms(0.99) };
}

/**
 * Seconds; undefined when nothing was counted. As Prometheus does it: even within a bucket, and what is beyond the last bound counts as that bound,
 * so that "at least 30 s" still exceeds every limit that anybody sets.
 * https://prometheus.io/docs/prometheus/latest/querying/functions/#histogram_quantile
 */
export function quantile(share: number, buckets: ReadonlyMap<string, number>): number | undefined {
  const rising = [...buckets].map(([bound, count]) => ({ bound: boundOf(bound), count })).toSorted((a, b) => a.bound - b.bound);
  const total = rising.at(-1)?.count ?? 0;
  if (rising.at(-1)?.bound !== Infinity || !(total > 0)) return undefined;
  const rank = share * total;
  let [lower, before] = [0, 0];
  for (const { bound, count } of rising) {
    if (count >= rank && count > before)
      return bound === Infinity ? lower : lower + (bound - lower) * Math.max(0, (rank - before) / (count - before));
    lower = bound;
    // Counters of several replicas are not read at the same instant; a count never falls all the same.
    before = Math.max(before, count);
  }
  return undefined;
}

/** Share of what was counted that took longer than so many seconds; even within a bucket, as in `quantile`. 0 when nothing was counted. */
export function shareAbove(seconds: number, buckets: ReadonlyMap<string, number>): number {
  const rising = [...buckets].map(([bound, count]) => ({ bound: boundOf(bound), count })).toSorted((a, b) => a.bound - b.bound);
  const total = rising.at(-1)?.count ?? 0;
  if (!(total > 0)) return 0;
  let [lower, before] = [0, 0];
  for (const { bound, count } of rising) {
    if (bound > seconds) {
      const within = bound === Infinity ? 0 : ((count - before) * (seconds - lower)) / (bound - lower);
      return 1 - (before + within) / total;
    }
    [lower, before] = [bound, count];
  }
  return 0;
}

export function boundOf(text: string): number {
  return text === '+Inf' ? Infinity : Number(text);
}

/** Of several replicas. A bound that not all of them have, because their versions differ, is left out. */
export function addTraffic(all: readonly Traffic[]): Traffic {
  const counted = all.map(({ buckets }) => buckets).filter(({ size }) => size > 0);
  const [first = new Map<string, number>()] = counted;
  const bounds = [...first.keys()].filter((bound) => counted.every((buckets) => buckets.has(bound)));
  return {
    requests: sum(all.map(({ requests }) => requests)),
    errors: sum(all.map(({ errors }) => errors)),
    buckets: new Map(bounds.map((bound) => [bound, sum(counted.map((buckets) => buckets.get(bound) ?? 0))])),
  };
}

export function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
