/** The arithmetic of `measure`: percentiles from buckets, counters that begin anew, restarts, the text that metrics come in. */

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, describe, expect, test } from 'vitest';
import { parseMetrics as parseByLibrary } from '../../../test/support/prometheus.ts';
import { addTraffic, numbersOf, quantile, shareAbove } from './measurement.ts';
import { parseMetrics } from './metrics-text.ts';
import { type Reading, windowOf } from './replica.ts';
import { AnotherProcess, countRestarts, remember } from './restarts.ts';

const bounds = [0.01, 0.1, 1, 10];

/** As a histogram counts them: each bucket has all that were at most its bound. */
function bucketsOf(seconds: readonly number[]): Map<string, number> {
  const finite = bounds.map((bound): [string, number] => [String(bound), seconds.filter((each) => each <= bound).length]);
  return new Map([...finite, ['+Inf', seconds.length]]);
}

describe('percentiles', () => {
  test('are interpolated within their bucket', () => {
    const buckets = new Map([
      ['0.1', 50],
      ['0.2', 100],
      ['+Inf', 100],
    ]);
    expect(quantile(0.5, buckets)).toBeCloseTo(0.1);
    expect(quantile(0.75, buckets)).toBeCloseTo(0.15);
    expect(quantile(0.25, buckets)).toBeCloseTo(0.05);
  });

  test('beyond the last bound are that bound', () => {
    expect(quantile(0.99, bucketsOf([20, 20, 20]))).toBe(10);
  });

  test.each([
    ['no bucket', []],
    [
      'nothing counted',
      [
        ['1', 0],
        ['+Inf', 0],
      ],
    ],
    ['no count of all', [['1', 5]]],
  ] as [string, [string, number][]][])('of %s are not there', (_name, buckets) => {
    expect(quantile(0.5, new Map(buckets))).toBeUndefined();
  });

  test('lie in the bucket of the sample that they are about, and rise', () => {
    const times = fc.array(fc.double({ min: 0.001, max: 20, noNaN: true }), { minLength: 1, maxLength: 200 });
    fc.assert(
      fc.property(times, fc.double({ min: 0.01, max: 1, noNaN: true }), fc.double({ min: 0.01, max: 1, noNaN: true }), (seconds, a, b) => {
        const buckets = bucketsOf(seconds);
        const [low, high] = [quantile(Math.min(a, b), buckets) ?? NaN, quantile(Math.max(a, b), buckets) ?? NaN];
        expect(low).toBeLessThanOrEqual(high);
        const real = seconds.toSorted((x, y) => x - y)[Math.ceil(a * seconds.length - 1e-9) - 1] ?? NaN;
        const upper = bounds.find((bound) => real <= bound) ?? Infinity;
        const lower = bounds.findLast((bound) => bound < upper) ?? 0;
        const found = quantile(a, buckets) ?? NaN;
        expect(found).toBeGreaterThanOrEqual(lower);
        expect(found).toBeLessThanOrEqual(Math.min(upper, 10));
      }),
    );
  });

  test("and the share above them are each other's opposite", () => {
    const buckets = bucketsOf([0.005, 0.05, 0.05, 0.5, 5, 20]);
    for (const share of [0.1, 0.3, 0.5, 0.8]) expect(shareAbove(quantile(share, buckets) ?? NaN, buckets)).toBeCloseTo(1 - share);
    expect([shareAbove(10, buckets), shareAbove(60, buckets), shareAbove(1, new Map())]).toEqual([
      expect.closeTo(1 / 6),
      expect.closeTo(1 / 6),
      0,
    ]);
  });

  test('of several replicas are those of all their requests', () => {
    const one = { requests: 2, errors: 1, buckets: bucketsOf([0.05, 0.05]) };
    const other = { requests: 2, errors: 0, buckets: bucketsOf([5, 5]) };
    const idle = { requests: 0, errors: 0, buckets: new Map<string, number>() };
    expect(addTraffic([one, other, idle])).toEqual({ requests: 4, errors: 1, buckets: bucketsOf([0.05, 0.05, 5, 5]) });
    const older = {
      requests: 1,
      errors: 0,
      buckets: new Map([
        ['1', 1],
        ['+Inf', 1],
      ]),
    };
    expect([...addTraffic([one, older]).buckets]).toEqual([
      ['1', 3],
      ['+Inf', 3],
    ]);
  });
});

test('without requests there is neither an error rate nor a latency', () => {
  expect(numbersOf({ requests: 0, errors: 0, buckets: new Map() })).toEqual({ requests: 0 });
  expect(numbersOf({ requests: 4, errors: 1, buckets: new Map() })).toEqual({ requests: 4, error_rate: 0.25 });
});

const text = (requests: number, failed: number, started = 1_000) => `
# TYPE quarterdeck_http_requests_total counter
quarterdeck_http_requests_total{route="/tasks",method="GET",status="2xx"} ${requests}
quarterdeck_http_requests_total{route="/tasks",method="GET",status="5xx"} ${failed}
quarterdeck_http_requests_total{route="/health",method="GET",status="2xx"} ${requests * 1_000}
# TYPE quarterdeck_http_request_duration_seconds histogram
quarterdeck_http_request_duration_seconds_bucket{le="0.1",route="/tasks",status="2xx"} ${requests}
quarterdeck_http_request_duration_seconds_bucket{le="+Inf",route="/tasks",status="2xx"} ${requests}
quarterdeck_http_request_duration_seconds_bucket{le="0.1",route="/health",status="2xx"} 100000
quarterdeck_http_request_duration_seconds_bucket{le="+Inf",route="/health",status="2xx"} 100000
# TYPE quarterdeck_database_connections gauge
quarterdeck_database_connections{state="in_use"} 3
quarterdeck_database_connections{state="idle"} 4
quarterdeck_database_connections{state="waiting"} 2
# TYPE process_cpu_seconds_total counter
process_cpu_seconds_total ${requests / 10}
process_start_time_seconds ${started}
`;

function reading(metrics: string, at: number): Reading {
  return { ...(parseMetrics(metrics) ?? { samples: [], families: new Set() }), at, clock: 1_000 + at };
}

describe('a window', () => {
  test('has what was counted in it, without probes', () => {
    const { traffic, connections, waiting, cpu } = windowOf(reading(text(100, 1), 0), reading(text(150, 3), 10));
    expect(traffic).toEqual({
      requests: 52,
      errors: 2,
      buckets: new Map([
        ['0.1', 50],
        ['+Inf', 50],
      ]),
    });
    expect([connections, waiting, cpu]).toEqual([7, 2, 0.5]);
  });

  test('of a process that began in it has all that was counted', () => {
    expect(windowOf(undefined, reading(text(20, 2, 1_005), 10))).toMatchObject({ traffic: { requests: 22, errors: 2 }, cpu: 0.4 });
  });

  test('counters that were set back do not make it negative', () => {
    expect(windowOf(reading(text(100, 5), 0), reading(text(10, 1), 10)).traffic).toMatchObject({ requests: 11, errors: 1 });
  });

  test('without the metrics has no numbers, and without requests has none of them', () => {
    const other = reading('# TYPE other counter\nother 1\n', 0);
    expect(windowOf(other, other)).toEqual({
      traffic: undefined,
      inFlight: undefined,
      rssBytes: undefined,
      cpu: undefined,
      connections: undefined,
      waiting: undefined,
    });
    const quiet = reading('# TYPE quarterdeck_http_requests_total counter\n', 0);
    expect(windowOf(quiet, quiet).traffic).toEqual({ requests: 0, errors: 0, buckets: new Map() });
  });
});

describe('restarts', () => {
  const folder = mkdtempSync(join(tmpdir(), 'quarterdeck-measure-'));
  afterAll(() => rmSync(folder, { recursive: true }));

  test('grow when the process is younger than the last time that it was seen, and are remembered for each place', () => {
    const at = (started: number, seen: number, place = 'http://a') => countRestarts(folder, { place, started, seen });
    expect([at(100, 200), at(100, 210), at(220, 230), at(220, 240), at(250, 250), at(90, 300, 'http://b')]).toEqual([0, 0, 1, 1, 2, 0]);
  });

  test('are no restarts when an older process answers', () => {
    const before = remember(undefined, { place: 'x', started: 100, seen: 200 });
    expect(() => remember(before, { place: 'x', started: 150, seen: 201 })).toThrow(AnotherProcess);
    expect(() => remember(before, { place: 'x', started: 50, seen: 201 })).toThrow(/load balancer/);
  });
});

describe('the text of metrics', () => {
  test('is read as another parser reads it', () => {
    const tricky = `${text(3, 1)}name{a="x\\"y\\\\z\\n,}",b=""} 1.5e-3 1700000000000\nother{} Nan\n`;
    expect(parseMetrics(tricky)?.samples.at(-2)).toEqual({ name: 'name', labels: { a: 'x"y\\z\n,}', b: '' }, value: 0.0015 });
    expect(parseMetrics(text(3, 1))?.samples).toEqual(parseByLibrary(text(3, 1)));
  });

  test.each(['<!doctype html>', '{"error":{}}', 'name{a="b} 1', 'name', 'name x', ''])('%s is none', (other) => {
    expect(parseMetrics(other)).toBeUndefined();
  });
});
