/** Who gets a request. */

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type Situation, type Table, choose } from './table.ts';

const target = (id: string, healthy = true) => ({ id, host: '127.0.0.1', port: 1, healthy });
const table: Table = {
  routes: [
    { version: 'v1', weight: 90, targets: [target('a'), target('b')] },
    { version: 'v2', weight: 10, targets: [target('c')] },
  ],
};
const situation = (over: Partial<Situation> = {}): Situation => ({ avoid: new Set(), draws: [0, 0], waiting: () => 0, ...over });

describe('a request', () => {
  test('is drawn by weight', () => {
    expect(choose(table, situation({ draws: [0.899, 0] }))?.version).toBe('v1');
    expect(choose(table, situation({ draws: [0.901, 0] }))?.version).toBe('v2');
  });

  test('goes to the replica with the fewest waiting, and among equals to any', () => {
    expect(choose(table, situation({ waiting: (id) => (id === 'a' ? 2 : 1) }))?.id).toBe('b');
    expect(choose(table, situation({ draws: [0, 0.9] }))?.id).toBe('b');
  });

  test('of a session goes where the session lives, whatever the weight', () => {
    const warm: Table = { routes: table.routes.map((route) => ({ ...route, weight: route.version === 'v1' ? 100 : 0 })) };
    expect(choose(warm, situation({ pinned: 'c' }))?.id).toBe('c');
  });

  test('of a session whose replica is gone goes as one that begins', () => {
    expect(choose(table, situation({ pinned: 'gone' }))?.id).toBe('a');
  });

  test('is never given to a version without weight', () => {
    const none: Table = { routes: [{ version: 'v1', weight: 0, targets: [target('a')] }] };
    expect(choose(none, situation())).toBeUndefined();
  });

  test('goes to another version when no replica of the drawn one is healthy', () => {
    const sick: Table = { routes: [{ version: 'v1', weight: 90, targets: [target('a', false)] }, ...table.routes.slice(1)] };
    expect(choose(sick, situation())?.id).toBe('c');
  });

  test('goes to a replica that says it is not healthy rather than to none', () => {
    const sick: Table = { routes: [{ version: 'v1', weight: 100, targets: [target('a', false), target('b', false)] }] };
    expect(choose(sick, situation({ avoid: new Set(['a']) }))?.id).toBe('b');
    expect(choose(sick, situation({ avoid: new Set(['a', 'b']) }))).toBeUndefined();
  });
});

test('a version gets no more than its share, whatever the number of its replicas', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 99 }), fc.integer({ min: 1, max: 5 }), (weight, replicas) => {
      const shared: Table = {
        routes: [
          { version: 'old', weight: 100 - weight, targets: [target('old')] },
          { version: 'new', weight, targets: Array.from({ length: replicas }, (_, index) => target(`new-${index}`)) },
        ],
      };
      const draws = Array.from({ length: 1_000 }, (_, index) => index / 1_000);
      const share = draws.filter((draw) => choose(shared, situation({ draws: [draw, 0.5] }))?.version === 'new').length;
      expect(Math.abs(share - weight * 10)).toBeLessThanOrEqual(1);
    }),
  );
});
