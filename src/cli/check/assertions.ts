/** What must be true of an answer, written as in an `expect` fence of a runbook, so that there is one way to write it. */

import type { Assertion } from '../../production/check/http.ts';
import { check, parseAssertion } from '../../runbook/expect/assertions.ts';
import { UsageError } from '../command.ts';

/** `.status == healthy`. @throws UsageError when it cannot be read */
export function jsonAssertion(text: string): Assertion {
  const assertion = parseAssertion(`json ${text}`);
  if (assertion?.kind !== 'json')
    throw new UsageError(
      `${text} is no assertion.`,
      "Write a path and what it must be, such as '.status == healthy' (also != < <= > >= contains), or '.id exists'.",
    );
  return {
    text,
    mismatch: (body) => (isJson(body) ? check(assertion, { exit: 0, stdout: body, stderr: '' }) : 'it is no JSON'),
  };
}

export function containsAssertion(text: string): Assertion {
  return { text: `contains ${text}`, mismatch: (body) => (body.includes(text) ? undefined : 'it does not') };
}

/** In the order in which people give them: JSON first. */
export function assertionsOf({ expect = [], contains = [] }: { expect?: string[]; contains?: string[] }): Assertion[] {
  return [...expect.map(jsonAssertion), ...contains.map(containsAssertion)];
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
