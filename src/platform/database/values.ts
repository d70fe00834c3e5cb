/** How values of the database become JavaScript values, the same from both databases. */

import pg from 'pg';

/** Object ids of types, from `pg_type`. */
const int8 = 20;
const date = 1082;

/** bigint is a number here: our counters and `count(*)` stay far below 2^53, and a string would be a trap in arithmetic. */
function parseInt8(text: string): number {
  const value = Number(text);
  if (!Number.isSafeInteger(value)) throw new RangeError(`${text} does not fit into a number; select it as text`);
  return value;
}

/** pg makes a `date` a moment in the local time zone, so it would be another day elsewhere. */
const parsers = new Map<number, (text: string) => unknown>([
  [int8, parseInt8],
  [date, (text) => text],
]);

export const valueParsers: pg.CustomTypesConfig = {
  getTypeParser(id: number, format?: 'text' | 'binary') {
    return (format === 'binary' ? undefined : parsers.get(id)) ?? pg.types.getTypeParser(id, format);
  },
};
