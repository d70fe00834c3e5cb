import { expect, test } from 'vitest';
import { readMarks } from './notation.ts';

const claims = (written: string, whole = true) => readMarks(written, whole).marks.flatMap((mark) => mark.claims);

test.each([
  ['as it is asked for', 'It ends [2: "a lease ends"].', [{ source: 2, quote: 'a lease ends' }]],
  ['in curly quotes', 'It ends [2: “a lease ends”].', [{ source: 2, quote: 'a lease ends' }]],
  ['with quotes and brackets in it', 'It ends [1: "the "old" [sic] lease"].', [{ source: 1, quote: 'the "old" [sic] lease' }]],
  ['without quotation marks', 'It ends [1: a lease ends].', [{ source: 1, quote: 'a lease ends' }]],
  ['with its source alone', 'It ends [3].', [{ source: 3, quote: undefined }]],
  ['as a footnote', 'It ends [^3].', [{ source: 3, quote: undefined }]],
  [
    'with two sources',
    'It ends [1: "a b"; 2: "c, d"].',
    [
      { source: 1, quote: 'a b' },
      { source: 2, quote: 'c, d' },
    ],
  ],
  [
    'twice',
    'It ends [1: "a b"][2: "c d"].',
    [
      { source: 1, quote: 'a b' },
      { source: 2, quote: 'c d' },
    ],
  ],
  ['over lines', 'It ends [1: "a\nb"].', [{ source: 1, quote: 'a\nb' }]],
])('a citation is read %s', (_how, written, expected) => {
  expect(claims(written)).toEqual(expected);
  expect(readMarks(written, true).text).toBe('It ends.');
});

test.each(['[x]', '[2024]', '[see 1]', 'a [ b'])('%s is text', (written) => {
  expect(readMarks(written, true)).toEqual({ text: written, marks: [], rest: '' });
});

test('what may be the beginning of a citation is kept back until more has come', () => {
  for (const begun of ['[', '[1', '[1:', '[1: "a b', '[1: "a b"', '[1: "a b", 2'])
    expect(readMarks(`It ends ${begun}`, false), begun).toMatchObject({ text: 'It ends ', marks: [], rest: begun });
});

test('a citation that never ends is one of nothing, and takes its line with it', () => {
  expect(readMarks('It ends [1: "a b and so on\nNext', true)).toMatchObject({
    text: 'It ends\nNext',
    marks: [{ claims: [{ source: 0 }] }],
  });
  expect(readMarks(`It ends [1: "${'a '.repeat(1_000)}`, false).marks).toHaveLength(1);
});
