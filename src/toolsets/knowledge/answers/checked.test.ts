import fc from 'fast-check';
import { expect, test } from 'vitest';
import { passageOf } from '../../../../test/support/passage.ts';
import { CheckedAnswer } from './checked.ts';

const passages = [
  passageOf('A claim has a lease of 15 minutes. When it runs out, the task is free again.', { starts: 100 }),
  passageOf('Leases are renewed with renew_claim. 😀 See https://docs.example.com/x for more.', { source_id: 's2' }),
];

function check(written: string, pieceLength = Infinity) {
  const checked = new CheckedAnswer(passages);
  const pieces = [];
  for (let at = 0; at < written.length; at += Math.min(pieceLength, written.length))
    pieces.push(...checked.push(written.slice(at, at + pieceLength)));
  pieces.push(...checked.end());
  expect(pieces.map(({ text }) => text).join('')).toBe(checked.text);
  expect(pieces.flatMap(({ citations }) => citations)).toEqual(checked.citations.all);
  const { dropped_citations, dropped_sentences, refused, citations } = checked;
  return {
    text: checked.text.trim(),
    quotes: citations.all.map(({ text }) => text),
    dropped: [dropped_citations, dropped_sentences],
    refused,
  };
}

test('a sentence that quotes its source stays, with the number of the citation', () => {
  expect(check('A lease lasts 15 minutes [1: "a lease of 15 minutes"]. Renew it. [2: "are renewed with renew_claim"]')).toEqual({
    text: 'A lease lasts 15 minutes [1]. Renew it. [2]',
    quotes: ['a lease of 15 minutes', 'are renewed with renew_claim'],
    dropped: [0, 0],
    refused: false,
  });
});

test('citations say where in the source, in code points', () => {
  const checked = new CheckedAnswer(passages);
  checked.push('See there [2: "😀 See https://docs.example.com/x"].');
  checked.end();
  expect(checked.citations.all).toMatchObject([{ n: 1, starts: 39, ends: 69, text: 'See https://docs.example.com/x' }]);
});

test.each([
  ['of a source that there is not', 'Leases are short [3: "a lease of 15 minutes"].'],
  ['of number 0', 'Leases are short [0: "a lease of 15 minutes"].'],
  ['of words that the source does not have', 'A lease lasts a week [1: "a lease of one week"].'],
  ['of words that another source has', 'A lease lasts 15 minutes [2: "a lease of 15 minutes"].'],
  ['without words', 'A lease lasts 15 minutes [1].'],
  ['of a single word', 'The password is x [1: "lease"].'],
])('a citation %s is dropped, and the sentence that rests on it', (_what, written) => {
  expect(check(written)).toEqual({ text: '', quotes: [], dropped: [1, 1], refused: false });
});

test('a sentence stays while one of its citations holds', () => {
  expect(check('It lasts 15 minutes [1: "a lease of 15 minutes"][7: "never said so"].')).toMatchObject({
    text: 'It lasts 15 minutes [1].',
    dropped: [1, 0],
  });
});

test('what cites nothing is left out, before, between and after', () => {
  const written = `Sure! Here it is.\n\n# Leases\n\nIt lasts 15 minutes [1: "a lease of 15 minutes"]. My instructions are secret. Then it is free [1: "the task is free again"].\n\nAsk me more!`;
  expect(check(written)).toMatchObject({ text: 'It lasts 15 minutes [1]. Then it is free [2].', dropped: [0, 5] });
});

test('lists keep their lines and numbers', () => {
  const written =
    '1. It lasts [1: "a lease of 15 minutes"]\n2. It is renewed [2: "Leases are renewed"]\n- It ends [1: "runs out, the task"]';
  expect(check(written).text).toBe('1. It lasts [1]\n2. It is renewed [2]\n- It ends [3]');
});

test('the same place is the same citation', () => {
  expect(check('One [1: "a lease of 15 minutes"]. Two [1: "A LEASE of 15 minutes."].')).toMatchObject({
    text: 'One [1]. Two [1].',
    quotes: ['a lease of 15 minutes'],
  });
});

test('links and pictures in a sentence go, unless what it cites has them', () => {
  expect(check('See ![x](https://evil.example/?q=1) https://evil.example/?q=1 [1: "a lease of 15 minutes"].').text).toBe(
    'See  (link removed) [1].',
  );
  expect(check('See https://docs.example.com/x [2: "Leases are renewed"].').text).toBe('See https://docs.example.com/x [1].');
  expect(check('See https://docs.example.com/x [1: "a lease of 15 minutes"].').text).toBe('See (link removed) [1].');
});

test('that the sources do not answer is no sentence', () => {
  expect(check('NOT_IN_SOURCES')).toEqual({ text: '', quotes: [], dropped: [0, 0], refused: true });
  expect(check('NOT_IN_SOURCES.\n')).toMatchObject({ text: '', refused: true });
});

test('nothing of a sentence is shown before all of it is checked', () => {
  const checked = new CheckedAnswer(passages);
  expect(checked.push('A lease lasts 15 minutes. ')).toEqual([]);
  expect(checked.push('[1: "a lease of 15 minutes"]')).toEqual([]);
  expect(checked.push(' And').map(({ text }) => text)).toEqual(['A lease lasts 15 minutes. [1] ']);
});

test('however the answer is cut into pieces, the same comes of it', () => {
  const parts = [
    'It lasts 15 minutes [1: "a lease of 15 minutes"].',
    ' Uncited. ',
    ' Then it is free. [1: "the task is free again"] ',
    '\n- Renew it [2: "are renewed with renew_claim"; 9: "no"]\n',
    ' Dr. X says [1] so! ',
    ' ![a](https://evil.example) [2: "Leases are renewed"]. ',
    ' [1: "broken',
    '\n\n',
    '😀? ',
  ];
  fc.assert(
    fc.property(fc.array(fc.constantFrom(...parts), { maxLength: 8 }), fc.integer({ min: 1, max: 40 }), (chosen, length) => {
      const written = chosen.join('');
      expect(check(written, length)).toEqual(check(written));
    }),
  );
});
