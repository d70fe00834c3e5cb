import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { check, parseAssertion } from './assertions.ts';
import { readPath } from './json-path.ts';
import { matchOutput, parseOutput } from './output.ts';

/** What is wrong; undefined: the assertion holds. */
function outcome(line: string, result: { exit?: number; stdout?: string; stderr?: string }): string | undefined {
  const assertion = parseAssertion(line);
  if (assertion === undefined) throw new Error(`${line} cannot be read`);
  return check(assertion, { exit: 0, stdout: '', stderr: '', ...result });
}

describe('an assertion holds', () => {
  test.each([
    ['exit 3', { exit: 3 }],
    ['stdout contains ready', { stdout: 'it is ready now' }],
    ['stdout contains is ready', { stdout: 'it \u001B[32mis ready\u001B[0m' }],
    ['stdout matches /^v\\d+$/', { stdout: 'version\nv12\n' }],
    ['stdout matches /READY/i', { stdout: 'ready' }],
    ['stderr matches /warn/', { stderr: 'a warning' }],
    ['stderr empty', { stdout: 'x' }],
    ['stdout empty', { stdout: ' \n' }],
    ['json .status == "healthy"', { stdout: '{"status":"healthy"}' }],
    ['json .status == healthy', { stdout: '{"status":"healthy"}' }],
    ['json .a.b[1].c >= 2', { stdout: '{"a":{"b":[0,{"c":2}]}}' }],
    ['json .n != 3', { stdout: '{"n":4}' }],
    ['json .n == 3', { stdout: '{"n":"3"}' }],
    ['json .list contains b', { stdout: '{"list":["a","b"]}' }],
    ['json .text contains ell', { stdout: '{"text":"hello"}' }],
    ['json .a exists', { stdout: '{"a":null}' }],
    ['json .a == null', { stdout: '{"a":null}' }],
    ['json .a == {"b":[1]}', { stdout: '{"a":{"b":[1]}}' }],
    ['json . == []', { stdout: '[]' }],
    ['json ."a key".b == 1', { stdout: '{"a key":{"b":1}}' }],
    ['lines >= 2', { stdout: 'a\nb\n' }],
    ['lines == 0', { stdout: '' }],
  ])('%s', (line, result) => {
    expect(outcome(line, result)).toBeUndefined();
  });
});

describe('an assertion that does not hold says what was found', () => {
  test.each([
    ['exit 0', { exit: 7 }, 'the exit status is 7, not 0'],
    ['stdout contains ready', { stdout: 'no' }, 'stdout does not contain "ready"'],
    ['stdout matches /^v\\d+$/', { stdout: 'x' }, 'stdout does not match /^v\\d+$/m'],
    ['stderr empty', { stderr: 'oops' }, 'stderr is not empty'],
    ['json .status == healthy', { stdout: '{"status":"degraded"}' }, '.status is "degraded", not == "healthy"'],
    ['json .status == healthy', { stdout: '{}' }, 'there is no .status'],
    // Missing data is never success.
    ['json .status != broken', { stdout: '{}' }, 'there is no .status'],
    ['json .n < 3', { stdout: '{"n":"2"}' }, '.n is "2", not < 3'],
    ['json .n == 3', { stdout: 'oops' }, 'standard output is not one JSON value'],
    ['json .constructor exists', { stdout: '{}' }, 'there is no .constructor'],
    ['lines >= 3', { stdout: 'a\nb\n' }, 'there are 2 lines, not >= 3'],
  ])('%s', (line, result, expected) => {
    expect(outcome(line, result)).toBe(expected);
  });
});

test.each([
  '',
  'exit',
  'exit 256',
  'exit -1',
  'stdout',
  'stdout is x',
  'stdout matches /(/',
  'json a == 1',
  'json .a[x] == 1',
  'json .a =~ 1',
  'lines 3',
])('%j is no assertion', (line) => {
  expect(parseAssertion(line)).toBeUndefined();
});

test('a path is read as it is written', () => {
  const value = { a: [{ b: 1 }], 'x-y': 2 };
  expect(readPath(value, '.a[0].b')).toEqual({ value: 1 });
  expect(readPath(value, '.x-y')).toEqual({ value: 2 });
  expect(readPath(value, '["x-y"]')).toEqual({ value: 2 });
  expect(readPath(value, '.a[1]')).toBeUndefined();
  expect(readPath(value, 'a')).toBe('unreadable');
});

/** What is wrong with the output; undefined: it is as expected. */
function compare(expected: string, actual: string): string | undefined {
  const output = parseOutput(expected);
  if (!('lines' in output)) throw new Error(`line ${output.faultyLine} cannot be read`);
  return matchOutput(output, actual)?.message;
}

describe('output is as expected', () => {
  test.each([
    ['a\nb', 'a\nb\n'],
    ['a', 'a   \r\n'],
    ['a', '\u001B[31ma\u001B[0m\n'],
    ['', ''],
    ['...', ''],
    ['...\nb', 'x\ny\nb\n'],
    ['a\n...', 'a\n'],
    ['a\n...\nc\n...\ne', 'a\nb\nc\nc\nd\ne\n'],
    ['...\na\n...\nb', 'a\na\nb\na\nb\n'],
    ['pod-* ready (glob)', 'pod-7f ready'],
    ['v?.(x) (glob)', 'v1.(x)'],
    [String.raw`v\d+ of \d+ (re)`, 'v1 of 12'],
    ['costs $5', 'costs $5'],
  ])('%j for %j', (expected, actual) => {
    expect(compare(expected, actual)).toBeUndefined();
  });
});

describe('output is not as expected, and the first line at fault is told', () => {
  test.each([
    ['a', 'b', 'line 1 of the output is "b", not "a"'],
    ['a\nb', 'a', 'the output ends before "b"'],
    ['a', 'a\nb', 'line 2 of the output was not expected: "b"'],
    ['', 'a', 'line 1 of the output was not expected: "a"'],
    ['...\nb', 'a\nc', 'no line of the output is "b"'],
    [String.raw`v\d (re)`, 'v12', String.raw`line 1 of the output is "v12", not "v\\d (re)"`],
    // All of the line, not a part of it.
    ['b* (glob)', 'ab', 'line 1 of the output is "ab", not "b* (glob)"'],
  ])('%j for %j', (expected, actual, message) => {
    expect(compare(expected, actual)).toBe(message);
  });
});

test('any output is as expected by itself, by dots, and by itself with dots anywhere', () => {
  const line = fc.stringMatching(/^[a-z$*?()]{0,6}$/).filter((text) => text !== '...' && !/ \((glob|re)\)$/.test(text));
  fc.assert(
    fc.property(fc.array(line, { minLength: 1, maxLength: 8 }), fc.nat(8), (lines, place) => {
      const actual = `${lines.join('\n')}\n`;
      expect(compare('...', actual)).toBeUndefined();
      const dotted = lines.toSpliced(place, 0, '...').join('\n');
      expect(compare(dotted, actual)).toBeUndefined();
      if (lines.at(-1) !== '') expect(compare(lines.join('\n'), actual)).toBeUndefined();
    }),
  );
});
