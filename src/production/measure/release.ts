/** Measures a release on this machine, or one version of it, as its proxy sees it: that needs no metrics of the service itself. */

import { setTimeout as sleep } from 'node:timers/promises';
import { resourcesOf } from '../../system/resources.ts';
import { call } from '../release/admin.ts';
import { supervisorSocket } from '../release/names.ts';
import { NotRunning, Refused } from '../release/refused.ts';
import type { Measured } from '../release/serve.ts';
import type { ReleaseStatus, ReplicaStatus } from '../release/status.ts';
import { type Measurement, type Traffic, numbersOf, sum } from './measurement.ts';
import { type Sample, parseMetrics } from './metrics-text.ts';
import { growth } from './replica.ts';

export interface ReleaseQuestion {
  /** Its state folder. */
  readonly folder: string;
  /** undefined: all of them. */
  readonly version: string | undefined;
  readonly windowMs: number;
  readonly signal: AbortSignal;
}

const names = {
  version: { requests: 'quarterdeck_proxy_requests_total', buckets: 'quarterdeck_proxy_request_duration_seconds_bucket' },
  replica: {
    requests: 'quarterdeck_proxy_replica_requests_total',
    buckets: 'quarterdeck_proxy_replica_request_duration_seconds_bucket',
  },
} as const;

/** The version cannot be held to account for a client that goes away, and an upgrade is no answer. */
const uncounted: ReadonlySet<string> = new Set(['left', '1xx']);
const failed: ReadonlySet<string> = new Set(['5xx', 'interrupted', 'unserved']);

export interface Reading {
  readonly samples: readonly Sample[];
  readonly status: ReleaseStatus;
  readonly replicas: readonly (ReplicaStatus & { cpuSeconds: number | undefined; rssBytes: number | undefined })[];
  readonly at: number;
}

/** @throws Error when no supervisor runs there; Refused when there is no such version */
export async function measureRelease(question: ReleaseQuestion): Promise<Measurement> {
  const before = await read(question);
  await sleep(question.windowMs, undefined, { signal: question.signal });
  const after = await read(question);
  return {
    window_seconds: question.windowMs / 1_000,
    ...numbersOf(trafficOf(growth(before.samples, after.samples), question.version)),
    ...replicaNumbers(before, after),
  };
}

/** @throws Error when no supervisor runs there; Refused when there is no such version */
export async function read({ folder, version, signal }: Omit<ReleaseQuestion, 'windowMs'>): Promise<Reading> {
  const { proxy, status } = (await call(folder, supervisorSocket, 'measure', null, { signal }).catch((error: unknown) => {
    throw error instanceof NotRunning
      ? new Error(`No supervisor runs in ${folder}. Choose another folder with --state.`, { cause: error })
      : error;
  })) as Measured;
  const slots = status.slots.filter((slot) => version === undefined || slot.version === version);
  if (version !== undefined && slots.length === 0)
    throw new Refused(`There is no version ${version}.`, `There is ${status.slots.map((slot) => slot.version).join(' and ') || 'none'}.`);
  const replicas = slots.flatMap((slot) => slot.replicas);
  return {
    samples: parseMetrics(proxy)?.samples ?? [],
    status,
    replicas: replicas.map((replica) => {
      const { cpuSeconds, rssBytes } = (replica.pid === null ? undefined : resourcesOf(replica.pid)) ?? {};
      return { ...replica, cpuSeconds, rssBytes };
    }),
    at: performance.now() / 1_000,
  };
}

/** Pure. Of one version, or of all when it is undefined. */
export function trafficOf(grown: readonly Sample[], version: string | undefined): Traffic {
  return trafficBy('version', grown, version);
}

/** Pure. Of one version or one replica, by name. */
export function trafficBy(label: keyof typeof names, grown: readonly Sample[], wanted: string | undefined): Traffic {
  const { requests, buckets: bucketName } = names[label];
  const mine = grown.filter(({ labels }) => wanted === undefined || labels[label] === wanted);
  const ended = mine.filter(({ name, labels }) => name === requests && !uncounted.has(labels['outcome'] ?? ''));
  const buckets = new Map<string, number>();
  for (const { name, labels, value } of mine)
    if (name === bucketName) buckets.set(labels['le'] ?? '', (buckets.get(labels['le'] ?? '') ?? 0) + value);
  return {
    requests: sum(ended.map(({ value }) => value)),
    errors: sum(ended.filter(({ labels }) => failed.has(labels['outcome'] ?? '')).map(({ value }) => value)),
    buckets,
  };
}

/** How requests ended, most often first: the class of the status, `interrupted`, `unserved`, `left`. */
export function outcomesOf(grown: readonly Sample[]): [outcome: string, count: number][] {
  const counts = new Map<string, number>();
  for (const { name, labels, value } of grown)
    if (name === names.version.requests && value > 0)
      counts.set(labels['outcome'] ?? '', (counts.get(labels['outcome'] ?? '') ?? 0) + value);
  return [...counts].toSorted(([, one], [, other]) => other - one);
}

function replicaNumbers(before: Reading, { replicas, at }: Reading): Omit<Measurement, 'window_seconds'> {
  const used = replicas.map(({ id, pid, cpuSeconds }) => {
    const earlier = before.replicas.find((replica) => replica.id === id && replica.pid === pid)?.cpuSeconds;
    return earlier === undefined || cpuSeconds === undefined ? undefined : (cpuSeconds - earlier) / (at - before.at);
  });
  return {
    replicas: replicas.length,
    in_flight: sum(replicas.map(({ in_flight }) => in_flight)),
    restarts: sum(replicas.map(({ restarts }) => restarts)),
    rss_bytes: mostOf(replicas.map(({ rssBytes }) => rssBytes)),
    cpu: mostOf(used),
  };
}

/** undefined when it is known of none: then it is absent. */
function mostOf(values: readonly (number | undefined)[]): number | undefined {
  const known = values.filter((value) => value !== undefined);
  return known.length === 0 ? undefined : Math.max(...known);
}
