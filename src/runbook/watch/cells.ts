/** The cells of a decision table: `> 1%`, `>= 500`, `> 2x baseline`, `> 3 in 5m`, and two of these joined by `and`. */

import { variableName } from '../names.ts';
import { parseDuration } from '../../system/duration.ts';

export type Comparison = '>' | '>=' | '<' | '<=';

export interface Limit {
  readonly text: string;
  readonly comparison: Comparison;
  /** For a relative limit the factor, for growth the count; otherwise the value itself, where `1%` is 0.01. */
  readonly bound: number;
  /** The capture that has the value to compare with. */
  readonly relativeTo: string | undefined;
  /** The growth within so many milliseconds is compared, not the value. */
  readonly withinMs: number | undefined;
}

const form = /^(>=|<=|>|<)\s*(\d+(?:\.\d+)?|\.\d+)\s*(?:(%)|x\s+(\S+)|\s+in\s+(\S+))?$/;

/** The limits that must all be passed; empty: none. undefined: it cannot be read. */
export function parseCell(text: string): Limit[] | undefined {
  const cell = text.trim();
  if (cell === '') return [];
  const parts = cell.split(/\s+and\s+/);
  if (parts.length > 2) return undefined;
  const limits = parts.map(parseLimit);
  return limits.every((limit) => limit !== undefined) ? limits : undefined;
}

function parseLimit(text: string): Limit | undefined {
  const [, comparison, number, percent, relativeTo, window] = form.exec(text.trim()) ?? [];
  if (comparison === undefined || number === undefined) return undefined;
  if (relativeTo !== undefined && !variableName.test(relativeTo)) return undefined;
  const withinMs = window === undefined ? undefined : parseDuration(window);
  if (window !== undefined && (withinMs === undefined || withinMs === 0)) return undefined;
  const bound = percent === undefined ? Number(number) : Number(number) / 100;
  return { text: text.trim(), comparison: comparison as Comparison, bound, relativeTo, withinMs };
}

export function exceeds(value: number, comparison: Comparison, bound: number): boolean {
  switch (comparison) {
    case '>':
      return value > bound;
    case '>=':
      return value >= bound;
    case '<':
      return value < bound;
    case '<=':
      return value <= bound;
  }
}
