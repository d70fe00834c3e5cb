import { describe, expect, test } from 'vitest';
import type { Expectation } from '../document.ts';
import { parseAssertion } from '../expect/assertions.ts';
import { parseOutput } from '../expect/output.ts';
import { type Expected, judge } from './judge.ts';
import type { Ended } from './process.ts';

const place = { line: 1, column: 1 };

function asserting(text: string): Expectation {
  const assertion = parseAssertion(text);
  if (assertion === undefined) throw new Error(`${text} is no assertion`);
  return { kind: 'assertion', text, place, assertion };
}

function printing(text: string): Expectation {
  const output = parseOutput(text);
  if (!('lines' in output)) throw new Error(`${text} is no output`);
  return { kind: 'output', text, place, output };
}

function judged(ended: Partial<Ended>, expected: Partial<Expected> = {}) {
  const whole: Ended = { exit: 0, signal: null, stopped: undefined, stdout: '', stderr: '', cut: false, ...ended };
  return judge(whole, { expectations: [], capture: undefined, timeoutMs: 90_000, values: new Map(), ...expected });
}

describe('an attempt', () => {
  test.each<[string, Partial<Ended>, Expectation[], string, string]>([
    ['ended well', {}, [], 'passed', ''],
    ['ended with a status', { exit: 3, stderr: 'one\n\u001B[31mtwo\u001B[0m\n' }, [], 'failed', 'the exit status is 3: two'],
    ['ended with the expected status', { exit: 3 }, [asserting('exit 3')], 'passed', ''],
    ['ended well where a status is expected', {}, [asserting('exit 3')], 'failed', 'the exit status is 0, not 3'],
    ['printed something else', { stdout: 'b\n' }, [printing('a')], 'failed', 'line 1 of the output is "b", not "a"'],
    ['ran past its time', { exit: null, signal: 'SIGTERM', stopped: 'timeout' }, [], 'error', 'it ran past its time of 1m30s'],
    // Whoever catches TERM may end with any status.
    ['ended in order past its time', { exit: 0, stopped: 'timeout' }, [], 'error', 'it ran past its time of 1m30s'],
    ['was interrupted', { exit: 0, stopped: 'interrupt' }, [], 'unknown', 'it was interrupted'],
    ['was killed', { exit: null, signal: 'SIGKILL' }, [], 'error', 'it was ended by SIGKILL'],
    [
      'printed too much to compare',
      { stdout: 'a', cut: true },
      [printing('a')],
      'error',
      'it wrote more than 10 MB, which is more than is compared',
    ],
    ['printed much that nobody compares', { cut: true }, [], 'passed', ''],
  ])('that %s', (_what, ended, expectations, outcome, reason) => {
    expect(judged(ended, { expectations })).toEqual({ outcome, reason, captured: undefined });
  });

  test('is compared with what was captured before', () => {
    const values = new Map([['version', '1.2.3']]);
    const expectations = [printing('${version}'), asserting('stdout contains ${version}')];
    expect(judged({ stdout: '1.2.3\n' }, { expectations, values }).outcome).toBe('passed');
    expect(judged({ stdout: '1.2.4\n' }, { expectations, values }).reason).toBe('line 1 of the output is "1.2.4", not "1.2.3"');
  });
});

describe('a capture', () => {
  const capture = (path?: string) => ({ name: 'it', path, secret: false });

  test.each<[string, string, string | undefined, string]>([
    ['all of it, trimmed and without colours', ' \u001B[1ma b\u001B[0m \n\n', undefined, 'a b'],
    ['a text in its JSON', '{"a":{"b":"c"}}', '.a.b', 'c'],
    ['a number in its JSON', '{"a":[1,2]}', '.a[1]', '2'],
    ['a part of its JSON', '{"a":{"b":1}}', '.a', '{"b":1}'],
  ])('is %s', (_what, stdout, path, value) => {
    expect(judged({ stdout }, { capture: capture(path) })).toEqual({ outcome: 'passed', reason: '', captured: { name: 'it', value } });
  });

  test.each<[string, string, string | undefined, string, string]>([
    ['is not there', '{"a":1}', '.b', 'failed', 'there is no .b in its output to capture as it'],
    ['is null', '{"a":null}', '.a', 'failed', 'there is no .a in its output to capture as it'],
    ['is in no JSON', 'a', '.a', 'failed', 'there is no .a in its output to capture as it'],
    ['is too large', 'x'.repeat(65 * 1024), undefined, 'error', 'what it would capture as it is larger than 64 kB'],
    ['has a NUL in it', 'a\0b', undefined, 'error', 'what it would capture as it has a NUL in it'],
  ])('that %s is none', (_what, stdout, path, outcome, reason) => {
    expect(judged({ stdout }, { capture: capture(path) })).toEqual({ outcome, reason, captured: undefined });
  });
});
