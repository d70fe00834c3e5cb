import { expect, test } from 'vitest';
import { type Sample, judge, showVerdict } from './judge.ts';

const megabyte = 1024 * 1024;

/** Forty samples of a server that answers a hundred times between two of them. */
function samples(change: (n: number) => Partial<Sample>): Sample[] {
  return Array.from({ length: 40 }, (_, n) => ({
    seconds: n,
    requests: n * 100,
    heldBytes: 60 * megabyte + (n % 3) * megabyte,
    residentBytes: 200 * megabyte,
    handles: 30,
    connections: 10,
    eventStreams: 2,
    lagMs: 12,
    ...change(n),
  }));
}

const complaints = (change: (n: number) => Partial<Sample>) => judge(samples(change), { pool: 10, kind: 'postgres' }).complaints;

test('a heap that swings, warms up in the first quarter, or has one bad moment is flat', () => {
  expect(complaints(() => ({}))).toEqual([]);
  expect(complaints((n) => (n < 10 ? { heldBytes: n * megabyte } : {}))).toEqual([]);
  expect(complaints((n) => (n === 35 ? { heldBytes: 500 * megabyte, residentBytes: 900 * megabyte } : {}))).toEqual([]);
});

test('a few kilobytes kept of each request are found', () => {
  const found = complaints((n) => ({ heldBytes: 60 * megabyte + n * 100 * 3_000 }));
  expect(found).toEqual(['it held 5.7 MB more after 2000 further answers']);
});

test('memory outside the heap, handles, and connections beyond the pool are found', () => {
  expect(complaints((n) => ({ residentBytes: (200 + n * 5) * megabyte }))).toEqual(['its memory grew by 100.0 MB in 2000 answers']);
  expect(complaints((n) => ({ handles: n * 5 }))).toEqual(['it had 175 handles open, and 75 before']);
  expect(complaints((n) => (n === 7 ? { connections: 11 } : {}))).toEqual(['it had 11 connections to the database, and its pool is 10']);
});

test('the table has a line for each quarter and ends with the verdict', () => {
  const table = showVerdict(
    judge(
      samples(() => ({})),
      { pool: 10, kind: 'embedded' },
    ),
  );
  expect(table.split('\n')).toHaveLength(8);
  expect(table).toMatch(/last \|\s+3,500 /);
  expect(table).toMatch(/flat$/);
});
