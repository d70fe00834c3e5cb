/** The watch of a run: every sample and verdict, and what they come to. */

import type { PlannedWatch } from '../plan/plan.ts';
import type { RunRecord } from '../run/records.ts';
import type { JudgedRow, RowVerdict, Verdict } from '../watch/verdict.ts';

export interface LogWatch extends PlannedWatch {
  readonly samples: readonly LogSample[];
  readonly verdicts: readonly LogVerdict[];
}

export interface LogSample {
  readonly at: string;
  /** null: there were none, and `reason` says why. */
  readonly metrics: Readonly<Record<string, unknown>> | null;
  readonly reason: string;
}

export interface LogVerdict {
  readonly at: string;
  readonly verdict: Verdict;
  readonly reasons: readonly string[];
  readonly rows: readonly JudgedRow[];
  /** Milliseconds on hold in sum. */
  readonly held_ms: number;
}

export function watchOf(step: string, planned: PlannedWatch, records: readonly RunRecord[]): LogWatch {
  const samples: LogSample[] = [];
  const verdicts: LogVerdict[] = [];
  for (const record of records) {
    if (record.type === 'watch.sampled' && record.step === step)
      samples.push({ at: record.at, metrics: record.metrics, reason: record.reason });
    if (record.type === 'watch.judged' && record.step === step) {
      const { at, verdict, reasons, rows, held_ms } = record;
      verdicts.push({ at, verdict, reasons, rows, held_ms });
    }
  }
  return { ...planned, samples, verdicts };
}

/** A time in which the verdict did not change. */
export interface Period<Of> {
  readonly from: string;
  readonly to: string;
  readonly verdict: Of;
  /** How often it was given. */
  readonly count: number;
  /** Of the last time. */
  readonly reasons: readonly string[];
}

/** The verdicts of the watch as a whole. */
export function periodsOf({ verdicts }: LogWatch): Period<Verdict>[] {
  return joined(verdicts.map(({ at, verdict, reasons }) => ({ at, verdict, reasons })));
}

/** When a row was not good. */
export function badPeriodsOf(watch: LogWatch, metric: string): Period<RowVerdict>[] {
  const given = watch.verdicts.flatMap(({ at, rows }) => {
    const row = rows.find((each) => each.metric === metric);
    return row === undefined ? [] : [{ at, verdict: row.verdict, reasons: [] }];
  });
  return joined(given).filter(({ verdict }) => verdict !== 'good');
}

/** A verdict is about the time since the one before. */
function joined<Of>(given: readonly { at: string; verdict: Of; reasons: readonly string[] }[]): Period<Of>[] {
  const periods: Period<Of>[] = [];
  for (const [index, { at, verdict, reasons }] of given.entries()) {
    const last = periods.at(-1);
    if (last?.verdict === verdict) periods[periods.length - 1] = { ...last, to: at, count: last.count + 1, reasons };
    else periods.push({ from: given[index - 1]?.at ?? at, to: at, verdict, count: 1, reasons });
  }
  return periods;
}

/** A number, as a metric should be. */
export function metricIn({ metrics }: LogSample, metric: string): number | null {
  const value = metrics?.[metric];
  return typeof value === 'number' && Number.isFinite(value) ? value : null;
}

/** Limits that a value can be drawn against, as they were last worked out. Growth is not in the unit of the metric. */
export function limitsOf({ verdicts }: LogWatch, metric: string): { cell: 'hold' | 'roll_back'; text: string; bound: number }[] {
  const row = verdicts.findLast(({ rows }) => rows.some((each) => each.metric === metric))?.rows.find((each) => each.metric === metric);
  return (row?.limits ?? []).flatMap(({ cell, text, bound }) => (bound === null || / in \S+$/.test(text) ? [] : [{ cell, text, bound }]));
}
