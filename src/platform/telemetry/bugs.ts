/** Mistakes of the program itself: each is a line in the log with its stack, and goes to whoever collects them. */

import type { Log } from './log.ts';

/** What helps to find the request again. Never an input. */
export interface BugFacts {
  request_id?: string | undefined;
  operation?: string | undefined;
  principal?: string | undefined;
  face?: string | undefined;
}

export type BugReporter = (error: unknown, message: string, facts: BugFacts) => void;

let reporter: BugReporter | undefined;

/** One for the process. */
export function setBugReporter(next: BugReporter | undefined): void {
  reporter = next;
}

export function logBug(log: Log, error: unknown, message: string, facts: BugFacts): void {
  log.error({ err: error, ...facts }, message);
  reporter?.(error, message, facts);
}
