import { describe, expect, test } from 'vitest';
import { Problem } from '../../../platform/problem.ts';
import { assertNotBlank, decode, normalise } from './decode.ts';
import { assertSize } from './refusal.ts';

const bytes = (...values: number[]) => Uint8Array.from(values);
const utf8 = (text: string) => new TextEncoder().encode(text);

function problemOf(run: () => unknown): Problem {
  try {
    run();
  } catch (error) {
    if (error instanceof Problem) return error;
    throw error;
  }
  throw new Error('nothing was refused');
}

describe('bytes are', () => {
  test.each([
    ['UTF-8', utf8('grün 😀'), 'grün 😀'],
    ['UTF-8 with a byte order mark, which is left out', bytes(0xef, 0xbb, 0xbf, 0x61), 'a'],
    ['UTF-16, little end first', bytes(0xff, 0xfe, 0x61, 0, 0x57, 0x5b), 'a字'],
    ['UTF-16, big end first', bytes(0xfe, 0xff, 0, 0x61, 0x5b, 0x57), 'a字'],
  ])('%s', (_what, source, text) => expect(decode(source)).toBe(text));

  test.each([
    ['<!doctype html><meta charset=windows-1252><p>gr\u00fcn \u0080', 'grün €'],
    ['<html><meta http-equiv="Content-Type" content="text/html; charset=ISO-8859-1"><p>gr\u00fcn \u0080', 'grün €'],
  ])('what HTML says of itself: %j', (source, text) => expect(decode(Buffer.from(source, 'latin1'))).toMatch(new RegExp(`${text}$`)));

  test.each([
    '<html><meta charset="klingon"><p>gr\u00fcn',
    '<html><meta charset="utf-16"><p>gr\u00fcn',
    'A <b> and <meta charset=latin1> gr\u00fcn',
  ])('refused where HTML says nothing that is known: %j', (source) =>
    expect(problemOf(() => decode(Buffer.from(source, 'latin1')))).toMatchObject({ details: { reason: 'invalid_encoding' } }),
  );

  test.each([
    ['a byte that begins nothing', [...utf8('grün'), 0xff, 0x61], 5, '0xff at offset 5'],
    ['a character that is broken off in the middle', [0x61, 0xe5, 0x61], 2, '0x61 at offset 2'],
    ['a surrogate', [0x61, 0xed, 0xa0, 0x80], 2, '0xa0 at offset 2'],
    ['a longer form than needed', [0xc0, 0xaf], 0, '0xc0 at offset 0'],
    ['an end in the middle of a character', [0x61, 0xe5, 0xad], 3, 'ends in the middle of a character'],
  ])('refused for %s, with its offset', (_what, source, offset, why) => {
    const problem = problemOf(() => decode(Uint8Array.from(source)));
    expect(problem).toMatchObject({ code: 'invalid_input', details: { reason: 'invalid_encoding', offset } });
    expect(problem.message).toContain(why);
    expect(problem.next).toContain('Convert it to UTF-8');
  });

  test('refused with an offset that is found fast, also at the end of many', () => {
    const long = new Uint8Array(4_000_000).fill(0x61);
    long[3_999_998] = 0xff;
    expect(problemOf(() => decode(long)).details).toMatchObject({ offset: 3_999_998 });
  });

  test.each([
    ['a Word document', [0x50, 0x4b, 3, 4, 0, 0], 'ZIP archive, such as a Word'],
    ['a picture', [0x89, 0x50, 0x4e, 0x47, 0x0d], 'PNG'],
    ['an archive', [0x1f, 0x8b, 8], 'gzip'],
  ])('refused as what they look like: %s', (_what, source, name) => {
    const problem = problemOf(() => decode(Uint8Array.from(source)));
    expect(problem).toMatchObject({ code: 'invalid_input', details: { reason: 'not_text' } });
    expect(problem.message).toContain(name);
  });
});

describe('text', () => {
  test('has LF at the end of its lines, and is otherwise as it was', () => {
    expect(normalise('a\r\nb\rc\n\td \u2028 e\u0301\u00a0')).toBe('a\nb\nc\n\td \u2028 e\u0301\u00a0');
  });

  test('has no half of a character', () => expect(normalise('a\ud800b')).toBe('a\ufffdb'));

  test('with a NUL is refused with its offset', () => {
    expect(problemOf(() => normalise('ab\0c'))).toMatchObject({ code: 'invalid_input', details: { reason: 'nul', offset: 2 } });
    expect(problemOf(() => decode(utf8('ab\0c')))).toMatchObject({ details: { reason: 'nul', offset: 2 } });
  });

  test.each(['', ' \n\t ', '\u00a0\ufeff'])('that is blank is refused', (text) => {
    expect(problemOf(() => assertNotBlank(text))).toMatchObject({ code: 'invalid_input', details: { reason: 'empty' } });
  });

  test('that is too large is refused with the limit and its size', () => {
    assertSize(100, 100);
    const problem = problemOf(() => assertSize(31_457_280, 20_971_520));
    expect(problem).toMatchObject({ code: 'invalid_input', details: { reason: 'too_large', bytes: 31_457_280, limit: 20_971_520 } });
    expect(problem.message).toBe('The source has 30 MiB; at most 20 MiB are read.');
  });
});
