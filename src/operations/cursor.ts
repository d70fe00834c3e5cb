/** Cursors: opaque places in a list that stay right while things are inserted and deleted. */

import { createHash } from 'node:crypto';
import { type Problem, invalidInput } from '../platform/problem.ts';

/** The sort key of the last item that was given; the next page starts behind it. */
export type Position = readonly (string | number)[];

/** Ties a cursor to its list: a cursor of one filter in another would silently skip items. */
function fingerprint(list: string, filters: Record<string, unknown>): string {
  const stable = JSON.stringify(
    Object.entries(filters)
      .filter(([, value]) => value !== undefined)
      .sort(),
  );
  return createHash('sha256').update(`${list}\n${stable}`).digest('base64url').slice(0, 8);
}

export function writeCursor(list: string, filters: Record<string, unknown>, position: Position): string {
  return Buffer.from(JSON.stringify([fingerprint(list, filters), ...position])).toString('base64url');
}

/** @throws Problem `invalid_input` for a cursor that is not ours, or belongs to other filters. */
export function readCursor(list: string, filters: Record<string, unknown>, text: string | undefined, parts: number): Position | undefined {
  if (text === undefined) return undefined;
  const fields = parse(text);
  if (fields === undefined || fields.length !== parts + 1) throw badCursor('it is not a cursor of this list');
  const [print, ...position] = fields;
  if (print !== fingerprint(list, filters)) throw badCursor('it belongs to a call with other filters');
  return position;
}

function parse(text: string): (string | number)[] | undefined {
  try {
    const value: unknown = JSON.parse(Buffer.from(text, 'base64url').toString('utf8'));
    const isField = (field: unknown): field is string | number => typeof field === 'string' || typeof field === 'number';
    return Array.isArray(value) && value.every(isField) ? value : undefined;
  } catch {
    return undefined;
  }
}

function badCursor(why: string): Problem {
  return invalidInput({
    message: `cursor: ${why}.`,
    next: 'Pass next_cursor exactly as the page before gave it, with the same filters, or leave cursor out to start again.',
    details: { problems: [{ path: 'cursor', message: why }] },
  });
}

/**
 * Cuts `rows`, of which one more than `limit` was read, into a page. A page also ends before `bytes` of JSON,
 * with at least one item, so that a model is never flooded.
 */
export function toPage<Row, Item>(
  rows: readonly Row[],
  options: { limit: number; bytes: number | undefined; item: (row: Row) => Item; cursor: (row: Row) => string },
): { items: Item[]; next_cursor: string | null } {
  const items: Item[] = [];
  let used = 0;
  for (const row of rows.slice(0, options.limit)) {
    const item = options.item(row);
    used += options.bytes === undefined ? 0 : Buffer.byteLength(JSON.stringify(item));
    if (items.length > 0 && options.bytes !== undefined && used > options.bytes) break;
    items.push(item);
  }
  const last = rows[items.length - 1];
  return { items, next_cursor: rows.length > items.length && last !== undefined ? options.cursor(last) : null };
}

/**
 * One page of a list whose order is that of its ids. `read` gets the id to go on behind, and how many rows to read:
 * one more than the page holds, to know whether there is another.
 * @throws Problem `invalid_input` for a cursor of another list
 */
export async function pageById<Row extends { id: string }, Item>(
  list: string,
  asked: { limit: number; cursor?: string | undefined },
  bytes: number | undefined,
  read: (page: { after: string | undefined; limit: number }) => Promise<readonly Row[]>,
  item: (row: Row) => Item,
): Promise<{ items: Item[]; next_cursor: string | null }> {
  const after = readCursor(list, {}, asked.cursor, 1)?.[0];
  const rows = await read({ after: after === undefined ? undefined : String(after), limit: asked.limit + 1 });
  return toPage(rows, { limit: asked.limit, bytes, item, cursor: (row) => writeCursor(list, {}, [row.id]) });
}
