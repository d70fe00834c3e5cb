/** Attempts on the server as a table: what was tried, what must come of it, and what came. */

import { describe, expect, test } from 'vitest';

export interface Attempt {
  /** What somebody tries, in words: the name of its test. */
  attempt: string;
  /** The status, then the code of the error; for what is let through, the status and what became of it. */
  expected: string;
  /** Tries it and says what came of it, in the same words. */
  run(): Promise<string>;
}

/** What the reporter of `npm run security` prints of a test. */
export interface HeldAttempt {
  title: string;
  attempt: string;
  expected: string;
  got: string;
}

declare module 'vitest' {
  interface TaskMeta {
    attempt?: HeldAttempt;
  }
}

/** One test an attempt. */
export function holdAttempts(title: string, attempts: readonly Attempt[]): void {
  describe(`attempts at ${title}`, () => {
    test.for([...attempts])('$attempt: $expected', async ({ attempt, expected, run }, { task }) => {
      const got = await run();
      task.meta.attempt = { title, attempt, expected, got };
      expect(got).toBe(expected);
    });
  });
}

/** `403 forbidden`: the status and the code of the error, of an answer over REST. */
export function outcomeOf({ status, body }: { status: number; body: unknown }): string {
  const code = errorCode(body);
  return code === undefined ? String(status) : `${status} ${code}`;
}

function errorCode(body: unknown): string | undefined {
  if (typeof body !== 'object' || body === null || !('error' in body)) return undefined;
  const { error } = body;
  return typeof error === 'object' && error !== null && 'code' in error ? String(error.code) : undefined;
}
