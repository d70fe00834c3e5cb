/** `check traffic`: whether the requests of a release fail or are slow, and whose doing it is: one replica, one version, or everybody. */

import { setTimeout as sleep } from 'node:timers/promises';
import { type Traffic, addTraffic, numbersOf, quantile, shareAbove } from '../measure/measurement.ts';
import type { Sample } from '../measure/metrics-text.ts';
import { type Reading, outcomesOf, read, trafficBy, trafficOf } from '../measure/release.ts';
import { growth } from '../measure/replica.ts';
import { type Spread, type Subject, spreadOf } from '../measure/spread.ts';
import type { ReleaseStatus } from '../release/status.ts';
import { type CheckResult, type Judgement, conclude, inconclusive, judged } from './result.ts';

export interface TrafficQuestion {
  /** The state folder. */
  readonly folder: string;
  readonly windowMs: number;
  readonly signal: AbortSignal;
}

export interface TrafficWishes {
  /** Share of requests that may fail; undefined: any. */
  readonly errorRate: number | undefined;
  readonly p95Ms: number | undefined;
  /** Below so many requests there is no verdict. */
  readonly minRequests: number;
}

/** Of one replica, before it is compared with others: a slow one gets few, because the proxy prefers whoever has answered. */
const leastEach = 8;

/** One or two failures are chance, however few requests they are of. */
const leastBad = 3;

/** One request in a hundred is what a release is rolled back for. */
export const defaultErrorRate = 0.01;
export const defaultMinRequests = 50;

/** @throws Error when no supervisor runs there */
export async function checkTraffic(question: TrafficQuestion, wishes: TrafficWishes): Promise<CheckResult> {
  const asked = { ...question, version: undefined };
  const before = await read(asked);
  await sleep(question.windowMs, undefined, { signal: question.signal });
  return judgeTraffic(before, await read(asked), wishes);
}

/** Pure. */
export function judgeTraffic(before: Reading, after: Reading, wishes: TrafficWishes): CheckResult {
  const grown = growth(before.samples, after.samples);
  const all = trafficOf(grown, undefined);
  const enough = all.requests >= wishes.minRequests;
  const slots = after.status.slots.flatMap(({ version, replicas }) => replicas.map(({ id }) => ({ id, version })));
  const replicas = slots.map(({ id, version }) => ({ id, version, traffic: trafficBy('replica', grown, id) }));
  const bad = replicas.filter(({ traffic }) => isBad(traffic, wishes, leastEach) === true);
  const share = badShare(addTraffic(bad.map(({ traffic }) => traffic)), wishes);
  const subjects = replicas.map((replica): Subject => ({
    name: replica.id,
    version: replica.version,
    bad: bad.includes(replica) || (isGood(replica.traffic, wishes, share) ? false : null),
  }));
  const spread = spreadOf(isBad(all, wishes, wishes.minRequests), enough ? subjects : []);
  const ended = outcomesOf(grown).map(([outcome, count]) => `${count} ${outcome}`);
  const count = `${all.requests}${ended.length === 0 ? '' : `: ${ended.join(', ')}`}`;
  const requests = enough
    ? judged('requests', count, `>= ${wishes.minRequests}`, true, '')
    : inconclusive('requests', count, `>= ${wishes.minRequests}`, 'Measure for longer (--for), or ask for less (--min-requests).');
  const judgements = [
    requests,
    ...(enough ? judgeOne('all', all, wishes) : []),
    ...replicas.flatMap(({ id, version, traffic }) =>
      traffic.requests >= leastEach ? judgeOne(`${id} (${version})`, traffic, wishes) : [],
    ),
  ];
  const { error_rate, p50_ms, p95_ms } = numbersOf(all);
  return conclude('traffic', judgements, {
    requests: all.requests,
    error_rate,
    p50_ms,
    p95_ms,
    ...culpritOf(spread),
    before: previousWas(after.samples, after.status, wishes),
  });
}

function culpritOf({ kind, culprit }: Spread): { spread: string; culprit: string } {
  return { spread: kind, culprit: culprit ?? 'none' };
}

/** What the version before was like in all the time that this proxy has counted it; `unknown`: it did not, or too little. */
function previousWas(samples: readonly Sample[], { previous, canary, live }: ReleaseStatus, wishes: TrafficWishes): string {
  const version = canary === null ? previous : live;
  if (version === null) return 'unknown';
  const bad = isBad(trafficOf(samples, version), wishes, wishes.minRequests);
  return bad === null ? 'unknown' : bad ? 'bad' : 'good';
}

/** Of requests that are bad in one way, the share that is bad in the way that is worse. */
function badShare(traffic: Traffic, { errorRate, p95Ms }: TrafficWishes): number {
  const failing = errorRate === undefined || traffic.requests === 0 ? 0 : traffic.errors / traffic.requests;
  return Math.max(failing, p95Ms === undefined ? 0 : shareAbove(p95Ms / 1_000, traffic.buckets));
}

/**
 * Within the limits, and not only because of how little it was asked: of so many requests, some would have been bad if it were like those that
 * are. `share` is theirs; by the rule of three, none is seen by chance less than one time in twenty when three are expected.
 */
function isGood(traffic: Traffic, wishes: TrafficWishes, share: number): boolean {
  const { errorRate = 1 } = wishes;
  return (
    isBad(traffic, wishes, leastEach) === false && traffic.errors <= errorRate * traffic.requests && traffic.requests * share >= leastBad
  );
}

/** null: too few to say. */
function isBad(traffic: Traffic, wishes: TrafficWishes, least: number): boolean | null {
  if (traffic.requests < least) return null;
  return judgeOne('', traffic, wishes).some(({ ok }) => ok === false);
}

function judgeOne(of: string, traffic: Traffic, { errorRate, p95Ms }: TrafficWishes): Judgement[] {
  const { requests, errors, buckets } = traffic;
  const { error_rate = 0, p95_ms } = numbersOf(traffic);
  const next = 'Find out whose doing it is: --print spread, and --print culprit.';
  // So many of the slowest are above a limit when the fastest of these is.
  const slowest = quantile(Math.max(0, Math.min(0.95, 1 - leastBad / requests)), buckets);
  return [
    ...(errorRate === undefined
      ? []
      : [
          judged(
            `errors of ${of}`,
            `${percent(error_rate)} of ${requests}`,
            `<= ${percent(errorRate)}`,
            error_rate <= errorRate || errors < leastBad,
            next,
          ),
        ]),
    ...(p95Ms === undefined || p95_ms === undefined || slowest === undefined
      ? []
      : [judged(`p95 of ${of}`, `${Math.round(p95_ms)} ms of ${requests}`, `<= ${p95Ms} ms`, slowest * 1_000 <= p95Ms, next)]),
  ];
}

function percent(share: number): string {
  return `${Number((share * 100).toPrecision(3))} %`;
}
