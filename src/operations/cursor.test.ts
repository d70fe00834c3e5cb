import { describe, expect, it } from 'vitest';
import { readCursor, toPage, writeCursor } from './cursor.ts';

describe('cursors', () => {
  it('give back the position that was written', () => {
    const text = writeCursor('tasks', { project: 'WEB', status: undefined }, ['id-1', 7]);
    expect(readCursor('tasks', { project: 'WEB' }, text, 2)).toEqual(['id-1', 7]);
  });

  it('are no position at all when there is none', () => {
    expect(readCursor('tasks', {}, undefined, 1)).toBeUndefined();
  });

  it.each([
    ['other filters', writeCursor('tasks', { project: 'API' }, ['x'])],
    ['another list', writeCursor('projects', { project: 'WEB' }, ['x'])],
    ['more parts', writeCursor('tasks', { project: 'WEB' }, ['x', 'y'])],
    ['no base64', '%%%'],
    ['no JSON', Buffer.from('{').toString('base64url')],
    ['an object', Buffer.from('{"a":1}').toString('base64url')],
    ['objects inside', Buffer.from('[{},{}]').toString('base64url')],
  ])('are refused with %s', (_what, text) => {
    expect(() => readCursor('tasks', { project: 'WEB' }, text, 1)).toThrow(/cursor:/);
  });
});

describe('toPage', () => {
  const cut = (rows: readonly number[], limit: number, bytes?: number) =>
    toPage(rows, { limit, bytes, item: (row) => ({ row }), cursor: (row) => `after ${row}` });

  it('has no next cursor when everything was given', () => {
    expect(cut([1, 2], 2)).toEqual({ items: [{ row: 1 }, { row: 2 }], next_cursor: null });
    expect(cut([], 2)).toEqual({ items: [], next_cursor: null });
  });

  it('points behind its last item when one more was read', () => {
    expect(cut([1, 2, 3], 2)).toEqual({ items: [{ row: 1 }, { row: 2 }], next_cursor: 'after 2' });
  });

  it('ends before its budget of bytes, but never empty', () => {
    expect(cut([1, 2, 3], 3, 20)).toEqual({ items: [{ row: 1 }, { row: 2 }], next_cursor: 'after 2' });
    expect(cut([1, 2], 2, 1)).toEqual({ items: [{ row: 1 }], next_cursor: 'after 1' });
  });
});
