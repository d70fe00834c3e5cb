/** The lines of an `expect` fence: `exit 1`, `stdout contains ready`, `json .status == "healthy"`, `lines >= 3`, `stderr empty`. */

import { readPath } from './json-path.ts';
import { stripped } from './text.ts';

/** What a process left. */
export interface Result {
  readonly exit: number;
  readonly stdout: string;
  readonly stderr: string;
}

type Operator = '==' | '!=' | '<' | '<=' | '>' | '>=' | 'contains' | 'exists';

export type Assertion =
  | { readonly kind: 'exit'; readonly code: number }
  | { readonly kind: 'contains'; readonly stream: Stream; readonly text: string }
  | { readonly kind: 'matches'; readonly stream: Stream; readonly pattern: RegExp }
  | { readonly kind: 'empty'; readonly stream: Stream }
  | { readonly kind: 'json'; readonly path: string; readonly operator: Operator; readonly value: unknown }
  | { readonly kind: 'lines'; readonly operator: Exclude<Operator, 'contains' | 'exists'>; readonly count: number };

type Stream = 'stdout' | 'stderr';

/** Why an assertion does not hold, in words that say what was found. */
export type Mismatch = string;

const forms: readonly [RegExp, (...parts: string[]) => Assertion | undefined][] = [
  [/^exit\s+(\d{1,3})$/, (code) => (Number(code) < 256 ? { kind: 'exit', code: Number(code) } : undefined)],
  [/^(stdout|stderr)\s+contains\s+(.+)$/, (stream, text) => ({ kind: 'contains', stream: stream as Stream, text: text ?? '' })],
  [/^(stdout|stderr)\s+matches\s+\/(.+)\/([imsu]*)$/, (stream, body, flags) => matching(stream as Stream, body ?? '', flags ?? '')],
  [/^(stdout|stderr)\s+empty$/, (stream) => ({ kind: 'empty', stream: stream as Stream })],
  [/^json\s+(\.(?:"[^"]*"|\S)*)\s+exists$/, (path) => json(path ?? '', 'exists', undefined)],
  [
    /^json\s+(\.(?:"[^"]*"|\S)*)\s+(==|!=|<=|>=|<|>|contains)\s+(.+)$/,
    (path, operator, value) => json(path ?? '', operator as Operator, value),
  ],
  [/^lines\s+(==|!=|<=|>=|<|>)\s+(\d+)$/, (operator, count) => ({ kind: 'lines', operator: operator as '==', count: Number(count) })],
];

/** undefined: the line cannot be read. */
export function parseAssertion(line: string): Assertion | undefined {
  for (const [form, make] of forms) {
    const [, ...parts] = form.exec(line.trim()) ?? [undefined];
    if (parts.length > 0) return make(...(parts as string[]));
  }
  return undefined;
}

/** The forms, for whoever wrote something else. */
export const assertionForms =
  'exit N, stdout contains TEXT, stdout matches /RE/, stdout empty (or stderr), json .a.b == VALUE (also != < <= > >= contains exists), lines >= N';

function matching(stream: Stream, body: string, flags: string): Assertion | undefined {
  try {
    return { kind: 'matches', stream, pattern: new RegExp(body, flags.includes('m') ? flags : `${flags}m`) };
  } catch {
    return undefined;
  }
}

function json(path: string, operator: Operator, text: string | undefined): Assertion | undefined {
  if (readPath({}, path) === 'unreadable') return undefined;
  return { kind: 'json', path, operator, value: text === undefined ? undefined : literal(text) };
}

/** JSON where it is JSON, and otherwise the words as they stand. */
function literal(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return text;
  }
}

/** undefined: it holds. */
export function check(assertion: Assertion, result: Result): Mismatch | undefined {
  switch (assertion.kind) {
    case 'exit':
      return result.exit === assertion.code ? undefined : `the exit status is ${result.exit}, not ${assertion.code}`;
    case 'contains':
      return stripped(result[assertion.stream]).includes(assertion.text)
        ? undefined
        : `${assertion.stream} does not contain ${JSON.stringify(assertion.text)}`;
    case 'matches':
      return assertion.pattern.test(stripped(result[assertion.stream]))
        ? undefined
        : `${assertion.stream} does not match ${String(assertion.pattern)}`;
    case 'empty':
      return result[assertion.stream].trim() === '' ? undefined : `${assertion.stream} is not empty`;
    case 'lines':
      return checkLines(assertion, result);
    case 'json':
      return checkJson(assertion, result);
  }
}

function checkLines({ operator, count }: Assertion & { kind: 'lines' }, { stdout }: Result): Mismatch | undefined {
  const text = stripped(stdout).replace(/\n$/, '');
  const found = text === '' ? 0 : text.split('\n').length;
  return compare(found, operator, count) ? undefined : `there are ${found} lines, not ${operator} ${count}`;
}

function checkJson({ path, operator, value }: Assertion & { kind: 'json' }, { stdout }: Result): Mismatch | undefined {
  let body: unknown;
  try {
    body = JSON.parse(stdout);
  } catch {
    return 'standard output is not one JSON value';
  }
  const found = readPath(body, path);
  // What is not there is no value at all: it equals nothing, and it is not unequal either.
  if (found === 'unreadable' || found === undefined) return `there is no ${path}`;
  const { value: actual } = found;
  if (operator === 'exists' || compare(actual, operator, value)) return undefined;
  return `${path} is ${JSON.stringify(actual)}, not ${operator} ${JSON.stringify(value)}`;
}

function compare(actual: unknown, operator: Operator, wanted: unknown): boolean {
  if (operator === '==') return same(actual, wanted);
  if (operator === '!=') return !same(actual, wanted);
  if (operator === 'exists') return true;
  if (operator === 'contains') {
    if (typeof actual === 'string') return actual.includes(String(wanted));
    return Array.isArray(actual) && actual.some((item) => same(item, wanted));
  }
  return typeof actual === 'number' && typeof wanted === 'number' && ordered(actual, operator, wanted);
}

function ordered(a: number, operator: '<' | '<=' | '>' | '>=', b: number): boolean {
  if (operator === '<') return a < b;
  if (operator === '<=') return a <= b;
  return operator === '>' ? a > b : a >= b;
}

/** `== v2` and `== "v2"` mean the same; `== 2` is also said of the text "2", which shells make of numbers. */
function same(actual: unknown, wanted: unknown): boolean {
  if (typeof actual === 'object' && actual !== null) return JSON.stringify(actual) === JSON.stringify(wanted);
  if (typeof actual === 'string' && (typeof wanted === 'number' || typeof wanted === 'boolean')) return actual === String(wanted);
  return actual === wanted;
}
