/** What one replica did between two scrapes of its metrics. Pure. */

import type { Sample, Scrape } from './metrics-text.ts';
import { type Traffic, sum } from './measurement.ts';
import { names, probes } from './names.ts';

export interface Reading extends Scrape {
  /** When it was read, in seconds of this machine's clock, which is only ever subtracted. */
  readonly at: number;
  /** The same by the replica's own clock: when its process started is told by that one. */
  readonly clock: number;
}

export interface ReplicaWindow {
  readonly traffic: Traffic | undefined;
  readonly inFlight: number | undefined;
  readonly rssBytes: number | undefined;
  readonly cpu: number | undefined;
  readonly connections: number | undefined;
  readonly waiting: number | undefined;
}

/** In seconds since 1970; undefined: it does not say. */
export function startOf({ samples }: Scrape): number | undefined {
  return samples.find(({ name }) => name === names.started)?.value;
}

/** `before` is undefined when the process did not run yet at the beginning of the window: all that it counted is of the window. */
export function windowOf(before: Reading | undefined, after: Reading): ReplicaWindow {
  const grown = growth(before?.samples ?? [], after.samples);
  const { families } = after;
  const seconds = before === undefined ? after.clock - (startOf(after) ?? after.clock) : after.at - before.at;
  const used = sum(grown.filter(({ name }) => name === names.cpu).map(({ value }) => value));
  const open = gauge(after, names.connections, ({ state }) => state !== 'waiting');
  return {
    traffic: families.has(names.requests) ? trafficOf(grown) : undefined,
    inFlight: gauge(after, names.inFlight),
    rssBytes: gauge(after, names.memory),
    cpu: families.has(names.cpu) && seconds > 0 ? used / seconds : undefined,
    connections: open,
    waiting: gauge(after, names.connections, ({ state }) => state === 'waiting'),
  };
}

/** A counter that is smaller than before began anew: what it counts now is all that we know of. */
export function growth(before: readonly Sample[], after: readonly Sample[]): Sample[] {
  const known = new Map(before.map((sample) => [seriesOf(sample), sample.value]));
  return after.map((sample) => {
    const earlier = known.get(seriesOf(sample)) ?? 0;
    return { ...sample, value: sample.value >= earlier ? sample.value - earlier : sample.value };
  });
}

function seriesOf({ name, labels }: Sample): string {
  return JSON.stringify([name, Object.entries(labels).toSorted(([a], [b]) => (a < b ? -1 : 1))]);
}

function trafficOf(grown: readonly Sample[]): Traffic {
  const asked = grown.filter(({ labels }) => !probes.has(labels['route'] ?? ''));
  const counts = asked.filter(({ name }) => name === names.requests);
  const buckets = new Map<string, number>();
  for (const { name, labels, value } of asked)
    if (name === `${names.duration}_bucket`) {
      const bound = labels['le'] ?? '';
      buckets.set(bound, (buckets.get(bound) ?? 0) + value);
    }
  const failed = counts.filter(({ labels }) => labels['status'] === '5xx');
  return { requests: sum(counts.map(({ value }) => value)), errors: sum(failed.map(({ value }) => value)), buckets };
}

function gauge({ samples }: Scrape, wanted: string, which: (labels: Sample['labels']) => boolean = () => true): number | undefined {
  const found = samples.filter(({ name, labels }) => name === wanted && which(labels));
  return found.length === 0 ? undefined : sum(found.map(({ value }) => value));
}
