/** Reads the text format of Prometheus with a parser that is not ours. */

import { createRequire } from 'node:module';

/** One number with its labels. A histogram has its buckets, its count and its sum as samples of their own. */
export interface Sample {
  name: string;
  labels: Record<string, string>;
  value: number;
}

interface Family {
  name: string;
  metrics: { value: string; labels?: Record<string, string> }[];
}

// It comes without types and as CommonJS.
const parse = createRequire(import.meta.url)('parse-prometheus-text-format') as (text: string) => Family[];

export function parseMetrics(text: string): Sample[] {
  // Told that something is a histogram, the parser merges those of different labels into one; untyped, each line stays itself.
  const untyped = text.replaceAll(/^# .*$/gm, '');
  return parse(untyped).flatMap(({ name, metrics }) => metrics.map(({ value, labels = {} }) => ({ name, labels, value: Number(value) })));
}

export async function scrape(url: string): Promise<Sample[]> {
  const response = await fetch(`${url}/metrics`);
  if (response.status !== 200) throw new Error(`/metrics answered ${response.status}`);
  return parseMetrics(await response.text());
}

/** The sum of the samples with this name whose labels include the given ones. */
export function sumOf(samples: readonly Sample[], name: string, labels: Record<string, string> = {}): number {
  const wanted = Object.entries(labels);
  return samples
    .filter((sample) => sample.name === name && wanted.every(([label, value]) => sample.labels[label] === value))
    .reduce((sum, { value }) => sum + value, 0);
}
