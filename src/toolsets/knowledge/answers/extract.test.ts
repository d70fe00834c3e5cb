import { expect, test } from 'vitest';
import { extract } from './extract.ts';
import { passageOf } from '../../../../test/support/passage.ts';

const worth = new Map([
  ['leas', 2],
  ['end', 3],
  ['task', 1],
]);
const quotes = (question: string, ...texts: string[]) =>
  extract(
    question,
    texts.map((text) => passageOf(text)),
    worth,
  ).map(({ text }) => text);

test('the sentences that have most of the question are quoted, the best first', () => {
  const text = 'All about tasks. A lease of a task ends after 15 minutes. Nothing here. A lease ends early when it is released.';
  expect(quotes('When does a lease of a task end?', text)).toEqual([
    '“A lease of a task ends after 15 minutes.” [1]\n',
    '“A lease ends early when it is released.” [2]\n',
  ]);
});

test('sentences that follow each other are one quote, as they stand', () => {
  const [piece] = extract('When does a lease end?', [passageOf('Intro. The lease ends.\nThat a lease ends is an event. Outro.')], worth);
  expect(piece?.text).toBe('“The lease ends. That a lease ends is an event.” [1]\n');
  expect(piece?.citations).toMatchObject([{ n: 1, starts: 7, ends: 53, text: 'The lease ends.\nThat a lease ends is an event.' }]);
});

test('what several passages say in the same words is quoted once', () => {
  expect(quotes('lease end', 'The lease ends.', 'The  LEASE ends!')).toHaveLength(1);
});

test('of a passage that is found by its title alone the beginning is quoted', () => {
  expect(quotes('What is a lease?', 'It is a right for a while. It can be renewed.')).toEqual(['“It is a right for a while.” [1]\n']);
});

test('a sentence that goes on in the next line is one, an item or a row is one of its own', () => {
  const wrapped = 'The lease of a claim is given for a time that the caller may choose and\nends by itself. Other.';
  expect(quotes('lease end', wrapped)).toEqual([
    '“The lease of a claim is given for a time that the caller may choose and ends by itself.” [1]\n',
  ]);
  const list =
    '- The lease ends, and what was claimed with it before is free for everybody again\n- Nothing\n1. A lease ends\n| the lease | ends at once |\n';
  expect(quotes('lease end', list)).toEqual([
    '“The lease ends, and what was claimed with it before is free for everybody again” [1]\n',
    '“A lease ends” [2]\n',
    '“the lease | ends at once” [3]\n',
  ]);
});

test('headings and the heads of messages are not quoted', () => {
  expect(quotes('lease end', '# When a lease ends\n\nIt ends then.')).toEqual(['“It ends then.” [1]\n']);
  expect(quotes('lease end', '[Lease End, 2026-01-31 09:00 UTC]\nIt ends now.')).toEqual(['“It ends now.” [1]\n']);
});

test('there are never more than four, and none is longer than a few lines', () => {
  const many = Array.from({ length: 9 }, (_, n) => `The lease ${n} ends.`).join(' Other words. ');
  expect(quotes('lease end', many)).toHaveLength(4);
  const [long = ''] = quotes('lease end', `The lease ends ${'😀 '.repeat(500)}`);
  expect(long.length).toBeLessThan(420);
  expect(long.isWellFormed()).toBe(true);
});

test('pictures and control characters are not shown, and stay in what is cited', () => {
  const [piece] = extract('lease end', [passageOf('The lease ends ![x](https://evil.example/p.png) \u001b[31mnow.')], worth);
  expect(piece?.text).toBe('“The lease ends now.” [1]\n');
  expect(piece?.citations[0]?.text).toContain('![x]');
});
