import fc from 'fast-check';
import { expect, test } from 'vitest';
import { splitSentences } from './sentences.ts';

const split = (text: string) => splitSentences(text).map(({ start, end }) => text.slice(start, end));

test.each<[string, string[]]>([
  ['One. Two! Three?', ['One. ', 'Two! ', 'Three?']],
  ['1. One\n2. Two', ['1. One\n', '2. Two']],
  ['Dr. No wrote 3.5 pages, e.g. this one. Good.', ['Dr. No wrote 3.5 pages, e.g. this one. ', 'Good.']],
  ['See https://a.example/?q=1.b for it. Or not.', ['See https://a.example/?q=1.b for it. ', 'Or not.']],
  ['九月发布。之后休息。', ['九月发布。', '之后休息。']],
  ['# Title\n\nText', ['# Title\n', '\nText']],
])('%j', (text, sentences) => expect(split(text)).toEqual(sentences));

test('every unit of any text is in one sentence', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme' }), (text) => {
      expect(split(text).join('')).toBe(text);
    }),
  );
});
