import { describe, expect, test } from 'vitest';
import type { Watch } from '../document.ts';
import { parseCell } from './cells.ts';
import { type Sample, WatchJudge } from './verdict.ts';

type Row = readonly [metric: string, hold: string, rollBack: string];

function watch(rows: readonly Row[], more: Partial<Watch> = {}): Watch {
  const cell = (text: string) => {
    const limits = parseCell(text);
    if (limits === undefined) throw new Error(`${text} cannot be read`);
    return limits;
  };
  const shape = {
    everyMs: 1_000,
    forMs: 10_000,
    warmupMs: 0,
    minRequests: 0,
    noData: 'hold',
    holdMaxMs: undefined,
    holdThen: 'stop',
  } as const;
  return {
    ...shape,
    ...more,
    rows: rows.map(([metric, hold, rollBack]) => ({ metric, place: { line: 1, column: 1 }, hold: cell(hold), rollBack: cell(rollBack) })),
  };
}

/** The verdicts on samples that come every second; null: the command gave none. */
function verdicts(given: Watch, samples: readonly (Record<string, unknown> | null)[], baseline?: string): string[] {
  const judge = new WatchJudge(given, new Map(baseline === undefined ? [] : [['baseline', baseline]]));
  return samples.map(
    (metrics, index): string => judge.take({ at: index * 1_000, metrics } satisfies Sample, index === samples.length - 1).verdict,
  );
}

describe('the verdict on a window', () => {
  test.each<[string, Row, number | undefined, string]>([
    ['nothing is exceeded', ['rate', '> 0.5%', '> 1%'], 0.004, 'good'],
    ['the limit itself is reached', ['rate', '> 0.5%', '> 1%'], 0.005, 'good'],
    ['the hold cell is exceeded', ['rate', '> 0.5%', '> 1%'], 0.006, 'hold'],
    ['both are exceeded', ['rate', '> 0.5%', '> 1%'], 0.011, 'roll_back'],
    ['a lower bound is passed', ['rate', '', '< 10'], 9, 'roll_back'],
    ['one of two limits is exceeded', ['rate', '', '> 1 and > 5'], 3, 'good'],
    ['both of two limits are exceeded', ['rate', '', '> 1 and > 5'], 6, 'roll_back'],
    ['the metric is missing', ['rate', '> 0.5%', ''], undefined, 'inconclusive'],
    ['the metric is missing and nothing is asked of it', ['rate', '', ''], undefined, 'good'],
  ])('when %s', (_what, row, value, verdict) => {
    expect(verdicts(watch([row]), [value === undefined ? { other: 1 } : { rate: value }])).toEqual([verdict]);
  });

  test('is that of the worst row, and missing data is no success', () => {
    const given = watch([
      ['rate', '> 1', '> 2'],
      ['late', '> 1', '> 2'],
    ]);
    expect(verdicts(given, [{ rate: 0, late: 1.5 }])).toEqual(['hold']);
    expect(verdicts(given, [{ rate: 3 }])).toEqual(['roll_back']);
    expect(verdicts(given, [{ rate: 0 }])).toEqual(['inconclusive']);
    expect(verdicts(given, [null])).toEqual(['inconclusive']);
    expect(verdicts(given, [{ rate: '0', late: Number.NaN }])).toEqual(['inconclusive']);
  });

  test('says in words what decided', () => {
    const judge = new WatchJudge(watch([['p95_ms', '', '> 2x baseline']]), new Map([['baseline', '{"p95_ms":100}']]));
    expect(judge.take({ at: 0, metrics: { p95_ms: 250.04 } }, false)).toMatchObject({
      verdict: 'hold',
      reasons: ['p95_ms is 250 (> 2x baseline: 200); a second time in a row, it is rolled back'],
      rows: [{ metric: 'p95_ms', value: 250.04, limits: [{ text: '> 2x baseline', bound: 200, exceeded: true }] }],
    });
  });
});

describe('a relative limit', () => {
  const given = watch([['p95_ms', '> 1.5x baseline', '> 2x baseline']]);
  const baseline = '{"p95_ms":100}';
  const values = (...all: number[]) => all.map((p95_ms) => ({ p95_ms }));

  test('needs two bad windows in a row', () => {
    expect(verdicts(given, values(250, 250), baseline)).toEqual(['hold', 'roll_back']);
    expect(verdicts(given, values(250, 100, 250, 160), baseline)).toEqual(['hold', 'good', 'hold', 'hold']);
  });

  test('needs one that is five times over', () => {
    expect(verdicts(given, values(1_001), baseline)).toEqual(['roll_back']);
    expect(verdicts(given, values(1_000), baseline)).toEqual(['hold']);
    expect(verdicts(watch([['rps', '', '< 0.5x baseline']]), [{ rps: 9 }], '{"rps":100}')).toEqual(['roll_back']);
  });

  test.each([
    ['is missing', undefined],
    ['has not this metric', '{"other":1}'],
    ['is zero', '{"p95_ms":0}'],
    ['is no JSON', 'fast'],
  ])('decides nothing when its baseline %s', (_what, text) => {
    expect(verdicts(given, values(1), text)).toEqual(['inconclusive']);
  });
});

describe('growth', () => {
  const restarts = (...all: number[]) => all.map((count) => ({ restarts: count }));

  test('is counted within its window, also over a counter that begins anew', () => {
    const given = watch([['restarts', '', '> 3 in 3s']]);
    expect(verdicts(given, restarts(10, 12, 13))).toEqual(['good', 'good', 'good']);
    expect(verdicts(given, restarts(10, 12, 14))).toEqual(['good', 'good', 'roll_back']);
    // Two of them are too long ago.
    expect(verdicts(given, restarts(10, 12, 12, 12, 12, 14))).toEqual(Array.from({ length: 6 }, () => 'good'));
    expect(verdicts(given, restarts(10, 1, 3))).toEqual(['good', 'good', 'good']);
    expect(verdicts(given, restarts(10, 2, 4))).toEqual(['good', 'good', 'roll_back']);
  });

  test('is noticed although there are too few requests', () => {
    const given = watch(
      [
        ['restarts', '', '> 3 in 5m'],
        ['rate', '', '> 1%'],
      ],
      { minRequests: 100 },
    );
    expect(
      verdicts(given, [
        { restarts: 0, requests: 1, rate: 0 },
        { restarts: 4, requests: 0, rate: 0 },
        { restarts: 4, requests: 0, rate: 0 },
      ]),
    ).toEqual(['open', 'roll_back', 'roll_back']);
  });
});

describe('requests', () => {
  const given = watch([['rate', '', '> 1%']], { minRequests: 200 });

  test('are summed since the last verdict, each sample weighed by them', () => {
    const samples = [
      { requests: 100, rate: 0.03 },
      { requests: 50, rate: 0 },
      { requests: 150, rate: 0 },
      { requests: 200, rate: 0.02 },
    ];
    // 3 of 300: one per cent, which is not more than one.
    expect(verdicts(given, samples)).toEqual(['open', 'open', 'good', 'roll_back']);
  });

  test('that are too few at the end give no verdict', () => {
    expect(
      verdicts(given, [
        { requests: 10, rate: 0 },
        { requests: 10, rate: 0 },
      ]),
    ).toEqual(['open', 'inconclusive']);
    const judge = new WatchJudge(given, new Map());
    expect(judge.take({ at: 0, metrics: { requests: 10, rate: 0 } }, true).reasons).toEqual([
      '10 requests, and 200 are needed for a verdict',
    ]);
  });
});
