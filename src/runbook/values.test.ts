import { describe, expect, test } from 'vitest';
import { holds, parseCondition } from './condition.ts';
import { isReserved, substitute } from './names.ts';
import { parseDuration, showDuration } from '../system/duration.ts';
import { exceeds, parseCell } from './watch/cells.ts';

test.each([
  ['500ms', 500],
  ['15s', 15_000],
  ['1.5s', 1_500],
  ['1h30m', 5_400_000],
  ['2d', 172_800_000],
])('%s is %i ms', (text, ms) => {
  expect(parseDuration(text)).toBe(ms);
});

test.each(['', '5', 's', '5 s', '-5s', '5m!', '1h 30m', 'soon'])('%j is no duration', (text) => {
  expect(parseDuration(text)).toBeUndefined();
});

test('durations are shown as they are written', () => {
  expect([80, 15_000, 5_400_000, 90_061_000].map(showDuration)).toEqual(['80ms', '15s', '1h30m', '1d1h1m1s']);
});

describe('a condition', () => {
  const values = new Map([
    ['ENVIRONMENT', 'production'],
    ['REGION', 'eu'],
    ['WANTED', 'production'],
  ]);

  test.each<[string, boolean]>([
    ['ENVIRONMENT == production', true],
    ['ENVIRONMENT == staging', false],
    ['ENVIRONMENT != staging', true],
    ['REGION in eu,us', true],
    ['REGION in us, asia', false],
    ['REGION not in us,asia', true],
    ['ENVIRONMENT == production and REGION in eu,us', true],
    ['ENVIRONMENT == production and REGION == us', false],
    ['ENVIRONMENT == ${WANTED}', true],
    ['UNSET == x', false],
    ['UNSET != x', true],
  ])('%s: %s', (text, expected) => {
    const condition = parseCondition(text);
    expect(condition && holds(condition, values)).toBe(expected);
  });

  test.each(['', 'ENVIRONMENT', 'A = b', 'A == ', 'A == b or C == d', 'A in', '== b', 'A == b and'])('%j cannot be read', (text) => {
    expect(parseCondition(text)).toBeUndefined();
  });
});

describe('a cell of a decision table', () => {
  test.each([
    ['> 1%', [{ comparison: '>', bound: 0.01 }]],
    ['>= 500', [{ comparison: '>=', bound: 500 }]],
    ['< .5', [{ comparison: '<', bound: 0.5 }]],
    ['> 2x baseline', [{ bound: 2, relativeTo: 'baseline' }]],
    ['> 3 in 5m', [{ bound: 3, withinMs: 300_000 }]],
    ['> 2x baseline and > 200', [{ relativeTo: 'baseline' }, { bound: 200 }]],
    ['', []],
    ['  ', []],
  ])('%j', (text, expected) => {
    expect(parseCell(text)).toMatchObject(expected);
  });

  test.each([
    '1%',
    '> ',
    '> x',
    '= 1',
    '> 1%% ',
    '> 2x',
    '> 2x 3base',
    '> 3 in soon',
    '> 3 in 0s',
    '> 1 and > 2 and > 3',
    '> 1 or > 2',
    '> 1% baseline',
  ])('%j cannot be read', (text) => {
    expect(parseCell(text)).toBeUndefined();
  });

  test('compares as it says', () => {
    expect([exceeds(2, '>', 2), exceeds(2, '>=', 2), exceeds(1, '<', 2), exceeds(2, '<=', 2), exceeds(Number.NaN, '>', 0)]).toEqual([
      false,
      true,
      true,
      true,
      false,
    ]);
  });
});

test('names are put in where they have a value, and nothing else is touched', () => {
  expect(substitute('a ${A} ${B} $A $${A}', new Map([['A', '$&']]))).toBe('a $& ${B} $A $$&');
});

test.each(['PATH', 'BASH_ENV', 'LD_PRELOAD', 'QUARTERDECK_FENCE', 'NODE_OPTIONS'])('%s decides how programs run', (name) => {
  expect(isReserved(name)).toBe(true);
  expect(isReserved(`MY_${name}`)).toBe(false);
});
