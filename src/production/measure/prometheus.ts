/** Measures by asking a Prometheus server that scrapes the replicas: the same names, from the same metrics. */

import { z } from 'zod';
import { ask, isAnswer } from '../check/request.ts';
import { type Measurement, type Traffic, numbersOf, sum } from './measurement.ts';
import { names, probes } from './names.ts';
import { countRestarts } from './restarts.ts';
import type { Measured } from './scrape.ts';

export interface PrometheusQuestion {
  /** Of the server, without `/api`. */
  readonly url: string;
  /** What the series of these replicas have in common: `job="quarterdeck",namespace="prod"`. Empty: all that are there. */
  readonly selector: string;
  readonly token: string | undefined;
  readonly windowMs: number;
  readonly timeoutMs: number;
  /** Where starts are remembered. */
  readonly folder: string;
  readonly signal: AbortSignal;
}

const vector = z.object({
  status: z.literal('success'),
  data: z.object({
    resultType: z.literal('vector'),
    result: z.array(z.object({ metric: z.record(z.string(), z.string()), value: z.tuple([z.number(), z.coerce.number()]) })),
  }),
});

const refusal = z.object({ error: z.string() });

interface Series {
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

type Query = (promql: string) => Promise<Series[]>;

/** @throws Error when Prometheus cannot be asked, or knows no replica */
export async function measureByPrometheus(question: PrometheusQuestion): Promise<Measured> {
  const { selector, windowMs, folder, url } = question;
  const query: Query = (promql) => instant(question, promql);
  const which = (more = '') => `{${[selector, more].filter((part) => part !== '').join(',')}}`;
  const range = `[${Math.ceil(windowMs / 1_000)}s]`;
  // Every process has a start time; only those of this server have a build of it.
  const ours = (metric: string) => `${metric} and on (job, instance) ${names.build}${which()}`;
  const notProbes = `route!~"${[...probes].join('|')}"`;
  const [starts, counts, buckets, flying, memory, cpu, connections, up] = await Promise.all([
    query(ours(`${names.started}${which()}`)),
    query(`sum by (status) (increase(${names.requests}${which(notProbes)}${range}))`),
    query(`sum by (le) (increase(${names.duration}_bucket${which(notProbes)}${range}))`),
    query(`sum(${names.inFlight}${which()})`),
    query(`max(${ours(`${names.memory}${which()}`)})`),
    query(`max(${ours(`rate(${names.cpu}${which()}${range})`)})`),
    query(`sum by (state) (${names.connections}${which()})`),
    query(`up${which()}`),
  ]);
  if (starts.length === 0)
    throw new Error(
      `Prometheus at ${url} knows no replica with ${which()}. Check --selector, and that it scrapes them: Status, Targets on its page.`,
    );
  const measurement: Measurement = {
    window_seconds: windowMs / 1_000,
    replicas: starts.length,
    unreachable: up.length === 0 ? undefined : up.filter(({ value }) => value === 0).length,
    ...(counts.length === 0 ? {} : numbersOf(trafficOf(counts, buckets))),
    in_flight: only(flying),
    // Prometheus tells what it scraped some seconds ago, so a start may be older than the last time that somebody asked; who is behind an
    // address is not for us to find out here.
    restarts: sum(starts.map(({ labels, value: started }) => countRestarts(folder, { place: placeOf(url, labels), started, seen: 0 }))),
    rss_bytes: only(memory),
    cpu: only(cpu),
    db_connections: connections.length === 0 ? undefined : sum(valuesOf(connections, ({ state }) => state !== 'waiting')),
    db_waiting: connections.length === 0 ? undefined : sum(valuesOf(connections, ({ state }) => state === 'waiting')),
  };
  return { measurement, problems: [] };
}

function trafficOf(counts: readonly Series[], buckets: readonly Series[]): Traffic {
  return {
    requests: sum(counts.map(({ value }) => value)),
    errors: sum(valuesOf(counts, ({ status }) => status === '5xx')),
    buckets: new Map(buckets.map(({ labels, value }) => [labels['le'] ?? '', value])),
  };
}

function valuesOf(series: readonly Series[], which: (labels: Series['labels']) => boolean): number[] {
  return series.filter(({ labels }) => which(labels)).map(({ value }) => value);
}

function only(series: readonly Series[]): number | undefined {
  const value = series[0]?.value;
  return Number.isFinite(value) ? value : undefined;
}

/** One replica, as Prometheus tells them apart. */
function placeOf(url: string, labels: Series['labels']): string {
  const own = Object.entries(labels).filter(([name]) => name !== '__name__');
  return `${url} ${own
    .map(([name, value]) => `${name}=${value}`)
    .toSorted()
    .join(',')}`;
}

async function instant({ url, token, timeoutMs, signal }: PrometheusQuestion, promql: string): Promise<Series[]> {
  const headers = {
    'Content-Type': 'application/x-www-form-urlencoded',
    ...(token === undefined ? {} : { Authorization: `Bearer ${token}` }),
  };
  const answer = await ask({
    url: `${url}/api/v1/query`,
    method: 'POST',
    headers,
    body: String(new URLSearchParams({ query: promql })),
    timeoutMs,
    signal,
  });
  const where = `Prometheus at ${url}`;
  if (!isAnswer(answer))
    throw new Error(`${where} cannot be asked: ${answer.why}. Check --prometheus, and that it can be reached from here.`);
  const body = parse(answer.body);
  const found = vector.safeParse(body);
  if (found.success) return found.data.data.result.map(({ metric, value: [, value] }) => ({ labels: metric, value }));
  const why = refusal.safeParse(body).data?.error ?? `it answers ${answer.status}, and not as Prometheus does`;
  throw new Error(`${where} refused \`${promql}\`: ${why}. Check --prometheus, --selector and --token-env.`);
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
