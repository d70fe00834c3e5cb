import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { readSettings } from '../../../platform/config/read.ts';
import { estimateTokens } from '../../../platform/models/tokens.ts';
import type { Block, BlockKind, ReadText } from '../read/document.ts';
import { readMarkdown } from '../read/markdown.ts';
import { readPlain } from '../read/plain.ts';
import { type Chunk, type ChunkOptions, chunkText, chunks } from './chunk.ts';

const { settings } = readSettings({ environment: {}, folder: '/nowhere' });
const usual: ChunkOptions = { maxTokens: settings.chunkTokens, overlapTokens: settings.chunkOverlapTokens };
const small: ChunkOptions = { maxTokens: 20, overlapTokens: 6 };

function textsOf(read: ReadText, options = usual): string[] {
  return [...chunks(read, options)].map(({ start, end }) => read.text.slice(start, end));
}

const sentence = (words: number, first = 'Word') => `${first}${' word'.repeat(words - 1)}.`;

describe('by headings, a chunk', () => {
  const section = (title: string, words: number) => `${title}\n\n${sentence(words)}\n\n`;

  test('ends at a heading as high as its own', () => {
    const read = readMarkdown(section('## One', 15) + section('## Two', 15));
    expect(textsOf(read, small)).toEqual([section('## One', 15).trim(), section('## Two', 15).trim()]);
  });

  test('goes on over one that begins a part of it, where all of that fits', () => {
    const read = readMarkdown(section('## One', 6) + section('### Part', 5));
    expect(textsOf(read, small)).toHaveLength(1);
    const long = `### Part\n\nWord word.\n\n${sentence(10)}`;
    expect(textsOf(readMarkdown(section('## One', 8) + long), small)).toEqual([section('## One', 8).trim(), long]);
  });

  test('goes on over any heading where both sides are tiny', () => {
    expect(textsOf(readMarkdown('## A\n\nyes\n\n## B\n\nno\n'), { ...small, maxTokens: 40 })).toEqual(['## A\n\nyes\n\n## B\n\nno']);
  });

  test('does not end with a heading whose text is in the next', () => {
    const read = readMarkdown(`# T\n\na\n\n## Part\n\n${sentence(16)}`);
    expect(textsOf(read, small)).toEqual(['# T\n\na', `## Part\n\n${sentence(16)}`]);
  });

  test('knows the headings that all of it is under', () => {
    const read = readMarkdown(
      `# The *book*\n\n${sentence(12)}\n\n## One\n\n${sentence(14)}\n\n### Deep\n\n${sentence(14)}\n\n## Two\n\n${sentence(14)}\n`,
    );
    expect([...chunks(read, small)].map(({ headings }) => headings)).toEqual([
      ['The book'],
      ['The book', 'One'],
      ['The book', 'One', 'Deep'],
      ['The book', 'Two'],
    ]);
  });
});

describe('whole, where they fit, are', () => {
  test('code', () => {
    const code = '```js\nlet a = 1;\n\nlet b = 2;\n```';
    expect(textsOf(readMarkdown(`${sentence(10)}\n\n${code}\n`), small)).toEqual([sentence(10), code]);
  });

  test('tables', () => {
    const table = '| a | b |\n| - | - |\n| 1 | 2 |';
    expect(textsOf(readMarkdown(`${sentence(10)}\n\n${table}\n`), { ...small, maxTokens: 24 })).toEqual([sentence(10), table]);
  });

  test('items of a list, with the lists in them', () => {
    const items = ['- one two three\n  - inner one\n  - inner two', '- second item of it\n  - inner', '- third'];
    expect(textsOf(readMarkdown(items.join('\n')), { ...small, maxTokens: 14 })).toEqual([items[0], items.slice(1).join('\n')]);
  });

  test('sentences, also those without spaces between them', () => {
    expect(textsOf(readPlain(`${sentence(12, 'First')} ${sentence(12, 'Second')}`), small)).toEqual([
      sentence(12, 'First'),
      sentence(12, 'Second'),
    ]);
    expect(textsOf(readPlain('这是第一句话，说明一些事情。这是第二句话，说明另一些事情。'), small)).toEqual([
      '这是第一句话，说明一些事情。',
      '这是第二句话，说明另一些事情。',
    ]);
  });

  test('sentences that run over lines', () => {
    expect(
      textsOf(
        readPlain('One sentence that is\nwrapped here and there\nby its editor. Another\nsentence that is wrapped by\nit too.'),
        small,
      ),
    ).toEqual(['One sentence that is\nwrapped here and there\nby its editor.', 'Another\nsentence that is wrapped by\nit too.']);
  });

  test('words, also in Thai, which has no spaces', () => {
    const word = 'สวัสดี';
    for (const text of textsOf(readPlain(word.repeat(30)), small)) expect(text.length % word.length).toBe(0);
  });
});

describe('overlap', () => {
  test('is there where a boundary was forced, and is whole sentences', () => {
    const read = readPlain(
      ['One two three four.', 'Five six seven eight.', 'Nine ten.', 'Eleven twelve thirteen fourteen.', 'Fifteen.'].join(' '),
    );
    expect(textsOf(read, { maxTokens: 16, overlapTokens: 4 })).toEqual([
      'One two three four. Five six seven eight. Nine ten.',
      'Nine ten. Eleven twelve thirteen fourteen. Fifteen.',
    ]);
  });

  test('is not there between paragraphs', () => {
    const read = readPlain(`${sentence(12)}\n\n${sentence(12)}\n\n${sentence(12)}`);
    expect(textsOf(read, small)).toEqual([sentence(12), sentence(12), sentence(12)]);
  });

  test('is lines in code', () => {
    const lines = Array.from({ length: 9 }, (_, line) => `  call${line}(a);`);
    const [first, second] = textsOf(readMarkdown(`\`\`\`\n${lines.join('\n')}\n\`\`\`\n`), { maxTokens: 30, overlapTokens: 8 });
    expect(first?.split('\n').at(-1)).toBe(second?.split('\n')[0]);
    expect(second).toMatch(/^ {2}call/);
  });
});

describe('by speakers, a chunk', () => {
  const conversation = (...said: [name: string, words: number][]): ReadText => {
    const parts = said.map(([name, words]) => `[${name}]\n${sentence(words)}`);
    let start = 0;
    const blocks = said.map(([name], index): Block => {
      const end = start + (parts[index]?.length ?? 0);
      const block: Block = { kind: 'message', start, end, author: { name, type: null }, at: null };
      start = end + 2;
      return block;
    });
    return { format: 'messages', title: null, text: parts.join('\n\n'), blocks };
  };
  const speakersOf = (read: ReadText) =>
    [...chunks(read, { maxTokens: 40, overlapTokens: 0 })].map(({ messages = [] }) => messages.map(({ author }) => author?.name).join(' '));

  test('ends where another one speaks', () => {
    expect(speakersOf(conversation(['Ann', 14], ['Bob', 14], ['Ann', 14]))).toEqual(['Ann', 'Bob', 'Ann']);
  });

  test('goes on while one speaks', () => {
    expect(speakersOf(conversation(['Ann', 12], ['Ann', 12], ['Bob', 12]))).toEqual(['Ann Ann', 'Bob']);
  });

  test('keeps a quick exchange together, and a short question with its answer', () => {
    expect(speakersOf(conversation(['Ann', 3], ['Bob', 2], ['Ann', 2], ['Bob', 3]))).toEqual(['Ann Bob Ann Bob']);
    expect(speakersOf(conversation(['Ann', 4], ['Bob', 24]))).toEqual(['Ann Bob']);
  });

  test('of a message that is too long has its part of it', () => {
    const read = conversation(['Ann', 100]);
    const found = [...chunks(read, small)];
    expect(found.length).toBeGreaterThan(3);
    for (const { start, end, messages } of found) expect(messages).toEqual([{ ...read.blocks[0], start, end }]);
  });
});

test('a chunk has the page that it begins on', () => {
  const text = `${sentence(12)}\n\n${sentence(12)}`;
  const blocks = readPlain(text).blocks.map((block, index) => ({ ...block, page: index + 1 }));
  expect([...chunks({ format: 'text', title: null, text, blocks }, small)].map(({ page }) => page)).toEqual([1, 2]);
});

test('text in no block is in a chunk all the same', () => {
  expect(textsOf(readMarkdown('[one]: https://a.example\n'))).toEqual(['[one]: https://a.example']);
});

const someText = fc
  .array(
    fc.oneof(
      fc.string({ unit: 'grapheme' }),
      fc.string({ unit: 'binary' }),
      fc.lorem({ maxCount: 30 }),
      fc.lorem({ mode: 'sentences', maxCount: 5 }),
      fc.constantFrom('\n', '\n\n', '\n   \n', ' ', '。', '👩‍👩‍👧‍👦', 'e\u0301', 'กำ', '字'.repeat(50), 'x'.repeat(300), '\u0301'.repeat(200)),
    ),
    { maxLength: 30 },
  )
  .map((parts) => parts.join('').toWellFormed());

const kinds: readonly BlockKind[] = ['heading', 'paragraph', 'list', 'code', 'table', 'message'];
const someBlock = fc.record({
  kind: fc.constantFrom(...kinds),
  from: fc.nat(2_000),
  length: fc.nat(500),
  level: fc.integer({ min: 1, max: 6 }),
});

/** Blocks as no reader makes them: out of order, over one another, in the middle of words. Only characters are not cut. */
const someRead = fc.tuple(someText, fc.array(someBlock, { maxLength: 20 })).map(([text, parts]): ReadText => {
  const whole = (place: number) => (/[\uDC00-\uDFFF]/.test(text.charAt(place)) ? place + 1 : place);
  const blocks = parts.map(({ kind, from, length, level }): Block => {
    const start = whole(from % (text.length + 1));
    return { kind, start, end: whole(Math.min(start + length, text.length)), level, title: 'T' };
  });
  return { format: 'text', title: null, text, blocks };
});
const someOptions = fc.record({ maxTokens: fc.integer({ min: 8, max: 100 }), overlapTokens: fc.integer({ min: 0, max: 7 }) });

const graphemes = new Intl.Segmenter(undefined, { granularity: 'grapheme' });

function uncovered(text: string, found: readonly Chunk[]): string {
  let rest = '';
  let behind = 0;
  for (const { start, end } of found) {
    rest += text.slice(behind, Math.max(start, behind));
    behind = Math.max(behind, end);
  }
  return rest + text.slice(behind);
}

describe('for any text, with any blocks, chunks', () => {
  const check = (property: (read: ReadText, options: ChunkOptions) => void) =>
    fc.assert(fc.property(someRead, someOptions, property), { numRuns: 300 });

  test('hold all that is not blank', () =>
    check((read, options) => {
      expect(uncovered(read.text, [...chunks(read, options)]).trim()).toBe('');
    }));

  test('are in order, each with something new, and not blank', () =>
    check((read, options) => {
      let before = { start: -1, end: 0 };
      for (const { start, end } of chunks(read, options)) {
        expect(start).toBeGreaterThan(before.start);
        expect(end).toBeGreaterThan(before.end);
        expect(end).toBeLessThanOrEqual(read.text.length);
        expect(read.text.slice(start, end).trim()).not.toBe('');
        before = { start, end };
      }
    }));

  test('have no half of a character', () =>
    check((read, options) => {
      for (const { start, end } of chunks(read, options)) expect(read.text.slice(start, end).isWellFormed()).toBe(true);
    }));

  test('are not larger than asked, but for a single character', () =>
    check((read, options) => {
      for (const { start, end, tokens } of chunks(read, options)) {
        const text = read.text.slice(start, end);
        expect(tokens).toBeGreaterThanOrEqual(estimateTokens(text));
        if (tokens > options.maxTokens) expect([...graphemes.segment(text)]).toHaveLength(1);
      }
    }));

  test('overlap by no more than asked', () =>
    check((read, options) => {
      let behind = 0;
      for (const { start, end } of chunks(read, options)) {
        if (start < behind) expect(estimateTokens(read.text, start, behind)).toBeLessThanOrEqual(options.overlapTokens);
        behind = end;
      }
    }));
});

test('characters that are made of several are not cut', () => {
  const family = '👩‍👩‍👧‍👦';
  for (const text of textsOf(readPlain(family.repeat(40)), small)) expect(text.replaceAll(family, '')).toBe('');
  for (const text of textsOf(readPlain(`a${'😀'.repeat(20_000)}`), small)) expect(text.isWellFormed()).toBe(true);
  const endless = `a${'\u{E0100}'.repeat(200)}`;
  for (const text of textsOf(readPlain(endless), small)) expect(text.isWellFormed()).toBe(true);
  const accented = 'e\u0301';
  for (const text of textsOf(readPlain(accented.repeat(400)), small)) expect(text.startsWith('\u0301')).toBe(false);
});

test('what waits for chunks of a long text is not alone, and may give up', async () => {
  const read = readPlain(sentence(20).repeat(5_000));
  const found = chunkText(read, usual);
  let turns = 0;
  const timer = setInterval(() => (turns += 1), 1);
  expect((await found).length).toBeGreaterThan(100);
  clearInterval(timer);
  expect(turns).toBeGreaterThan(1);
  await expect(chunkText(read, usual, AbortSignal.abort(new Error('enough')))).rejects.toThrow('enough');
});

test('nor before the first chunk, while the blocks of a long text are gone through', async () => {
  const blocks = Array.from({ length: 200_000 }, (_, index): Block => ({ kind: 'paragraph', start: 2 * index, end: 2 * index + 1 }));
  let turns = 0;
  const timer = setInterval(() => (turns += 1), 1);
  const oneChunk = { maxTokens: 1e9, overlapTokens: 0 };
  expect(await chunkText({ format: 'text', title: null, text: 'a\n'.repeat(blocks.length), blocks }, oneChunk)).toHaveLength(1);
  clearInterval(timer);
  expect(turns).toBeGreaterThan(1);
});
