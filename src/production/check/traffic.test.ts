/** What is told of the requests of a release between two readings of its proxy. */

import { describe, expect, test } from 'vitest';
import { parseMetrics } from '../measure/metrics-text.ts';
import type { Reading } from '../measure/release.ts';
import type { ReleaseStatus } from '../release/status.ts';
import { judgeTraffic } from './traffic.ts';

interface Counts {
  fast?: number;
  slow?: number;
  failed?: number;
}

/** What the proxy counts of a replica or a version: fast is 0.1 s, slow is 1 s. */
function lines(kind: 'replica' | 'version', name: string, { fast = 0, slow = 0, failed = 0 }: Counts): string {
  const prefix = kind === 'replica' ? 'quarterdeck_proxy_replica_request' : 'quarterdeck_proxy_request';
  const all = fast + slow + failed;
  return [
    `${prefix}s_total{${kind}="${name}",outcome="2xx"} ${fast + slow}`,
    `${prefix}s_total{${kind}="${name}",outcome="5xx"} ${failed}`,
    `${prefix}_duration_seconds_bucket{${kind}="${name}",le="0.1"} ${fast + failed}`,
    `${prefix}_duration_seconds_bucket{${kind}="${name}",le="1"} ${all}`,
    `${prefix}_duration_seconds_bucket{${kind}="${name}",le="+Inf"} ${all}`,
  ].join('\n');
}

const replica = (id: string) => ({ id, pid: 1, port: 1, healthy: true, in_flight: 0, restarts: 0, health: null });
const status: ReleaseStatus = {
  listen: 'a:1',
  live: 'v2',
  canary: null,
  previous: 'v1',
  change: null,
  slots: [{ slot: 'green', version: 'v2', state: 'live', weight: 100, wanted: 2, replicas: [replica('one'), replica('two')] }],
  supervisor: { pid: 1 },
  proxy: { pid: 2 },
};

function reading(one: Counts, two: Counts, before: Counts = {}): Reading {
  const sum = (key: keyof Counts) => (one[key] ?? 0) + (two[key] ?? 0);
  const live = { fast: sum('fast'), slow: sum('slow'), failed: sum('failed') };
  const text = [lines('replica', 'one', one), lines('replica', 'two', two), lines('version', 'v2', live), lines('version', 'v1', before)];
  return { samples: parseMetrics(text.join('\n'))?.samples ?? [], status, replicas: [], at: 0 };
}

const wishes = { errorRate: 0.01, p95Ms: 300, minRequests: 50 };
const look = (one: Counts, two: Counts, before?: Counts) => judgeTraffic(reading({}, {}), reading(one, two, before), wishes);

describe('requests', () => {
  test.each<[string, Counts, Counts, string, string, string]>([
    ['that are answered in time', { fast: 100 }, { fast: 100 }, 'passed', 'nobody', 'none'],
    ['of which too few were seen', { fast: 4 }, { failed: 4 }, 'inconclusive', 'unknown', 'none'],
    ['that fail on one replica', { fast: 100 }, { fast: 50, failed: 50 }, 'failed', 'replica', 'two'],
    ['that are slow on one replica, which gets few', { fast: 200 }, { slow: 10 }, 'failed', 'replica', 'two'],
    ['that fail everywhere', { fast: 90, failed: 10 }, { fast: 90, failed: 10 }, 'failed', 'everybody', 'none'],
    ['that fail everywhere, though one replica got few', { fast: 950, failed: 50 }, { fast: 38, failed: 2 }, 'failed', 'everybody', 'none'],
    ['that fail, though too few of another to compare', { fast: 950, failed: 50 }, { fast: 20 }, 'failed', 'everybody', 'none'],
    ['of which two fail by chance', { fast: 100 }, { fast: 18, failed: 2 }, 'passed', 'nobody', 'none'],
  ])('%s', (_what, one, two, outcome, spread, culprit) => {
    const { measured, ...result } = look(one, two);
    expect(result.outcome).toBe(outcome);
    expect(measured).toMatchObject({ spread, culprit });
  });

  test('are compared with those of the version before, in all the time that it served', () => {
    const bad = { fast: 50, failed: 50 };
    const before = (counts: Counts) => look(bad, bad, counts).measured['before'];
    expect([before({ fast: 1_000, failed: 2 }), before({ fast: 900, failed: 100 }), before({ fast: 10 }), before({})]).toEqual([
      'good',
      'bad',
      'unknown',
      'unknown',
    ]);
  });
});
