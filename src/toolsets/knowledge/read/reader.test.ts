import { describe, expect, test } from 'vitest';
import { defaultReadLimits as limits } from './document.ts';
import { readHere } from './reader.ts';

const formatOf = (content: string, name?: string) => readHere({ content, name }, limits).format;

describe('the format is', () => {
  test('what the sender says, before anything else', () => {
    expect(readHere({ content: '# a', format: 'text', name: 'a.md' }, limits).format).toBe('text');
  });

  test.each([
    ['markdown', 'notes.MD', 'plain'],
    ['text', 'notes.txt', '# heading'],
    ['markdown', 'a.unknown', '# heading\n\ntext'],
    ['markdown', undefined, 'text\n\n```\ncode\n```\n'],
    ['markdown', undefined, '| a |\n|---|\n| 1 |\n'],
    ['text', undefined, 'text with *stars*, and\n- a dash\n'],
    ['text', undefined, 'Title\n=====\n'],
    ['text', 'a.json', '{"a": 1}'],
    ['text', 'a.json', '[1, 2]'],
    ['text', undefined, '[1] a note'],
    ['messages', 'a.json', '{"messages":[{"content":"a"}]}'],
    ['slack', 'general/2026-01-31.json', '[{"type":"message","ts":"1769850000.000100","text":"a"}]'],
  ])('%s for %s with %j', (format, name, content) => expect(formatOf(content, name)).toBe(format));
});

test('the text of Markdown is as it was sent, but for its line ends', () => {
  const content = '# A\r\n\r\n* b  \r\n* c\n\n&amp; \\* trailing  \n';
  expect(readHere({ content: new TextEncoder().encode(content), name: 'a.md' }, limits).text).toBe(content.replaceAll('\r\n', '\n'));
});

describe('refused is', () => {
  test('more than the limit, before it is looked at', () => {
    const content = '€'.repeat(40);
    expect(() => readHere({ content }, { ...limits, bytes: 119 })).toThrow('The source has 120 bytes; at most 119 bytes are read.');
    expect(readHere({ content }, { ...limits, bytes: 120 }).text).toBe(content);
  });

  test('a text that is blank', () => expect(() => readHere({ content: ' \n' }, limits)).toThrow('The source has no text.'));
});
