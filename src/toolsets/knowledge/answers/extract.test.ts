import { describe, expect, test } from 'vitest';
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
    '- The lease ends, and what was claimed with it before is free for everybody again\n- Nothing\n1. Nor here\n| the lease | ends at noon |\n';
  expect(quotes('lease end', list)).toEqual([
    '“The lease ends, and what was claimed with it before is free for everybody again” [1]\n',
    '“the lease | ends at noon” [2]\n',
  ]);
});

test('headings and the heads of messages are not quoted', () => {
  expect(quotes('lease end', '# When a lease ends\n\nIt ends then.')).toEqual(['“It ends then.” [1]\n']);
  expect(quotes('lease end', '[Lease End, 2026-01-31 09:00 UTC]\nIt ends now.')).toEqual(['“It ends now.” [1]\n']);
});

test('questions are not quoted, what follows them is', () => {
  const asked = '- **When does a lease end?**\n\nAfter 15 minutes. Then others get it.';
  expect(quotes('When does the lease end?', asked)).toEqual(['“After 15 minutes.” [1]\n']);
  const talk = '[Ann, 2026-01-30 09:00 UTC]\nWhen does the lease end?\n[Bob, 2026-01-30 09:05 UTC]\nOn Friday.';
  expect(quotes('When does a lease end?', talk)).toEqual(['“On Friday.” [1]\n']);
  expect(quotes('When does a lease end?', 'When does a lease end?')).toEqual([]);
});

test('a quoted question does not count', () => {
  const text = 'Ask it "When does a lease of a task end?" and see. Its lease ends at noon.';
  expect(quotes('When does a lease of a task end?', text)).toEqual(['“Its lease ends at noon.” [1]\n']);
});

test('what follows a heading that is about the question need not repeat its words', () => {
  const text = 'It tells when a lease is at its end.\n\n## The end of leases\n\nIt comes after 15 minutes. Then others get it.';
  expect(quotes('lease end', text)[0]).toBe('“It comes after 15 minutes.” [1]\n');
  expect(quotes('lease end', '## How others see the end of leases\n\nIn a list. The lease ends.')).toEqual(['“The lease ends.” [1]\n']);
  expect(quotes('lease end', '| lease | end |\n| --- | --- |\n| one | noon |')).toEqual(['“one | noon” [1]\n']);
});

test('of equals a definition comes first, wherever it stands', () => {
  const texts = ['It needs a lease. Lease times vary.', 'The **lease** is a right for a while.', 'Lease: a claim that ends.'];
  expect(quotes('What is a lease?', ...texts)).toEqual([
    '“The **lease** is a right for a while.” [1]\n',
    '“Lease: a claim that ends.” [2]\n',
    '“It needs a lease. Lease times vary.” [3]\n',
  ]);
});

test('a line that has nothing but words of the question is quoted only where nothing else answers', () => {
  expect(quotes('lease end', '- The lease ends\n- A lease ends after 15 minutes')).toEqual(['“A lease ends after 15 minutes” [1]\n']);
  expect(quotes('lease end', 'Lease end')).toEqual(['“Lease end” [1]\n']);
  // A sentence is an answer to "Does the lease end?".
  expect(quotes('lease end', '- The lease ends.')).toEqual(['“The lease ends.” [1]\n']);
});

describe('code is quoted', () => {
  const example = 'It tells when a lease has its end.\n\n```sh\ncurl /leases -d lease_end=now\n```\n';
  const prose = '“It tells when a lease has its end.” [1]\n';
  const command = '“curl /leases -d lease_end=now” [2]\n';

  test('not where a sentence says as much', () => expect(quotes('When is the end of a lease?', example)).toEqual([prose]));
  test.each(['Which command is it to end a lease?', 'What does `lease_end` do?', 'How do I end a lease?', 'Wie kann ich lease end?'])(
    'where somebody asks for it: %s',
    (question) => expect(quotes(question, example)).toEqual([prose, command]),
  );
  test('where there is nothing else', () => {
    expect(quotes('lease end', 'Do this.\n```\nlease end now\n```')).toEqual(['“lease end now” [1]\n']);
    expect(quotes('lease end', 'A task.\n```\nlease end now\n```')).toEqual(['“lease end now” [1]\n']);
  });
  test('after the words that say what it is for', () => {
    const text = 'To end the lease:\n\n```sh\ncurl /leases \\\n  -X DELETE\n```\n';
    expect(quotes('How do I end a lease?', text)).toEqual(['“curl /leases \\ -X DELETE” [1]\n']);
  });
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
