import { describe, expect, test } from 'vitest';
import { type MetricSamples, judgeMetrics } from './metrics.ts';

type Sample = MetricSamples[number];

const sample = (name: string, value: number, labels: Sample['labels'] = {}): Sample => ({ name, value, labels });

/** A server that has served a thousand requests and is well. */
const healthy: MetricSamples = [
  sample('nodejs_eventloop_lag_p99_seconds', 0.011),
  sample('quarterdeck_event_loop_utilization_ratio', 0.2),
  sample('quarterdeck_http_requests_total', 1_000, { route: '/tasks' }),
  sample('quarterdeck_database_connections', 0, { state: 'waiting' }),
  ...histogram('quarterdeck_database_connection_wait_seconds', '0.5', 1_000, 1_000),
  ...histogram('quarterdeck_database_statement_duration_seconds', '1', 5_000, 5_000),
  sample('quarterdeck_claims_total', 500, { event: 'taken' }),
  sample('quarterdeck_claims_total', 3, { event: 'expired' }),
  sample('quarterdeck_auth_failures_total', 5, { cause: 'expired' }),
];

function histogram(name: string, le: string, within: number, count: number): Sample[] {
  return [sample(`${name}_bucket`, within, { le }), sample(`${name}_bucket`, count, { le: '+Inf' }), sample(`${name}_count`, count)];
}

/** The samples with those of the same names and labels replaced. */
function but(...changes: Sample[]): MetricSamples {
  const key = ({ name, labels }: Sample) => name + JSON.stringify(labels);
  return [...healthy.filter((old) => !changes.some((change) => key(change) === key(old))), ...changes];
}

test('a healthy server has nothing but good findings', () => {
  const findings = judgeMetrics({ before: healthy, after: healthy });
  expect(findings.filter(({ level }) => level !== 'ok')).toEqual([]);
  expect(findings.map(({ check }) => check).join(', ')).toBe(
    'event loop, pool, statements, mistakes, credentials, leases, limits, background work',
  );
});

test('a server that has just started, or is of another version, has nothing to complain of', () => {
  expect(judgeMetrics({ before: [], after: [] }).filter(({ level }) => level !== 'ok')).toEqual([]);
});

describe('it finds', () => {
  const waiting = sample('quarterdeck_database_connections', 7, { state: 'waiting' });
  test.each<[string, MetricSamples, string, string, RegExp]>([
    ['a blocked event loop', but(sample('nodejs_eventloop_lag_p99_seconds', 0.9)), 'event loop', 'warning', /at most 900 ms/],
    ['a process that can do no more', but(sample('quarterdeck_event_loop_utilization_ratio', 0.97)), 'event loop', 'warning', /busy 97 %/],
    ['an exhausted pool', but(waiting), 'pool', 'problem', /7 callers wait/],
    ['long waits', but(...histogram('quarterdeck_database_connection_wait_seconds', '0.5', 900, 1_000)), 'pool', 'warning', /10 % of 1000/],
    [
      'slow statements',
      but(...histogram('quarterdeck_database_statement_duration_seconds', '1', 4_000, 5_000)),
      'statements',
      'warning',
      /20 %/,
    ],
    ['mistakes', but(sample('quarterdeck_operations_total', 2, { outcome: 'internal' })), 'mistakes', 'warning', /^2 operations/],
    [
      'wrong audiences',
      but(sample('quarterdeck_auth_failures_total', 300, { cause: 'wrong_audience' })),
      'credentials',
      'warning',
      /wrong_audience/,
    ],
    ['agents that die', but(sample('quarterdeck_claims_total', 200, { event: 'expired' })), 'leases', 'warning', /200 of 500/],
    [
      'sweeps that fail',
      but(sample('quarterdeck_sweeps_total', 4, { sweep: 'old_events', outcome: 'failed' })),
      'background work',
      'warning',
      /old_events failed 4/,
    ],
  ])('%s, and says what to do', (_what, samples, check, level, message) => {
    const finding = judgeMetrics({ before: samples, after: samples }).find((candidate) => candidate.check === check);
    expect(finding).toMatchObject({ level, message: expect.stringMatching(message) });
    expect(finding?.fix).toMatch(/^.{10,}\.$|\)\.$/);
  });

  test('limits only while they are being reached', () => {
    const hit = (count: number) => but(sample('quarterdeck_limits_hit_total', count, { limit: 'write' }));
    const level = (before: number, after: number) =>
      judgeMetrics({ before: hit(before), after: hit(after) }).find(({ check }) => check === 'limits')?.level;
    expect([level(9, 9), level(9, 12)]).toEqual(['ok', 'warning']);
  });

  test('callers that wait only when they did a second ago as well', () => {
    expect(judgeMetrics({ before: healthy, after: but(waiting) }).find(({ check }) => check === 'pool')?.level).toBe('ok');
  });
});
