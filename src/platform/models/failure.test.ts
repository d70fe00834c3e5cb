import { APICallError } from '@ai-sdk/provider';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type FailureKind, NotLoaded, TookTooLong, UnusableAnswer, isIllness, judge, mayPass } from './failure.ts';

const answered = (statusCode: number | undefined, more: Partial<ConstructorParameters<typeof APICallError>[0]> = {}) =>
  new APICallError({ message: 'No.', url: 'http://x', requestBodyValues: {}, statusCode, ...more });

describe('an error of a model', () => {
  test.each<[string, unknown, FailureKind, { again: boolean; ill: boolean }]>([
    ['status 429', answered(429), 'rate_limited', { again: true, ill: true }],
    ['status 408', answered(408), 'server_error', { again: true, ill: true }],
    ['status 500', answered(500), 'server_error', { again: true, ill: true }],
    ['status 529', answered(529), 'server_error', { again: true, ill: true }],
    ['an object in a stream', { message: 'Overloaded' }, 'server_error', { again: true, ill: true }],
    ['no connection', answered(undefined, { isRetryable: true }), 'unreachable', { again: true, ill: true }],
    ['a connection that broke off', answered(200, { isRetryable: true }), 'unreachable', { again: true, ill: true }],
    ['no end in time', new TookTooLong('nothing came'), 'timed_out', { again: false, ill: true }],
    ['no model in this process', new NotLoaded('fetch failed'), 'not_loaded', { again: false, ill: true }],
    ['an answer that is none', answered(200), 'unusable', { again: false, ill: true }],
    ['a vector of zeros', new UnusableAnswer('zeros'), 'unusable', { again: false, ill: true }],
    ['a mistake of ours', new TypeError('x is not a function'), 'unusable', { again: false, ill: true }],
    ['status 401', answered(401), 'refused', { again: false, ill: false }],
    ['status 400', answered(400), 'refused', { again: false, ill: false }],
    ['status 409', answered(409), 'refused', { again: false, ill: false }],
    ['status 413', answered(413), 'too_long', { again: false, ill: false }],
    [
      'status 400 for its length',
      answered(400, { message: 'prompt is too long: 9 tokens > 8 maximum' }),
      'too_long',
      { again: false, ill: false },
    ],
  ])('with %s is judged', (_what, error, kind, { again, ill }) => {
    const failure = judge(error, []);
    expect(failure.kind).toBe(kind);
    expect({ again: mayPass(failure), ill: isIllness(failure) }).toEqual({ again, ill });
  });

  test.each([
    [{ 'retry-after': '7' }, 7_000],
    [{ 'retry-after': 'Sun, 22 Nov 2026 10:00:30 GMT' }, 30_000],
    [{ 'retry-after': 'Sun, 22 Nov 2026 09:00:00 GMT' }, 0],
    [{ 'retry-after': '7', 'retry-after-ms': '1500' }, 1_500],
    [{ 'retry-after': 'soon' }, undefined],
    [{ 'retry-after': '-1' }, undefined],
    [{}, undefined],
  ])('with the headers %o asks to wait for %s ms', (responseHeaders, wait_ms) => {
    const now = () => Date.parse('2026-11-22T10:00:00Z');
    expect(judge(answered(429, { responseHeaders }), [], now).retry_after_ms).toBe(wait_ms);
  });

  test('is short in the log, on one line, and without the key, wherever the other side puts it', () => {
    const key = 'my-own-key-0123456789';
    fc.assert(
      fc.property(fc.string({ maxLength: 300 }), fc.string({ maxLength: 300 }), (before, after) => {
        const { reason } = judge(answered(500, { message: `${before}${key}\n${after}` }), [key]);
        expect(reason).not.toContain(key);
        expect(reason).not.toContain('\n');
        expect(reason.length).toBeLessThan(230);
      }),
    );
  });
});
