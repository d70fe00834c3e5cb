import { describe, expect, test } from 'vitest';
import { redact } from './redaction.ts';

const key = `qd_${'aB3_'.repeat(10)}xyz`;
const jwt = `eyJhbGciOiJFZERTQSJ9.eyJzdWIiOiIxMjM0NSJ9.${'s'.repeat(60)}`;

describe('takes out', () => {
  test.each([
    ['a field by its name', { password: 'hunter2' }, 'hunter2'],
    ['a field with quotes in it', { err: { token: 'a"b\\c' } }, 'a\\"b'],
    ['JSON within a text', { body: JSON.stringify({ password: 'hunter2', title: 'x' }) }, 'hunter2'],
    ['JSON within JSON within a text', { body: JSON.stringify({ inner: JSON.stringify({ client_secret: 'hunter2' }) }) }, 'hunter2'],
    ['an API key', { msg: `no such key ${key}` }, key],
    ['a token', { err: { message: `bad token ${jwt}, sorry` } }, jwt],
    [
      'a key of a vendor of models',
      { err: { message: 'Incorrect API key provided: sk-ant-api03-abcdefghijklmnop_q.' } },
      'abcdefghijklmnop',
    ],
    ['a header', { headers: `authorization: Bearer ${jwt.slice(3)}` }, jwt.slice(3)],
    ['Basic credentials', { sent: 'Basic Y2xpZW50OnNlY3JldA==' }, 'Y2xpZW50'],
    ['the password of an address', { err: { message: 'cannot reach postgres://deck:hun@ter2@db.example.com/deck' } }, 'ter2'],
    ['an authorization code', { query: { code: 'k3J9dLq2Zt8VxWn4Rb7Yc1Pm' } }, 'k3J9dLq2Zt8VxWn4Rb7Yc1Pm'],
    ['an authorization code in an address', { url: '/callback?code=short1&state=st4te&x=1' }, 'short1'],
    ['the secret of a form', { body: 'grant_type=refresh_token&refresh_token=r3fresh&client_secret=s3cret' }, 's3cret'],
    ['a cookie', { headers: { cookie: 'better-auth.session_token=abc.def' } }, 'abc.def'],
  ])('%s, and leaves JSON behind', (_what, line, secret) => {
    const text = redact(JSON.stringify(line));
    expect(text).not.toContain(secret);
    expect(text).toContain('[redacted]');
    expect(() => JSON.parse(text) as unknown).not.toThrow();
  });
});

test.each([
  '{"msg":"request","route":"/projects/{project}","status":200,"request_id":"019a0000-0000-7000-8000-000000000000"}',
  '{"err":{"code":"unsupported_media_type","message":"see https://example.com/docs"},"code":"23505"}',
  '{"msg":"the token was refused; the password is wrong","url":"http://127.0.0.1:8000","database":"127.0.0.1:5432/deck"}',
  '{"msg":"risk-assessment-of-2026-done","task":"task-management-is-a-long-word"}',
])('leaves %s as it is', (line) => {
  expect(redact(line)).toBe(line);
});
