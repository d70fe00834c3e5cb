/** `check refusals`: how many requests are refused for their credential, for which cause, and whether some replicas refuse what others take. */

import { setTimeout as sleep } from 'node:timers/promises';
import { sum } from '../measure/measurement.ts';
import { type Sample, parseMetrics } from '../measure/metrics-text.ts';
import { names, probes } from '../measure/names.ts';
import { growth } from '../measure/replica.ts';
import { ask, isAnswer } from './request.ts';
import { type CheckResult, type Judgement, conclude, judged, unseen } from './result.ts';

export interface RefusalsQuestion {
  /** One for each replica: the address of its metrics. */
  readonly urls: readonly string[];
  readonly token: string | undefined;
  readonly windowMs: number;
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
}

export interface RefusalsWishes {
  /** Of all requests. */
  readonly share: number;
  /** So few are daily life, whatever their share. */
  readonly few: number;
}

/** A client that is set up wrongly is one of many; a tenth of the requests is more than that. */
export const defaultRefusedShare = 0.1;
export const defaultFew = 10;

const refused = 'quarterdeck_auth_failures_total';

/** What to do about each cause; the caller is never told which it is, and neither is a guesser. */
const next: Readonly<Record<string, string>> = {
  missing: 'A client sends no credential: give it a key, see docs/clients.md.',
  malformed: 'A client sends something that is no credential: check how its key is quoted, and that nothing cuts it.',
  unknown: 'Keys were revoked or signing keys withdrawn, or somebody guesses.',
  expired: 'Clients do not renew their tokens, or a clock is wrong: see check clock.',
  wrong_signature: 'Tokens are of another installation.',
  wrong_issuer: 'QUARTERDECK_URL is not the address under which tokens were made: set it to the one that clients use, on every replica.',
  wrong_audience: 'QUARTERDECK_URL is not the address that clients use: set it to that one, on every replica.',
  wrong_password: 'Somebody guesses passwords, or a script has an old one.',
  locked: 'Somebody guesses passwords, and is made to wait.',
};

export async function checkRefusals(question: RefusalsQuestion, wishes: RefusalsWishes): Promise<CheckResult> {
  const read = () => Promise.all(question.urls.map((url) => scrape(question, url)));
  const before = await read();
  await sleep(question.windowMs, undefined, { signal: question.signal });
  const after = await read();
  const problems = [...before, ...after].flatMap((each) => (typeof each === 'string' ? [each] : []));
  if (problems.length > 0 || question.urls.length === 0) {
    const why = problems[0] ?? 'there is no replica';
    return conclude('refusals', [unseen('metrics', why, 'of every replica', 'Check the addresses; METRICS_TOKEN is sent when it is set.')]);
  }
  const grown = after.flatMap((samples, index) => growth(samplesOf(before[index]), samplesOf(samples)));
  return judgeRefusals(grown, wishes);
}

/** Pure. */
export function judgeRefusals(grown: readonly Sample[], { share: most, few }: RefusalsWishes): CheckResult {
  const requests = sum(
    grown.filter(({ name, labels }) => name === names.requests && !probes.has(labels['route'] ?? '')).map(({ value }) => value),
  );
  const causes = new Map<string, number>();
  for (const { name, labels, value } of grown)
    if (name === refused && value > 0) causes.set(labels['cause'] ?? '', (causes.get(labels['cause'] ?? '') ?? 0) + value);
  const sorted = [...causes].toSorted(([, one], [, other]) => other - one);
  const count = sum(sorted.map(([, each]) => each));
  const [cause = 'none'] = sorted[0] ?? [];
  const share = requests === 0 ? 0 : count / requests;
  const many = count >= few && share > most;
  const found = `${count} of ${requests} requests${count === 0 ? '' : `: ${sorted.map(([each, times]) => `${times} ${each}`).join(', ')}`}`;
  const judgement: Judgement = judged(
    'refused',
    found,
    `at most ${most * 100} %, or less than ${few}`,
    !many,
    next[cause] ?? 'Find the requests with status 401 in the log.',
  );
  return conclude('refusals', [judgement], { requests, refused: count, share, cause: many ? cause : 'none' });
}

function samplesOf(read: readonly Sample[] | string | undefined): readonly Sample[] {
  return typeof read === 'string' || read === undefined ? [] : read;
}

/** A text says why there are none. */
async function scrape({ token, timeoutMs, signal }: RefusalsQuestion, url: string): Promise<readonly Sample[] | string> {
  const answer = await ask({ url, headers: token === undefined ? {} : { Authorization: `Bearer ${token}` }, timeoutMs, signal });
  if (!isAnswer(answer)) return `${url}: ${answer.why}`;
  if (answer.status !== 200) return `${url}: status ${answer.status}`;
  return parseMetrics(answer.body)?.samples ?? `${url}: what it answers are no metrics`;
}
