import { describe, expect, test } from 'vitest';
import { readLimits as limits } from '../../../../test/support/read-limits.ts';
import { readHere } from './reader.ts';

const formatOf = async (content: string, name?: string) => (await readHere({ content, name }, limits)).format;

describe('the format is', () => {
  test('what the sender says, before anything else', async () => {
    expect(await readHere({ content: '# a', format: 'text', name: 'a.md' }, limits)).toMatchObject({ format: 'text' });
  });

  test.each([
    ['markdown', 'notes.MD', 'plain'],
    ['text', 'server.log', '# heading'],
    ['markdown', 'README.txt', '# heading'],
    ['markdown', 'a.unknown', '# heading\n\ntext'],
    ['markdown', undefined, 'text\n\n```\ncode\n```\n'],
    ['markdown', undefined, '| a |\n|---|\n| 1 |\n'],
    ['text', undefined, 'text with *stars*, and\n- a dash\n'],
    ['text', undefined, 'Title\n=====\n'],
    ['text', 'a.json', '{"a": 1}'],
    ['text', 'a.json', '[1, 2]'],
    ['text', undefined, '[1] a note'],
    ['messages', 'a.json', '{"messages":[{"content":"a"}]}'],
    ['html', 'a.htm', 'plain'],
    ['html', undefined, ' <!-- saved -->\n<!DOCTYPE HTML><p>text'],
    ['html', undefined, '<html lang="en"><p>text'],
    ['text', undefined, 'text with <html> in it'],
    ['slack', 'general/2026-01-31.json', '[{"type":"message","ts":"1769850000.000100","text":"a"}]'],
  ])('%s for %s with %j', async (format, name, content) => expect(await formatOf(content, name)).toBe(format));
});

test('the text of Markdown is as it was sent, but for its line ends', async () => {
  const content = '# A\r\n\r\n* b  \r\n* c\n\n&amp; \\* trailing  \n';
  const { text } = await readHere({ content: new TextEncoder().encode(content), name: 'a.md' }, limits);
  expect(text).toBe(content.replaceAll('\r\n', '\n'));
});

describe('refused is', () => {
  test('more than the limit, before it is looked at', async () => {
    const content = '€'.repeat(40);
    await expect(readHere({ content }, { ...limits, bytes: 119 })).rejects.toThrow('The source has 120 bytes; at most 119 bytes are read.');
    expect(await readHere({ content }, { ...limits, bytes: 120 })).toMatchObject({ text: content });
  });

  test('a text that is blank', () => expect(readHere({ content: ' \n' }, limits)).rejects.toThrow('The source has no text.'));
});
