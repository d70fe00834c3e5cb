/** Decides from the samples of a watch by its table, as docs/runbooks.md says under "The watch". */

import type { Watch, WatchRow } from '../document.ts';
import type { Values } from '../names.ts';
import { type Limit, exceeds } from './cells.ts';

export interface Sample {
  /** Milliseconds since any fixed moment. */
  readonly at: number;
  /** null: the command gave none. */
  readonly metrics: Readonly<Record<string, unknown>> | null;
}

/** `inconclusive`: what it needs is missing. `open`: too few requests so far. */
export type RowVerdict = 'good' | 'hold' | 'roll_back' | 'inconclusive';
export type Verdict = RowVerdict | 'open';

export interface JudgedLimit {
  readonly cell: 'hold' | 'roll_back';
  readonly text: string;
  /** In the unit of the metric, or of its growth; null: it could not be worked out. */
  readonly bound: number | null;
  /** null: it could not be decided. */
  readonly exceeded: boolean | null;
}

export interface JudgedRow {
  readonly metric: string;
  /** null: it is missing. */
  readonly value: number | null;
  readonly verdict: RowVerdict;
  readonly limits: readonly JudgedLimit[];
}

export interface Judged {
  readonly verdict: Verdict;
  /** In words; one for each row that is not good. */
  readonly reasons: readonly string[];
  readonly rows: readonly JudgedRow[];
  /** Requests since the last verdict. */
  readonly requests: number;
}

/** One window says little about a latency, unless it is so far off. */
const farOff = 5;

/** Which metric counts requests. */
const requestsMetric = 'requests';

/** Takes the samples one by one. */
export class WatchJudge {
  readonly #watch: Watch;
  readonly #values: Values;
  /** All of them: growth looks back. */
  readonly #samples: Sample[] = [];
  /** Since the last verdict. */
  #window: Sample[] = [];
  /** Rows that were bad in the window before, by a relative limit. */
  #suspected = new Set<WatchRow>();

  /** `values`: the captures that relative limits compare with. */
  constructor(watch: Watch, values: Values) {
    this.#watch = watch;
    this.#values = values;
  }

  /** `last`: the watch would end here, so that too few requests are too few. */
  take(sample: Sample, last: boolean): Judged {
    this.#samples.push(sample);
    this.#window.push(sample);
    const { minRequests, rows } = this.#watch;
    const requests = this.#window.reduce((sum, { metrics }) => sum + (numberOf(metrics?.[requestsMetric]) ?? 0), 0);
    const enough = requests >= minRequests;
    const growing = rows.filter((row) => [...row.hold, ...row.rollBack].every(({ withinMs }) => withinMs !== undefined));
    // A crash loop serves no requests; it is noticed all the same.
    const judged = (enough ? rows : growing).map((row) => this.#judge(row));
    const worst = worstOf(judged);
    if (!enough && worst !== 'roll_back' && worst !== 'hold') {
      if (!last && sample.metrics !== null) return { verdict: 'open', reasons: [], rows: judged, requests };
      const few = sample.metrics === null ? 'there are no metrics' : `${requests} requests, and ${minRequests} are needed for a verdict`;
      return { verdict: 'inconclusive', reasons: [few], rows: judged, requests };
    }
    this.#window = [];
    return { verdict: worst, reasons: judged.flatMap(reasonOf), rows: judged, requests };
  }

  #judge(row: WatchRow): JudgedRow {
    const value = this.#valueOf(row.metric);
    const hold = row.hold.map((limit) => this.#apply(limit, 'hold', row.metric, value));
    const rollBack = row.rollBack.map((limit) => this.#apply(limit, 'roll_back', row.metric, value));
    const limits = [...hold, ...rollBack];
    const wasSuspected = this.#suspected.delete(row);
    const back = all(rollBack);
    if (back === true) {
      const relative = row.rollBack.some(({ relativeTo }) => relativeTo !== undefined);
      const certain = !relative || wasSuspected || this.#isFarOff(row.rollBack, rollBack, value);
      if (relative) this.#suspected.add(row);
      return { metric: row.metric, value, limits, verdict: certain ? 'roll_back' : 'hold' };
    }
    const held = all(hold);
    // What could not be decided might have been the worse of the two.
    if (back === null || held === null) return { metric: row.metric, value, limits, verdict: 'inconclusive' };
    return { metric: row.metric, value, limits, verdict: held ? 'hold' : 'good' };
  }

  #apply(limit: Limit, cell: JudgedLimit['cell'], metric: string, value: number | null): JudgedLimit {
    const { text, comparison } = limit;
    if (limit.withinMs !== undefined) {
      const growth = this.#growth(metric, limit.withinMs);
      return { cell, text, bound: limit.bound, exceeded: growth === null ? null : exceeds(growth, comparison, limit.bound) };
    }
    const bound = limit.relativeTo === undefined ? limit.bound : this.#relative(limit.relativeTo, metric, limit.bound);
    return { cell, text, bound, exceeded: value === null || bound === null ? null : exceeds(value, comparison, bound) };
  }

  /** What a limit relative to a capture comes to; a baseline that is missing or zero gives none. */
  #relative(capture: string, metric: string, factor: number): number | null {
    const baseline = baselineOf(this.#values.get(capture), metric);
    return baseline === null || baseline === 0 ? null : baseline * factor;
  }

  /** Over the window: each sample counts as much as it has requests. */
  #valueOf(metric: string): number | null {
    const window = this.#window.length === 0 ? this.#samples.slice(-1) : this.#window;
    const parts = window.map(({ metrics }) => ({ value: numberOf(metrics?.[metric]), weight: numberOf(metrics?.[requestsMetric]) ?? 1 }));
    if (parts.some(({ value }) => value === null)) return null;
    if (metric === requestsMetric) return parts.reduce((sum, { value }) => sum + (value ?? 0), 0);
    const weight = parts.reduce((sum, part) => sum + part.weight, 0);
    if (weight === 0) return parts.at(-1)?.value ?? null;
    return parts.reduce((sum, part) => sum + (part.value ?? 0) * part.weight, 0) / weight;
  }

  /** Of a counter, within so long before the last sample. One that begins anew, after a restart, counts from zero. */
  #growth(metric: string, withinMs: number): number | null {
    const end = this.#samples.at(-1)?.at ?? 0;
    const counts = this.#samples.filter(({ at }) => at >= end - withinMs).map(({ metrics }) => numberOf(metrics?.[metric]));
    if (counts.at(-1) === null) return null;
    const known = counts.filter((count) => count !== null);
    return known.reduce((sum, count, index) => {
      const before = known[index - 1];
      if (before === undefined) return sum;
      return sum + (count >= before ? count - before : count);
    }, 0);
  }

  #isFarOff(limits: readonly Limit[], judged: readonly JudgedLimit[], value: number | null): boolean {
    return limits.every(({ comparison }, index) => {
      const bound = judged[index]?.bound;
      if (value === null || bound === null || bound === undefined) return false;
      return exceeds(value, comparison, comparison.startsWith('>') ? bound * farOff : bound / farOff);
    });
  }
}

/** Whether all of a cell's limits are exceeded; null: it cannot be decided. An empty cell is not. */
function all(limits: readonly JudgedLimit[]): boolean | null {
  if (limits.length === 0 || limits.some(({ exceeded }) => exceeded === false)) return false;
  return limits.some(({ exceeded }) => exceeded === null) ? null : true;
}

function worstOf(rows: readonly JudgedRow[]): RowVerdict {
  const order = ['roll_back', 'hold', 'inconclusive'] as const;
  return order.find((verdict) => rows.some((row) => row.verdict === verdict)) ?? 'good';
}

function reasonOf({ metric, value, verdict, limits }: JudgedRow): string[] {
  if (verdict === 'good') return [];
  if (value === null) return [`${metric} is missing`];
  const undecided = limits.find(({ bound }) => bound === null);
  if (verdict === 'inconclusive' && undecided !== undefined)
    return [`${metric} is ${shown(value)}, and there is nothing to compare it with (${undecided.text})`];
  const exceeded = limits.filter((limit) => limit.exceeded === true).at(-1);
  const once = verdict === 'hold' && exceeded?.cell === 'roll_back' ? '; a second time in a row, it is rolled back' : '';
  const bound =
    exceeded === undefined
      ? ''
      : ` (${exceeded.text}${exceeded.bound === null || exceeded.text.endsWith(shown(exceeded.bound)) ? '' : `: ${shown(exceeded.bound)}`})`;
  return [`${metric} is ${shown(value)}${bound}${once}`];
}

/** Without the digits that nobody reads. */
function shown(value: number): string {
  return String(Number(value.toPrecision(4)));
}

function baselineOf(capture: string | undefined, metric: string): number | null {
  try {
    const body: unknown = JSON.parse(capture ?? '');
    return typeof body === 'object' && body !== null ? numberOf((body as Record<string, unknown>)[metric]) : null;
  } catch {
    return null;
  }
}

function numberOf(value: unknown): number | null {
  return typeof value === 'number' && Number.isFinite(value) ? value : null;
}
