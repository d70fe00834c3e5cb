import fc from 'fast-check';
import { expect, test } from 'vitest';
import { eachWord } from './words.ts';

function wordsOf(text: string): [string, number][] {
  const found: [string, number][] = [];
  eachWord(text, (word, at) => void found.push([word, at]));
  return found;
}

test('words are what the expression says, in every text', () => {
  const pieces = fc.constantFrom(
    'a',
    'Z',
    '9',
    "'",
    '’',
    ' ',
    '_',
    '-',
    'é',
    'e\u0301',
    '\u0301',
    '部',
    '🙂',
    '\ud800',
    'don',
    'ß',
    '२',
    '.',
  );
  const texts = fc.oneof(
    fc.string({ unit: 'binary', maxLength: 60 }),
    fc.array(pieces, { maxLength: 30 }).map((parts) => parts.join('')),
  );
  const expression = /[\p{L}\p{N}][\p{L}\p{N}\p{M}]*(?:['’][\p{L}\p{N}][\p{L}\p{N}\p{M}]*)*/gu;
  fc.assert(
    fc.property(texts, (text) => {
      expect(wordsOf(text)).toEqual([...text.matchAll(expression)].map(({ 0: word, index }) => [word, index]));
    }),
    { numRuns: 2_000 },
  );
});

test('a word ends where it ends', () => {
  expect(wordsOf("Don't stop, café-owner_2")).toEqual([
    ["Don't", 0],
    ['stop', 6],
    ['café', 12],
    ['owner', 17],
    ['2', 23],
  ]);
});
