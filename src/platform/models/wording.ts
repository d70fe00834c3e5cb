/** What callers and `/health` are told of a failure: what failed, why, what to do. Never the other side's own text. */

import type { Problem } from '../problem.ts';
import type { Failure } from './failure.ts';
import { thisMachine } from './types.ts';
import { modelFailed, modelInputTooLong, modelUnavailable } from './problems.ts';

/** The model that a call was for. */
export interface Subject {
  use: 'chat' | 'embedding';
  name: string;
  place: string;
  /** The settings that name it and its key. */
  variable: string;
  keyVariable: string | undefined;
}

/** "The chat model openai:gpt-5-mini at api.openai.com". */
export function titleOf({ use, name, place }: Subject): string {
  return `The ${use} model ${name} ${place === thisMachine ? 'on' : 'at'} ${place}`;
}

export function problemOf(subject: Subject, failure: Failure): Problem {
  const cause = new Error(failure.reason);
  const { status } = failure;
  const title = titleOf(subject);
  const withStatus = status === undefined ? '' : ` (status ${status})`;
  switch (failure.kind) {
    case 'rate_limited':
      return retryable(`${title} has reached its rate limit.`, failure.retry_after_ms, cause);
    case 'server_error':
      return retryable(`${title} failed${withStatus}.`, failure.retry_after_ms, cause);
    case 'unreachable':
      return retryable(`${title} cannot be reached, or broke off.`, undefined, cause);
    case 'timed_out':
      return retryable(`${title} took too long: ${failure.reason}.`, undefined);
    case 'too_long':
      return tooLong(subject, `${title} says that the text is too long for it.`, { cause });
    case 'refused':
      return modelFailed({ message: `${title} refused the call${withStatus}.`, next: remedyOf(subject, status), cause });
    case 'not_loaded':
      return modelFailed({ message: `${title} could not be loaded.`, next: 'Whoever runs the server finds the reason in the log.', cause });
    case 'unusable':
      return modelFailed({
        message: `${title} gave an answer that cannot be used.`,
        next: 'Try again; if it stays so, whoever runs the server finds the reason in the log.',
        cause,
      });
  }
}

/** Not called at all, because the calls before failed. */
export function openProblem(subject: Subject, wait_ms: number, last: Failure | undefined): Problem {
  return retryable(`${titleOf(subject)} failed several times in a row${lastWord(last)}, and is not called for a while.`, wait_ms);
}

export function busyProblem(subject: Subject, places: number): Problem {
  return retryable(`${titleOf(subject)} is busy: ${places} calls are under way, and others wait.`, undefined);
}

export function stoppingProblem(): Problem {
  return retryable('The server is stopping.', undefined);
}

export function tooLong(subject: Subject, message: string, more: { cause?: unknown; details?: Record<string, unknown> } = {}): Problem {
  const next = subject.use === 'chat' ? 'Ask about less, or give fewer passages.' : 'Split the text.';
  return modelInputTooLong({ message, next, ...more });
}

/** For `/health`, which everybody may read: without the name and the place of the model. */
export function describeFailure(subject: Subject, open_ms: number | undefined, last: Failure | undefined): string | undefined {
  const model = `The ${subject.use} model`;
  if (open_ms !== undefined)
    return `${model} failed several times in a row${lastWord(last)}. It is tried again ${open_ms === 0 ? 'with the next call' : inSeconds(open_ms)}.`;
  if (last?.kind === 'not_loaded') return `${model} could not be loaded. The log says why.`;
  if (last?.kind === 'unusable') return `${model} gave an answer that cannot be used. The log says why.`;
  if (last?.kind !== 'refused' || !isMisconfigured(last.status)) return undefined;
  return `${model} refused the last call (status ${last.status}). ${remedyOf(subject, last.status)}`;
}

/** The others can be about one input: they say nothing about the settings. */
function isMisconfigured(status: number | undefined): boolean {
  return status === 401 || status === 403 || status === 404;
}

function remedyOf({ variable, keyVariable }: Subject, status: number | undefined): string {
  const key = keyVariable ?? `${variable}_KEY`;
  if (status === 401 || status === 403) return `Whoever runs the server must check ${key}.`;
  if (status === 404) return `Whoever runs the server must check the name in ${variable}, and ${variable}_URL.`;
  return 'Whoever runs the server finds the reason in the log.';
}

function lastWord(last: Failure | undefined): string {
  if (last === undefined) return '';
  return ` (${last.status === undefined ? last.kind.replaceAll('_', ' ') : `status ${last.status}`})`;
}

/** Without a time of its own a caller waits as long as it likes. */
function retryable(message: string, wait_ms: number | undefined, cause?: unknown): Problem {
  if (wait_ms === undefined) return modelUnavailable({ message, next: 'Try again in a minute.', cause });
  const details = { retry_after_seconds: secondsOf(wait_ms) };
  return modelUnavailable({ message, next: `Try again ${inSeconds(wait_ms)}.`, details, cause });
}

/** Rounded up, so that a call after this time passes. */
function secondsOf(ms: number): number {
  return Math.max(1, Math.ceil(ms / 1_000));
}

function inSeconds(ms: number): string {
  const seconds = secondsOf(ms);
  return `in ${seconds} ${seconds === 1 ? 'second' : 'seconds'}`;
}
