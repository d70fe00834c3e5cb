/** What commands print: one JSON object for programs; for people aligned text, coloured only at a terminal. */

import { stripVTControlCharacters, styleText } from 'node:util';

export type Color = 'bold' | 'dim' | 'cyan' | 'green' | 'yellow' | 'red';

/** Prints the result: as it is for programs, or as `text` words it for people. */
export function print(json: boolean | undefined, result: unknown, text: () => string): void {
  process.stdout.write(`${json === true ? JSON.stringify(result) : text()}\n`);
}

/** Colour where standard output is a terminal, unless NO_COLOR is set. */
export function style(format: Color, text: string): string {
  return styleText(format, text, { stream: process.stdout });
}

export interface Column<Row> {
  title: string;
  value(row: Row): string;
  /** Default: none. */
  color?: (row: Row) => Color | undefined;
}

const gap = '  ';

/** Columns without borders, under their titles; `empty` when there is nothing to show. */
export function table<Row>(rows: readonly Row[], columns: readonly Column<Row>[], empty: string): string {
  if (rows.length === 0) return empty;
  const cells = rows.map((row) => columns.map((column) => oneLine(column.value(row))));
  const widths = columns.map(({ title }, index) => Math.max(width(title), ...cells.map((line) => width(line[index] ?? ''))));
  const head = columns.map(({ title }, index) => style('dim', pad(title.toUpperCase(), widths[index])));
  const body = rows.map((row, number) =>
    columns.map((column, index) => {
      const text = pad(cells[number]?.[index] ?? '', widths[index]);
      const color = column.color?.(row);
      return color === undefined ? text : style(color, text);
    }),
  );
  return [head, ...body].map((line) => line.join(gap).trimEnd()).join('\n');
}

/** Names on the left, values on the right; a value may have more than one line. */
export function facts(pairs: readonly (readonly [name: string, value: string])[]): string {
  const left = Math.max(...pairs.map(([name]) => width(name)));
  const indent = `\n${' '.repeat(left)}${gap}`;
  return pairs.map(([name, value]) => `${style('dim', pad(name, left))}${gap}${value.replaceAll('\n', indent)}`).join('\n');
}

/** A moment for people, in UTC like everything on the wire. */
export function moment(at: Date | null, none: string): string {
  return at === null ? none : `${at.toISOString().slice(0, 16).replace('T', ' ')} UTC`;
}

/** Text that others wrote must not move the cursor or change colours. */
export function oneLine(text: string): string {
  return stripVTControlCharacters(text).replaceAll(/\p{Cc}/gu, ' ');
}

function pad(text: string, to = 0): string {
  return text + ' '.repeat(Math.max(0, to - width(text)));
}

const segmenter = new Intl.Segmenter();

/** In characters as people count them. */
function width(text: string): number {
  return [...segmenter.segment(text)].length;
}
