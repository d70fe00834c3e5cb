/** Pure decisions on jobs: whether one that failed is tried again, and when. */

import type { NewEvent } from '../events/types.ts';
import { type Problem, unavailable } from '../problem.ts';
import type { JobEnd } from './store.ts';
import type { JobProblem, TakenJob } from './types.ts';

/** How often a job is begun: once can be a crash that it has nothing to do with, three times is the job. */
export const maxAttempts = 3;

/** Seconds before the second attempt; each further one waits twice as long. What passes at all, passes in a minute or so. */
const firstWait = 5;

/** What an event about a job says of it; with it a client is told of the job's MCP resource. */
export function jobEvent(type: string, { id, kind, principal }: Pick<TakenJob, 'id' | 'kind' | 'principal'>, data: object = {}): NewEvent {
  return { type: `job.${type}`, subject: id, resource: jobResource(id), owner_id: principal.user_id, data: { kind, ...data } };
}

export const jobResource = (id: string) => `quarterdeck://jobs/${id}`;

export function problemOf({ code, message, retryable, next, details }: Problem): JobProblem {
  return { code, message, retryable, next, details };
}

/** A problem that the very same call would meet again is final. `attempt`: the one that failed, from 1. */
export function afterProblem(problem: Problem, attempt: number): JobEnd {
  if (!problem.retryable || attempt >= maxAttempts) return { status: 'failed', problem: problemOf(problem) };
  return { status: 'again', seconds: firstWait * 2 ** (attempt - 1), attempts: attempt };
}

/** A job that a server gave back when it stopped: nothing speaks against it. */
export function givenBack(attempt: number): JobEnd {
  return { status: 'again', seconds: 0, attempts: attempt - 1 };
}

export const diedTooOften: JobProblem = problemOf(
  unavailable({
    message: `The server that worked on it died ${maxAttempts} times, so it is not tried again.`,
    next: 'Look into the log of the servers; try again with a smaller input.',
  }),
);
