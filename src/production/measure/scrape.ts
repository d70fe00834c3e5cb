/** Measures from two scrapes of the metrics of each replica. */

import { setTimeout as sleep } from 'node:timers/promises';
import { type Measurement, addTraffic, numbersOf, sum } from './measurement.ts';
import { type Reading, type ReplicaWindow, startOf, windowOf } from './replica.ts';
import { countRestarts } from './restarts.ts';
import { parseMetrics } from './metrics-text.ts';
import { ask, isAnswer } from '../check/request.ts';

export interface ScrapeQuestion {
  /** One for each replica. */
  readonly urls: readonly string[];
  readonly token: string | undefined;
  readonly windowMs: number;
  readonly timeoutMs: number;
  /** Where starts are remembered. */
  readonly folder: string;
  readonly signal: AbortSignal;
}

export interface Measured {
  readonly measurement: Measurement;
  /** What could not be measured, one line each. */
  readonly problems: readonly string[];
}

interface Replica {
  readonly window: ReplicaWindow | undefined;
  readonly restarts: number | undefined;
  readonly problem: string | undefined;
}

/** @throws Error when no replica could be measured, and AnotherProcess where a URL leads to several */
export async function measureByScraping(question: ScrapeQuestion): Promise<Measured> {
  const { urls, windowMs } = question;
  const replicas = await Promise.all(urls.map((url) => watchReplica(question, url)));
  const problems = replicas.flatMap(({ problem }) => problem ?? []);
  if (problems.length === urls.length)
    throw new Error(`Nothing could be measured: ${problems.join('; ')}. Check each --url, and that the metrics are open to you.`);
  return { measurement: combine(replicas, windowMs), problems };
}

function combine(replicas: readonly Replica[], windowMs: number): Measurement {
  const windows = replicas.flatMap(({ window }) => window ?? []);
  const whole = windows.length === replicas.length;
  const traffic = all(windows.map((window) => window.traffic));
  const add = (values: (number | undefined)[]) => apply(values, sum);
  const most = (values: (number | undefined)[]) => apply(values, (numbers) => Math.max(...numbers));
  const restarts = apply(
    replicas.map((replica) => replica.restarts),
    sum,
  );
  const sums = {
    ...(traffic === undefined ? {} : numbersOf(addTraffic(traffic))),
    in_flight: add(windows.map(({ inFlight }) => inFlight)),
    db_connections: add(windows.map(({ connections }) => connections)),
    db_waiting: add(windows.map(({ waiting }) => waiting)),
  };
  return {
    window_seconds: windowMs / 1_000,
    replicas: windows.length,
    unreachable: replicas.length - windows.length,
    ...(whole ? sums : {}),
    restarts,
    rss_bytes: most(windows.map(({ rssBytes }) => rssBytes)),
    cpu: most(windows.map(({ cpu }) => cpu)),
  };
}

/** undefined where one is: what is known of some is not known of all. */
function all<Value>(values: readonly (Value | undefined)[]): Value[] | undefined {
  const known = values.filter((value) => value !== undefined);
  return known.length === values.length ? known : undefined;
}

function apply(values: readonly (number | undefined)[], work: (numbers: number[]) => number): number | undefined {
  const known = all(values);
  return known === undefined ? undefined : work(known);
}

/** What a URL answered at the beginning and at the end of the window; a text says why it did not. */
async function watchReplica(question: ScrapeQuestion, url: string): Promise<Replica> {
  const { windowMs, signal, folder } = question;
  let restarts: number | undefined;
  const read = async (): Promise<Reading | string> => {
    const reading = await scrape(question, url);
    const started = typeof reading === 'string' ? undefined : startOf(reading);
    if (typeof reading !== 'string' && started !== undefined)
      restarts = countRestarts(folder, { place: url, started, seen: reading.clock });
    return reading;
  };
  // Twice, each over a connection of its own: a load balancer then shows that it is one.
  await read();
  const before = await read();
  await sleep(windowMs, undefined, { signal });
  const after = await read();
  const known = { restarts, window: undefined };
  if (typeof after === 'string') return { ...known, problem: `${url}: ${after}` };
  const started = startOf(after);
  if (typeof before !== 'string' && startOf(before) === started) return { restarts, window: windowOf(before, after), problem: undefined };
  // All that it counted is of this window, if it began in it.
  if (started !== undefined && started > after.clock - windowMs / 1_000 - 1)
    return { restarts, window: windowOf(undefined, after), problem: undefined };
  return { ...known, problem: `${url}: ${typeof before === 'string' ? before : 'another process answered at the end'}` };
}

/** A text says why there are none. */
async function scrape({ token, timeoutMs, signal }: ScrapeQuestion, url: string): Promise<Reading | string> {
  const headers = { Connection: 'close', ...(token === undefined ? {} : { Authorization: `Bearer ${token}` }) };
  const answer = await ask({ url, headers, timeoutMs, signal });
  if (!isAnswer(answer)) return answer.why;
  if (answer.status === 404) return 'status 404; off loopback the metrics need METRICS_TOKEN, or have a port of their own';
  if (answer.status !== 200) return `status ${answer.status}`;
  const found = parseMetrics(answer.body);
  if (found === undefined) return 'what it answers are no metrics';
  const date = Date.parse(answer.headers.get('date') ?? '');
  return { ...found, at: performance.now() / 1_000, clock: Math.floor((Number.isNaN(date) ? Date.now() : date) / 1_000) };
}
