/** Shows the result of a race as a table. */

import type { RaceResult } from './race.ts';

/** The columns of the table, in order. */
const columns: Record<string, (result: RaceResult) => number | string> = {
  workers: (result) => result.workers,
  kills: (result) => result.kills,
  tasks: (result) => result.tasks,
  claims: (result) => result.claims,
  expired: (result) => result.expired,
  finished: (result) => result.finished,
  lost: (result) => result.lost,
  duplicates: (result) => result.duplicates,
  'stale refused': (result) => result.staleRefused,
  late: (result) => result.late,
  seconds: (result) => result.seconds.toFixed(1),
  'claims/s': (result) => (result.claims / result.seconds).toFixed(0),
};

/** Two lines of Markdown table, and the outcomes of all calls below it. */
export function showRace(result: RaceResult): string {
  const cells = Object.entries(columns).map(([name, read]) => ({ name, value: String(read(result)), width: name.length }));
  const line = (cellsOfLine: string[]) => `| ${cellsOfLine.join(' | ')} |`;
  const outcomes = Object.entries(result.outcomes)
    .sort(([a], [b]) => a.localeCompare(b))
    .map(([what, times]) => `${what} ${times}`);
  return [
    line(cells.map(({ name, value }) => name.padStart(value.length))),
    line(cells.map(({ name, value }) => `${'-'.repeat(Math.max(name.length, value.length) - 1)}:`)),
    line(cells.map(({ value, width }) => value.padStart(width))),
    '',
    `outcomes: ${outcomes.join(', ')}`,
  ].join('\n');
}
