/** Reads the text format of Prometheus: https://prometheus.io/docs/instrumenting/exposition_formats/ */

export interface Sample {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

export interface Scrape {
  readonly samples: readonly Sample[];
  /** Also those that have no samples yet: nothing was counted, which is another thing than not being there. */
  readonly families: ReadonlySet<string>;
}

const line = /^([A-Za-z_:][\w:]*)(?:\{(.*)\})?[ \t]+(\S+)(?:[ \t]+-?\d+)?$/;
const label = /([A-Za-z_]\w*)="((?:[^"\\]|\\.)*)"(?:,|$)/gy;
const escapes: Readonly<Record<string, string>> = { '\\n': '\n', '\\"': '"', '\\\\': '\\' };

/** undefined: it is something else, such as a page that says to sign in. */
export function parseMetrics(text: string): Scrape | undefined {
  const samples: Sample[] = [];
  const families = new Set<string>();
  for (const raw of text.split('\n')) {
    const written = raw.trim();
    const [, family] = /^# TYPE (\S+) /.exec(written) ?? [];
    if (family !== undefined) families.add(family);
    if (written === '' || written.startsWith('#')) continue;
    const sample = parseLine(written);
    if (sample === undefined) return undefined;
    samples.push(sample);
  }
  return samples.length === 0 && families.size === 0 ? undefined : { samples, families };
}

function parseLine(written: string): Sample | undefined {
  const [, name, inside = '', number = ''] = line.exec(written) ?? [];
  const value = numberOf(number);
  if (name === undefined || value === undefined) return undefined;
  const labels: Record<string, string> = {};
  let end = 0;
  for (const match of inside.matchAll(label)) {
    const [whole, key = '', text = ''] = match;
    labels[key] = text.replaceAll(/\\[n"\\]/g, (escape) => escapes[escape] ?? escape);
    end = match.index + whole.length;
  }
  return end === inside.length ? { name, labels, value } : undefined;
}

/** As Go reads them, in any case: some libraries write `Nan`. */
const words: Readonly<Record<string, number>> = { nan: NaN, '+inf': Infinity, '-inf': -Infinity };

function numberOf(text: string): number | undefined {
  const word = words[text.toLowerCase()];
  if (word !== undefined) return word;
  const value = Number(text);
  return Number.isNaN(value) ? undefined : value;
}
