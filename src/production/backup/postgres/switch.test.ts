import { expect, test } from 'vitest';
import { datedName } from './switch.ts';

test('the name that the old database is kept under says when, and is never cut by PostgreSQL', () => {
  expect(datedName('shop', '2026-11-22T02:00:05.678Z')).toBe('shop_before_20261122t020005678z');
  const long = datedName('ü'.repeat(31), '2026-11-22T02:00:05.678Z');
  expect(Buffer.byteLength(long)).toBeLessThanOrEqual(63);
  expect(long.endsWith('_before_20261122t020005678z')).toBe(true);
});
