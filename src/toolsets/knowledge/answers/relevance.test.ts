import { expect, test } from 'vitest';
import { passageOf } from '../../../../test/support/passage.ts';
import { relevantOf } from './relevance.ts';

const worth = new Map([
  ['leas', 2],
  ['garag', 4],
  ['hamburg', 5],
  ['task', 0.01],
]);
const relevant = (question: string, ...found: ReturnType<typeof passageOf>[]) => {
  const { readable, quotable } = relevantOf(question, { found, worth });
  return [readable.length, quotable.length];
};

test.each([
  ['all of them', 'The lease of the garage in Hamburg.', [1, 1]],
  ['most of them', 'A garage in Hamburg.', [1, 1]],
  ['some of them', 'A lease of a garage.'.replace('lease', 'home'), [1, 0]],
  ['one of them', 'A lease.', [0, 0]],
])('of the words of a question a passage has %s', (_what, text, expected) => {
  expect(relevant('lease of the Hamburg garage', passageOf(text))).toEqual(expected);
});

test('the title and the headings count', () => {
  expect(relevant('Hamburg garage', passageOf('Number 7.', { title: 'Hamburg', headings: ['Garage'] }))).toEqual([1, 1]);
});

test('words that every source has count where there is nothing else', () => {
  expect(relevant('Which task?', passageOf('A task.'))).toEqual([1, 1]);
});

test('to a question without words nothing is relevant', () => {
  expect(relevant('What is it?', passageOf('What is it?'))).toEqual([0, 0]);
});
