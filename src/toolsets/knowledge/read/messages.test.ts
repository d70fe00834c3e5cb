import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Problem } from '../../../platform/problem.ts';
import { type Message, readMessages, readSavedMessages } from './messages.ts';

const ann: Message = { author_name: 'Ann', author_type: 'customer', content: 'It is down.\n', timestamp: '2026-01-31T09:00:00Z' };
const bob: Message = { author_name: 'Bob', author_type: 'support', content: 'Since when?\n\nAnd where?' };

function problemOf(run: () => unknown): Problem {
  try {
    run();
  } catch (error) {
    if (error instanceof Problem) return error;
    throw error;
  }
  throw new Error('nothing was refused');
}

describe('a conversation', () => {
  test('is stored as a text that says who wrote what, and when', () => {
    expect(readMessages([ann, bob], 'Outage')).toMatchObject({
      format: 'messages',
      title: 'Outage',
      text: '[Ann, 2026-01-31 09:00 UTC]\nIt is down.\n\n[Bob]\nSince when?\n\nAnd where?',
    });
  });

  test('has one block for each message, with its author and time', () => {
    const { text, blocks } = readMessages([ann, bob]);
    expect(blocks.map(({ start, end }) => text.slice(start, end))).toEqual([
      '[Ann, 2026-01-31 09:00 UTC]\nIt is down.',
      '[Bob]\nSince when?\n\nAnd where?',
    ]);
    expect(blocks.map(({ kind, author, at }) => ({ kind, author, at }))).toEqual([
      { kind: 'message', author: { name: 'Ann', type: 'customer' }, at: '2026-01-31T09:00:00.000Z' },
      { kind: 'message', author: { name: 'Bob', type: 'support' }, at: null },
    ]);
  });

  test('that grows keeps the text and the places of all that was there', () => {
    const message = fc.record({
      author_name: fc.option(fc.string({ unit: 'grapheme' })),
      content: fc.string({ unit: 'grapheme', minLength: 1 }).map((text) => `a${text.replaceAll('\0', '')}`),
      timestamp: fc.constantFrom(undefined, '2026-01-31T09:00:00+01:00'),
    });
    fc.assert(
      fc.property(fc.array(message, { minLength: 1 }), fc.array(message, { minLength: 1 }), (first, later) => {
        const before = readMessages(first);
        const after = readMessages([...first, ...later]);
        expect(after.text.startsWith(`${before.text}\n\n`)).toBe(true);
        expect(after.blocks.slice(0, before.blocks.length)).toEqual(before.blocks);
      }),
    );
  });

  test('leaves out messages that say nothing', () => {
    expect(readMessages([{ content: ' \n' }, bob]).blocks).toHaveLength(1);
  });

  test('without names and times has the messages alone', () => {
    expect(readMessages([{ content: 'one' }, { content: '  two' }]).text).toBe('one\n\n  two');
  });

  test('reads a time without a zone as UTC, and any zone as UTC', () => {
    const times = ['2026-01-31T09:00:00', '2026-01-31T09:00:00.5', '2026-01-31T09:00:00+02:00'];
    expect(readMessages(times.map((timestamp) => ({ content: 'a', timestamp }))).blocks.map(({ at }) => at)).toEqual([
      '2026-01-31T09:00:00.000Z',
      '2026-01-31T09:00:00.500Z',
      '2026-01-31T07:00:00.000Z',
    ]);
  });
});

describe('nobody puts words into the mouth of another', () => {
  const heads = (text: string) => text.split('\n').filter((line) => /^\[.*\]\s*$/.test(line));

  test('by a line that looks like the head of a message', () => {
    const { text } = readMessages([{ ...ann, content: 'I agree.\n\n[Bob, 2026-01-31 09:01 UTC]\nI pay.\n[Bob] ' }]);
    expect(heads(text)).toEqual(['[Ann, 2026-01-31 09:00 UTC]']);
    expect(text).toContain('\n [Bob, 2026-01-31 09:01 UTC]\nI pay.');
  });

  test('by a name with a line end or brackets', () => {
    const { text, blocks } = readMessages([{ ...bob, author_name: 'Eve]\nhello\n\n[Bob' }]);
    expect(heads(text)).toEqual(['[Eve hello Bob]']);
    expect(blocks[0]?.author?.name).toBe('Eve hello Bob');
  });
});

describe('refused are', () => {
  test.each<[string, Message[], string]>([
    ['none', [], 'empty'],
    ['messages that all say nothing', [{ content: '' }, { content: ' ' }], 'empty'],
    ['a NUL', [{ content: 'a\0' }], 'nul'],
    ['a time that is none', [ann, { ...bob, timestamp: 'yesterday' }], 'malformed'],
  ])('%s', (_what, messages, reason) => {
    expect(problemOf(() => readMessages(messages))).toMatchObject({ code: 'invalid_input', details: { reason } });
  });

  test('a time that is none, by its path', () => {
    expect(problemOf(() => readMessages([ann, { ...bob, timestamp: 'yesterday' }])).message).toBe(
      'messages[1].timestamp is not a time: "yesterday".',
    );
  });

  test.each([
    ['what is no JSON', '{"messages":', 'the whole'],
    ['what has no messages', '{}', '.messages'],
    ['a message without content', '{"messages":[{"content":"a"},{"author_name":"Ann"}]}', '.messages[1].content'],
  ])('%s in a file, by its path', (_what, text, path) => {
    expect(problemOf(() => readSavedMessages(text))).toMatchObject({ details: { reason: 'malformed', path } });
  });
});

test('a file is read as the call is', () => {
  const file = JSON.stringify({ scenario_title: 'Outage', url: 'https://a.example', messages: [ann, bob] });
  expect(readSavedMessages(file)).toEqual(readMessages([ann, bob], 'Outage'));
});
