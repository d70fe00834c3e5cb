/** `check clock`: whether this machine, the database and another server agree on the time. Tokens are judged by the one, leases by the other. */

import { withPostgres } from '../postgres.ts';
import { reasonOf } from '../reason.ts';
import { ask, isAnswer } from './request.ts';
import { type CheckResult, type Judgement, conclude, judged, unseen } from './result.ts';

export interface ClockQuestion {
  readonly databaseUrl: string | undefined;
  /** A server that is not this machine: the Date header of its answer is compared. */
  readonly against: string | undefined;
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
}

/** Tokens live for an hour, so seconds do no harm; a clock that follows no time server is off by more before long. */
export const defaultApartMs = 5_000;

export async function checkClock(question: ClockQuestion, apartMs: number): Promise<CheckResult> {
  const { databaseUrl, against } = question;
  const judgements = [
    ...(databaseUrl === undefined ? [] : [await compare('the database', () => databaseTime(databaseUrl, question.timeoutMs), 0, apartMs)]),
    // A Date header has whole seconds.
    ...(against === undefined ? [] : [await compare(new URL(against).host, () => serverTime(against, question), 1_000, apartMs)]),
  ];
  return conclude('clock', judgements);
}

async function compare(whose: string, read: () => Promise<number>, roughMs: number, apartMs: number): Promise<Judgement> {
  const began = Date.now();
  try {
    const there = await read();
    const ended = Date.now();
    // It was read at some moment in between.
    const apart = Math.max(0, there - ended, began - there - roughMs);
    const found = `${Math.round(apart / 1_000)} s apart`;
    return judged(
      whose,
      found,
      `<= ${apartMs / 1_000} s apart`,
      apart <= apartMs,
      'Let both follow a time server (chrony, systemd-timesyncd).',
    );
  } catch (error) {
    return unseen(whose, reasonOf(error), 'its time', 'Check the address, and that it can be reached from here.');
  }
}

async function databaseTime(url: string, timeoutMs: number): Promise<number> {
  return withPostgres(url, timeoutMs, async (client) => {
    const { rows } = await client.query<{ ms: number }>('select extract(epoch from clock_timestamp())::float8 * 1000 as ms');
    return rows[0]?.ms ?? NaN;
  });
}

async function serverTime(url: string, { timeoutMs, signal }: ClockQuestion): Promise<number> {
  const answer = await ask({ url, method: 'HEAD', timeoutMs, signal });
  if (!isAnswer(answer)) throw new Error(answer.why);
  const time = Date.parse(answer.headers.get('date') ?? '');
  if (Number.isNaN(time)) throw new Error('its answer has no Date');
  return time;
}
