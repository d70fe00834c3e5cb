/** Decides how an attempt ended: from what its process left, what is expected of it, and what is to be captured. */

import { type Assertion, check, parseAssertion } from '../expect/assertions.ts';
import { readPath } from '../expect/json-path.ts';
import { matchOutput, parseOutput } from '../expect/output.ts';
import { stripped } from '../expect/text.ts';
import type { Capture, Expectation } from '../document.ts';
import { type Values, substitute } from '../names.ts';
import { showDuration } from '../../system/duration.ts';
import type { StepOutcome } from './records.ts';
import type { Ended } from './process.ts';

export interface Judgement {
  readonly outcome: Extract<StepOutcome, 'passed' | 'failed' | 'error' | 'unknown'>;
  /** Empty: it passed. */
  readonly reason: string;
  readonly captured: { readonly name: string; readonly value: string } | undefined;
}

export interface Expected {
  readonly expectations: readonly Expectation[];
  readonly capture: Capture | undefined;
  readonly timeoutMs: number;
  readonly values: Values;
}

/** A variable of the shell, and a line of the journal. */
const largestCapture = 64 * 1024;

export function judge(ended: Ended, { expectations, capture, timeoutMs, values }: Expected): Judgement {
  if (ended.stopped === 'interrupt') return not('unknown', 'it was interrupted');
  if (ended.stopped === 'timeout') return not('error', `it ran past its time of ${showDuration(timeoutMs)}`);
  if (ended.exit === null) return not('error', `it was ended by ${ended.signal}`);
  if (ended.cut && (capture !== undefined || expectations.length > 0))
    return not('error', 'it wrote more than 10 MB, which is more than is compared');
  const result = { exit: ended.exit, stdout: ended.stdout, stderr: ended.stderr };
  const asserted = expectations.some((expectation) => expectation.kind === 'assertion' && expectation.assertion.kind === 'exit');
  if (!asserted && result.exit !== 0) return not('failed', `the exit status is ${result.exit}${lastLine(result.stderr)}`);
  for (const expectation of expectations) {
    const mismatch = mismatchOf(expectation, result, values);
    if (mismatch !== undefined) return not('failed', mismatch);
  }
  return capture === undefined ? { outcome: 'passed', reason: '', captured: undefined } : take(capture, result.stdout);
}

function not(outcome: Judgement['outcome'], reason: string): Judgement {
  return { outcome, reason, captured: undefined };
}

/** Programs say in their last line why they failed. */
function lastLine(stderr: string): string {
  const line = stripped(stderr).trim().split('\n').at(-1) ?? '';
  return line === '' ? '' : `: ${line}`;
}

function mismatchOf(
  expectation: Expectation,
  result: { exit: number; stdout: string; stderr: string },
  values: Values,
): string | undefined {
  // Captures were not known when the document was read.
  const text = substitute(expectation.text, values);
  if (expectation.kind === 'assertion') {
    const assertion: Assertion | undefined = parseAssertion(text);
    return assertion === undefined ? `${JSON.stringify(text)} is not an assertion once its captures are put in` : check(assertion, result);
  }
  const output = parseOutput(text);
  return 'lines' in output
    ? matchOutput(output, result.stdout)?.message
    : 'an expected line ends in (re) and is not a regular expression once its captures are put in';
}

function take({ name, path }: Capture, stdout: string): Judgement {
  const value = path === undefined ? stripped(stdout).trim() : atPath(stdout, path);
  if (value === undefined) return not('failed', `there is no ${path} in its output to capture as ${name}`);
  if (Buffer.byteLength(value) > largestCapture) return not('error', `what it would capture as ${name} is larger than 64 kB`);
  // Neither a variable nor a program's argument can have one.
  if (value.includes('\0')) return not('error', `what it would capture as ${name} has a NUL in it`);
  return { outcome: 'passed', reason: '', captured: { name, value } };
}

function atPath(stdout: string, path: string): string | undefined {
  let body: unknown;
  try {
    body = JSON.parse(stdout);
  } catch {
    return undefined;
  }
  const found = readPath(body, path);
  if (found === undefined || found === 'unreadable' || found.value === null) return undefined;
  return typeof found.value === 'string' ? found.value : JSON.stringify(found.value);
}
