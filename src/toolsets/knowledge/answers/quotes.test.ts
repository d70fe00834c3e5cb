import fc from 'fast-check';
import { expect, test } from 'vitest';
import { findQuote } from './quotes.ts';

const text = 'The **lease** of a claim\nlasts “15 minutes” – unless it’s renewed. A reclaim has none.';
const found = (quote: string, of = text) => {
  const place = findQuote(of, quote);
  return place === undefined ? undefined : of.slice(place.start, place.end);
};

test.each([
  ['as it is', 'unless it’s renewed', 'unless it’s renewed'],
  ['with other white space', 'claim   lasts', 'claim\nlasts'],
  ['in other case', 'A RECLAIM HAS', 'A reclaim has'],
  ['with other marks', `"15 minutes" - unless it's`, '15 minutes” – unless it’s'],
  ['without marks of Markdown', 'lease of a claim', 'lease** of a claim'],
  ['with punctuation at its ends', '… of a claim.', 'of a claim'],
  ['between quotation marks', '"a reclaim has none"', 'A reclaim has none'],
])('a quote is found %s', (_how, quote, shown) => expect(found(quote)).toBe(shown));

test.each([
  ['a word that is not there', 'the lease of a task'],
  ['a word left out', 'lease claim lasts'],
  ['other numbers', 'lasts "16 minutes"'],
  ['part of a word', 'claim has none'],
  ['one word', 'lease'],
  ['nothing but marks', '“…”'],
  ['nothing', ''],
])('a quote with %s is not found', (_what, quote) => expect(found(quote)).toBeUndefined());

test('scripts without spaces are quoted by their words', () => {
  expect(found('九月发布新的版本', '我们将在九月发布新的版本，之后休息。')).toBe('九月发布新的版本');
  expect(found('月', '我们将在九月发布新的版本。')).toBeUndefined();
});

test('what characters become has no influence on places', () => {
  expect(found('ends here 😀 now', 'İİİ ﬁ 😀😀 It ends here 😀 now')).toBe('ends here 😀 now');
});

test('whatever stands between two words of any text is found, where it says the same', () => {
  const word = fc.stringMatching(/^[a-zäöß0-9]{1,6}$/);
  fc.assert(
    fc.property(fc.array(word, { minLength: 2, maxLength: 12 }), fc.constantFrom(' ', '\n', '  '), fc.nat(), (words, space, seed) => {
      const from = seed % (words.length - 1);
      const whole = words.join(space);
      const quote = words.slice(from).join(' ').toUpperCase();
      // Upper case changes the number of letters of this one.
      fc.pre(!quote.includes('SS'));
      expect(found(quote, whole)?.replace(/\s+/g, ' ').toUpperCase()).toBe(quote);
    }),
  );
});
