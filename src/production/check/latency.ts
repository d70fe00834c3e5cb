/** `check latency`: many requests, and what they prove about the slow ones among all requests. */

import { type Bounds, fewestFor, quantileBounds, rateBounds } from './bounds.ts';
import { type Question, ask, isAnswer } from './request.ts';
import { type CheckResult, type Judgement, conclude, inconclusive, judged, unseen } from './result.ts';

export interface Load {
  readonly requests: number;
  /** Under way at once. */
  readonly concurrency: number;
}

export type Percentile = 'p50' | 'p95' | 'p99';

export interface LatencyWishes {
  /** In milliseconds. */
  readonly limits: Readonly<Partial<Record<Percentile, number>>>;
  readonly errorRate: number;
}

/** What a p99 needs, and with it an error rate below 1 %. */
export const defaultRequests = 300;

const quantiles: Readonly<Record<Percentile, number>> = { p50: 0.5, p95: 0.95, p99: 0.99 };

export async function checkLatency(question: Question, load: Load, wishes: LatencyWishes): Promise<CheckResult> {
  const started = performance.now();
  const { times, silence } = await send(question, load);
  const seconds = (performance.now() - started) / 1_000;
  if (silence.length === times.length)
    return conclude('latency', [unseen('answers', silence[0] ?? 'none', '2xx', 'Check the address, and that the server runs.')]);
  times.sort((a, b) => a - b);
  const errors = times.filter((ms) => ms === Infinity).length;
  const measured = {
    requests: times.length,
    error_rate: errors / times.length,
    ...Object.fromEntries(Object.entries(quantiles).map(([name, quantile]) => [`${name}_ms`, finite(sampleAt(times, quantile))])),
    per_second: Math.round(times.length / seconds),
  };
  return conclude('latency', judgeLatency(times, wishes), measured);
}

/** Each asks again as soon as it has its answer. Of the answers only the times are kept: there may be a million. */
async function send(question: Question, { requests, concurrency }: Load): Promise<{ times: number[]; silence: string[] }> {
  const times: number[] = [];
  const silence: string[] = [];
  let sent = 0;
  const work = async (): Promise<void> => {
    while (sent < requests) {
      sent += 1;
      const answer = await ask(question);
      if (!isAnswer(answer)) silence.push(answer.why);
      // A request that failed is slower than any: a server that fails quickly is not fast.
      times.push(isAnswer(answer) && answer.status >= 200 && answer.status < 300 ? answer.ms : Infinity);
    }
  };
  await Promise.all(Array.from({ length: Math.min(concurrency, requests) }, work));
  return { times, silence };
}

/** `sorted` rises, with `Infinity` for what failed. */
export function judgeLatency(sorted: readonly number[], { limits, errorRate }: LatencyWishes): Judgement[] {
  const errors = sorted.filter((ms) => ms === Infinity).length;
  const judgements = [judgeErrors(errors, sorted.length, errorRate)];
  for (const [name, quantile] of Object.entries(quantiles)) {
    const limit = limits[name as Percentile];
    if (limit !== undefined) judgements.push(judgePercentile(name, quantile, sorted, limit));
  }
  return judgements;
}

function judgePercentile(name: string, quantile: number, sorted: readonly number[], limit: number): Judgement {
  const bounds = quantileBounds(sorted, quantile);
  const wanted = `< ${limit} ms`;
  const found = `${shown(sampleAt(sorted, quantile))} of ${sorted.length} requests, ${range(bounds)} of all with 95 % confidence`;
  const slow = 'Compare with `quarterdeck measure`, and look for what is slow: the event loop, the database, the way there.';
  if (bounds.low !== undefined && bounds.low >= limit) return judged(name, found, wanted, false, slow);
  if (bounds.high === undefined) {
    const few = `${sorted.length} requests say nothing of how slow the slow ones can be; ${fewestFor(quantile)} are the fewest`;
    return inconclusive(name, few, wanted, `Send more requests: --requests ${fewestFor(quantile)} or more.`);
  }
  if (bounds.high < limit) return judged(name, found, wanted, true, slow);
  return inconclusive(name, found, wanted, 'Send more requests (--requests): the limit lies within what these allow.');
}

function judgeErrors(errors: number, requests: number, limit: number): Judgement {
  const { low, high } = rateBounds(errors, requests);
  const wanted = `< ${percent(limit)}`;
  const found = `${errors} of ${requests}, ${percent(low)} to ${percent(high)} of all with 95 % confidence`;
  if (high < limit) return judged('errors', found, wanted, true, '');
  if (low >= limit && errors > 0)
    return judged('errors', found, wanted, false, 'Look at the log of the server for the requests that failed.');
  return inconclusive('errors', found, wanted, 'Send more requests (--requests): the limit lies within what these allow.');
}

/** The smallest sample that at least this share of them does not exceed. */
function sampleAt(sorted: readonly number[], quantile: number): number {
  return sorted[Math.ceil(quantile * sorted.length) - 1] ?? NaN;
}

function range({ low, high }: Bounds): string {
  return `${low === undefined ? 'up' : shown(low)} to ${high === undefined ? 'any' : shown(high)}`;
}

function shown(ms: number): string {
  return ms === Infinity ? 'failed' : `${Number(ms.toPrecision(3))} ms`;
}

function finite(ms: number): number | undefined {
  return Number.isFinite(ms) ? Math.round(ms * 1_000) / 1_000 : undefined;
}

function percent(share: number): string {
  return `${Number((share * 100).toPrecision(3))} %`;
}
