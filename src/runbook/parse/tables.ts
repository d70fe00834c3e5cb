/** Reads the decision table of a watch. */

import type { Table, TableCell } from 'mdast';
import { toString } from 'mdast-util-to-string';
import type { WatchRow } from '../document.ts';
import { type Values, referencesIn, substitute } from '../names.ts';
import type { Fault, Place } from '../source.ts';
import { type Limit, parseCell } from '../watch/cells.ts';

const titles = ['Metric', 'Hold', 'Roll back'] as const;
const metricName = /^[A-Za-z_][\w.]*$/;

/** True for a table whose first column is `Metric`: it decides something. */
export function isDecisionTable(table: Table): boolean {
  const first = table.children[0]?.children[0];
  return first !== undefined && toString(first).trim() === titles[0];
}

export function readTable(table: Table, values: Values | undefined, faults: Fault[]): WatchRow[] {
  const [head, ...body] = table.children;
  const columns = (head?.children ?? []).map((cell) => toString(cell).trim());
  for (const [index, title] of columns.entries())
    if (!titles.some((known) => known === title) || columns.indexOf(title) !== index)
      faults.push({
        ...placeOf(head?.children[index] ?? table),
        message: `A decision table has no column ${JSON.stringify(title)} here.`,
        fix: `Its columns are ${titles.join(', ')}.`,
      });
  if (body.length === 0)
    faults.push({ ...placeOf(table), message: 'The decision table has no row.', fix: 'Add a row for each metric that decides.' });
  const seen = new Set<string>();
  return body.map(({ children }) => {
    const [first] = children;
    const metric = first === undefined ? '' : toString(first).trim();
    const place = placeOf(first ?? table);
    if (!metricName.test(metric))
      faults.push({
        ...place,
        message: `${JSON.stringify(metric)} is not the name of a metric.`,
        fix: 'Write the key that the command prints, such as p95_ms.',
      });
    if (seen.has(metric)) faults.push({ ...place, message: `The metric ${metric} has two rows.`, fix: 'Put its limits into one row.' });
    seen.add(metric);
    const limits = (title: string) => readLimits(children[columns.indexOf(title)], values, faults);
    return { metric, place, hold: limits('Hold'), rollBack: limits('Roll back') };
  });
}

function readLimits(cell: TableCell | undefined, values: Values | undefined, faults: Fault[]): Limit[] {
  if (cell === undefined) return [];
  const text = substitute(toString(cell), values ?? new Map());
  if (values === undefined && referencesIn(text).length > 0) return [];
  const limits = parseCell(text);
  if (limits !== undefined) return limits;
  const fix = 'Write > 1%, >= 500, > 2x NAME with the name of a capture, > 3 in 5m, two of these joined by and, or nothing.';
  faults.push({ ...placeOf(cell), message: `${JSON.stringify(text.trim())} is not a limit.`, fix });
  return [];
}

/** A cell begins with its bar; its text is after that. */
function placeOf({ position, children }: TableCell | Table): Place {
  const [first] = children;
  const start = first?.position?.start ?? position?.start;
  return { line: start?.line ?? 1, column: start?.column ?? 1 };
}
