import { expect, test } from 'vitest';
import { passageOf } from '../../../../test/support/passage.ts';
import { relevantOf } from './relevance.ts';

const worth = new Map([
  ['leas', 2],
  ['garag', 4],
  ['hamburg', 5],
  ['task', 0.01],
]);
const relevant = (question: string, ...found: ReturnType<typeof passageOf>[]) =>
  relevantOf(question, { found, worth }).map(({ text }) => text);

test('a passage with most of the question is relevant, one with a word of many is not', () => {
  const both = [passageOf('The lease of the garage.'), passageOf('A lease.')];
  expect(relevant('lease of the Hamburg garage', ...both)).toEqual(['The lease of the garage.']);
  expect(relevant('What is a lease?', ...both)).toHaveLength(2);
});

test('the title and the headings count', () => {
  expect(relevant('Hamburg garage', passageOf('Number 7.', { title: 'Hamburg', headings: ['Garage'] }))).toHaveLength(1);
});

test('words that every source has count where there is nothing else', () => {
  expect(relevant('Which task?', passageOf('A task.'))).toHaveLength(1);
});

test('to a question without words nothing is relevant', () => {
  expect(relevant('What is it?', passageOf('What is it?'))).toEqual([]);
});
