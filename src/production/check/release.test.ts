/** What is told of a release from its state, its log of events and who answers. */

import { describe, expect, test } from 'vitest';
import type { PastEvent } from '../release/history.ts';
import { servingSince } from '../release/history.ts';
import type { ReleaseStatus } from '../release/status.ts';
import { type ReleaseState, conditionOf, judgeRelease } from './release.ts';

const now = new Date('2026-11-21T12:00:00Z');
const at = (minutesAgo: number): string => new Date(now.getTime() - minutesAgo * 60_000).toISOString();
const started: PastEvent = { at: at(600), event: 'supervisor started' };
const switched = (minutesAgo: number, shares: Record<string, number>): PastEvent => ({ at: at(minutesAgo), event: 'switched', shares });
const wishes = { maxEnds: 1, withinMs: 600_000, newMs: 3_600_000 };

function status(...healthy: boolean[]): ReleaseStatus {
  const replicas = healthy.map((each, index) => ({
    id: `blue-${index}`,
    pid: 1,
    port: 1,
    healthy: each,
    in_flight: 0,
    restarts: 0,
    health: each ? '200 OK' : 'ECONNREFUSED',
  }));
  const slots = [{ slot: 'blue' as const, version: 'v1', state: 'live' as const, weight: 100, wanted: 2, replicas }];
  return { listen: 'a:1', live: 'v1', canary: null, previous: null, change: null, slots, supervisor: { pid: 1 }, proxy: { pid: 2 } };
}

function state(change: Partial<ReleaseState> = {}): ReleaseState {
  const desired = { slots: [], live: 'blue' as const, canary: null, previous: null };
  return { listen: 'a:1', desired, supervisor: status(true, true), proxy: undefined, history: [started], now, ...change };
}

const ended = (minutesAgo: number): PastEvent => ({ at: at(minutesAgo), event: 'replica ended', replica: 'blue-0', how: 'code 2' });
const stopped: PastEvent = { at: at(1), event: 'supervisor stopped' };

describe('a release', () => {
  test.each<[string, Partial<ReleaseState>, string, string[]]>([
    ['with all of its replicas', {}, 'serving', []],
    ['that lacks a replica', { supervisor: status(true, false) }, 'degraded', ['healthy of v1']],
    ['of which none is healthy', { supervisor: status(false, false) }, 'no-replica', ['healthy of v1']],
    [
      'whose replicas end again and again',
      { supervisor: status(true, false), history: [started, ended(3), ended(2)] },
      'crash-loop',
      ['healthy of v1', 'replicas ended'],
    ],
    ['whose replicas ended again and again, and are well now', { history: [started, ended(3), ended(2)] }, 'serving', ['replicas ended']],
    ['whose replicas ended long ago', { history: [started, ended(30), ended(20)] }, 'serving', []],
    ['without its proxy', { proxy: 'nobody answers' }, 'no-proxy', ['proxy']],
    ['without its supervisor', { supervisor: 'nobody answers' }, 'unsupervised', ['supervisor']],
    ['that was stopped', { supervisor: 'nobody', proxy: 'nobody', history: [started, stopped] }, 'stopped', ['supervisor', 'proxy']],
    ['that was stopped and started', { supervisor: 'nobody', history: [stopped, started] }, 'unsupervised', ['supervisor']],
  ])('%s', (_what, change, condition, wrong) => {
    const seen = state(change);
    expect(conditionOf(seen, wishes)).toBe(condition);
    expect(judgeRelease(seen, wishes).flatMap(({ what, ok }) => (ok === true ? [] : [what]))).toEqual(wrong);
  });

  test('says how the last replica ended, and why the proxy cannot listen', () => {
    const history = [started, ended(2), { at: at(1), event: 'proxy failed to start', why: 'another program listens there' }];
    const found = judgeRelease(state({ history, proxy: 'nobody answers' }), wishes).map((judgement) => String(judgement.found));
    expect(found).toContain('1 in the last 10m, the last: blue-0 by code 2');
    expect(found).toContain('nobody answers; proxy failed to start: another program listens there');
  });
});

test.each<[string, PastEvent[], number | undefined]>([
  ['its switch', [started, switched(30, { v1: 100 })], 30],
  ['the beginning of its canary', [started, switched(50, { v0: 90, v1: 10 }), switched(40, { v0: 0, v1: 100 })], 50],
  [
    'its last switch, when it was away',
    [started, switched(50, { v1: 100 }), switched(40, { v0: 100, v1: 0 }), switched(9, { v1: 100 })],
    9,
  ],
  ['no time, when its switch is cut off', [switched(30, { v1: 100 })], undefined],
])('a version serves since %s', (_what, history, minutesAgo) => {
  expect(servingSince(history, 'v1')?.toISOString()).toBe(minutesAgo === undefined ? undefined : at(minutesAgo));
});
