import { expect, test } from 'vitest';
import { type Column, facts, moment, oneLine, shorten, table } from './output.ts';

const columns: Column<{ name: string; rows: number }>[] = [
  { title: 'name', value: ({ name }) => name },
  { title: 'rows', value: ({ rows }) => String(rows) },
];

test('columns are as wide as their widest value, and lines have no spaces at their ends', () => {
  const rows = [
    { name: 'tasks', rows: 12 },
    { name: 'e\u0301ve\u0301nements', rows: 3 },
  ];
  expect(table(rows, columns, 'none')).toBe('NAME        ROWS\ntasks       12\ne\u0301ve\u0301nements  3');
});

test('characters that take two columns of a terminal count twice', () => {
  const rows = [
    { name: '資料', rows: 1 },
    { name: '한글', rows: 2 },
    { name: '🦀', rows: 3 },
  ];
  expect(table(rows, columns, 'none')).toBe('NAME  ROWS\n資料  1\n한글  2\n🦀    3');
});

test('what is too long loses its middle', () => {
  expect(shorten('docs/guide/start.md', 19)).toBe('docs/guide/start.md');
  expect(shorten('docs/guide/start.md', 12)).toBe('docs/…art.md');
  expect(shorten('資料/これは長い.md', 10)).toBe('資料…い.md');
  expect(shorten('docs', 0)).toBe('…');
});

test('an empty table says why', () => {
  expect(table([], columns, 'There is nothing yet.')).toBe('There is nothing yet.');
});

test('what others wrote cannot move the cursor, nor begin a line', () => {
  expect(oneLine('a\u001B[2Jb\nc\u0007\u009Bd')).toBe('ab c  d');
});

test('the lines of a value stand under each other', () => {
  expect(
    facts([
      ['Address', 'here'],
      ['Stop', 'now\nor later'],
    ]),
  ).toBe('Address  here\nStop     now\n         or later');
});

test('a moment is in UTC, to the minute', () => {
  expect(moment(new Date('2026-11-20T14:05:59.999Z'), 'never')).toBe('2026-11-20 14:05 UTC');
  expect(moment(null, 'never')).toBe('never');
});
