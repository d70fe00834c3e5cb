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

/** As people count them. */
const charactersOf = (text: string) => Array.from(segmenter.segment(text), ({ segment }) => segment);

/** What a terminal shows in two columns, by and large: https://www.unicode.org/reports/tr11/ */
const wide =
  /^(?:\p{Emoji_Presentation}|[\u1100-\u115f\u2e80-\u303e\u3041-\ua4cf\ua960-\ua97c\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff01-\uff60\uffe0-\uffe6\u{20000}-\u{3fffd}])/u;

const columnsOf = (character: string) => (wide.test(character) ? 2 : 1);

/** In columns of a terminal. */
export function width(text: string): number {
  return charactersOf(text).reduce((sum, character) => sum + columnsOf(character), 0);
}

/** Cut in its middle to so many columns: of a path the end says most. */
export function shorten(text: string, columns: number): string {
  if (width(text) <= columns) return text;
  const characters = charactersOf(text);
  const start = firstOf(characters, Math.floor((columns - 1) / 2)).join('');
  const end = firstOf(characters.toReversed(), columns - 1 - width(start))
    .toReversed()
    .join('');
  return `${start}…${end}`;
}

/** Those that have room; there are more. */
function firstOf(characters: readonly string[], columns: number): string[] {
  let used = 0;
  return characters.slice(
    0,
    characters.findIndex((character) => (used += columnsOf(character)) > columns),
  );
}
