import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { formsOf } from './forms.ts';
import { createRedactor } from './redactor.ts';

const secret = 'c0rrect/horse "battery" ü staple';

function redactorOf(...secrets: string[]) {
  const redactor = createRedactor();
  for (const [index, value] of secrets.entries()) redactor.add(index === 0 ? 'TOKEN' : `TOKEN_${index}`, value);
  return redactor;
}

describe('a secret is cut out', () => {
  test.each<[string, string]>([
    ['as it is', secret],
    ['in JSON', JSON.stringify({ secret })],
    ['in JSON without other characters than ASCII', JSON.stringify({ secret }).replace('ü', String.raw`\u00fc`)],
    ['in JSON that escapes slashes', JSON.stringify({ secret }).replace('/', String.raw`\/`)],
    ['in a URL', `https://a/?token=${encodeURIComponent(secret)}`],
    ['in a URL with small letters', encodeURIComponent(secret).replaceAll(/%[0-9A-F]{2}/g, (code) => code.toLowerCase())],
    ['in a form', new URLSearchParams({ secret }).toString()],
    ['in base64', Buffer.from(secret).toString('base64')],
    ['in base64 behind one byte', Buffer.from(`:${secret}!`).toString('base64')],
    ['in base64 behind two bytes', Buffer.from(`a:${secret}`).toString('base64')],
    ['in base64 of a URL', Buffer.from(`user:${secret}`).toString('base64url')],
  ])('%s', (_how, text) => {
    const redacted = redactorOf(secret).text(`before ${text} after`);
    expect(redacted).toContain('[secret TOKEN]');
    for (const form of formsOf(secret)) expect(redacted).not.toContain(form);
    expect(redacted).toMatch(/^before .* after$/);
  });

  test('and only it: the line around it stays', () => {
    expect(redactorOf(secret).text(`login failed: ${secret}: no such user`)).toBe('login failed: [secret TOKEN]: no such user');
  });

  test('that is the password of a URL, also alone', () => {
    const redactor = redactorOf('postgres://ada:p%40ssw0rd-1@db/shop');
    expect(redactor.text('connecting with p@ssw0rd-1')).toBe('connecting with [secret TOKEN]');
    expect(redactor.text('postgres://ada:p%40ssw0rd-1@replica/shop')).toBe('postgres://ada[secret TOKEN]replica/shop');
  });

  test('line by line, where it has several', () => {
    const key = '-----BEGIN KEY-----\nMIIEvQIBADANBgkq\nhkiG9w0BAQEFAASC\n-----END KEY-----';
    expect(redactorOf(key).text(`    MIIEvQIBADANBgkq\r\n    hkiG9w0BAQEFAASC\n`)).toBe('    [secret TOKEN]\r\n    [secret TOKEN]\n');
    expect(redactorOf(key).text(key.replaceAll('\n', '\r\n'))).toBe('[secret TOKEN]');
  });

  test('the longer one first, when one holds the other', () => {
    expect(redactorOf('horse-battery', 'correct-horse-battery').text('correct-horse-battery')).toBe('[secret TOKEN_1]');
  });
});

test('text without a secret is not touched', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => {
      fc.pre(!formsOf(secret).some((form) => text.includes(form)));
      expect(redactorOf(secret).text(text)).toBe(text);
    }),
  );
});

test('a stream gives what the whole text would give, wherever it is cut into pieces', () => {
  const secrets = ['abababab-1', 'abababababab-2', 'bab-1ba'];
  const word = fc.constantFrom('a', 'b', 'ab', 'abab', '-1', '-2', 'ba', 'x', ' ', ...secrets);
  fc.assert(
    fc.property(fc.array(word, { maxLength: 30 }), fc.infiniteStream(fc.integer({ min: 1, max: 12 })), (words, sizes) => {
      const text = words.join('');
      const redactor = redactorOf(...secrets);
      const stream = redactor.stream();
      let out = '';
      for (let at = 0; at < text.length;) {
        const size = sizes.next().value;
        out += stream.push(text.slice(at, at + size));
        at += size;
      }
      expect(out + stream.end()).toBe(redactor.text(text));
    }),
    { numRuns: 2_000 },
  );
});

test('a stream holds back no more than what may become a secret', () => {
  const stream = redactorOf(secret).stream();
  expect(stream.push('ready\n')).toBe('ready\n');
  expect(stream.push(`token ${secret.slice(0, 5)}`)).toBe('token ');
  expect(stream.push('!')).toBe(`${secret.slice(0, 5)}!`);
  expect(stream.end()).toBe('');
});

test('a secret that is found later is cut out of what comes after', () => {
  const redactor = createRedactor();
  const stream = redactor.stream();
  expect(stream.push('long enough')).toBe('long enough');
  redactor.add('LATER', 'long enough');
  expect(stream.push('long enough') + stream.end()).toBe('[secret LATER]');
});
