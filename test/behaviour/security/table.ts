/** Attempts on the server as a table: what was tried, what must come of it, and what came. */

import { afterAll, describe, expect, inject, test } from 'vitest';

export interface Attempt {
  /** What somebody tries, in words: the name of its test. */
  attempt: string;
  /** The status, then the code of the error; for what is let through, the status and what became of it. */
  expected: string;
  /** Tries it and says what came of it, in the same words. */
  run(): Promise<string>;
}

/** One test an attempt, and the table printed at the end. */
export function holdAttempts(title: string, attempts: readonly Attempt[]): void {
  const rows: string[] = [];
  describe(`attempts at ${title}`, () => {
    test.each(attempts)('$attempt: $expected', async ({ attempt, expected, run }) => {
      const got = await run();
      rows.push(`${got === expected ? 'held  ' : 'BROKEN'} | ${attempt.padEnd(70)} | ${expected.padEnd(24)} | ${got}`);
      expect(got).toBe(expected);
    });
    afterAll(() => console.log(`${title}, ${inject('databaseKind')}: attempt | expected | got\n${rows.join('\n')}`));
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
