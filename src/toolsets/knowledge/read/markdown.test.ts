import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { readMarkdown } from './markdown.ts';

function blocksOf(text: string): [kind: string, text: string][] {
  return readMarkdown(text).blocks.map(({ kind, start, end }) => [kind, text.slice(start, end)]);
}

describe('the blocks of Markdown', () => {
  test('are headings, paragraphs, items, code and tables, each as it is written', () => {
    const parts: [string, string][] = [
      ['heading', '# Title'],
      ['paragraph', 'A paragraph\nof two *lines*.'],
      ['heading', 'Set\n---'],
      ['list', '- one\n  - inner\n\n    with a paragraph'],
      ['list', '- two'],
      ['code', '```sh\n# no heading\n\nls\n```'],
      ['table', '| a | b |\n|---|---|\n| 1 | 2 |'],
      ['paragraph', '> a quote\n>\n> # with a heading'],
      ['code', '    indented();'],
      ['paragraph', '<div>\nhtml\n</div>'],
      ['paragraph', '***'],
      ['list', '3. three'],
    ];
    expect(blocksOf(`${parts.map(([, part]) => part).join('\n\n')}\n`)).toEqual(parts);
  });

  test('of a fence without an end go to the end', () => {
    expect(blocksOf('text\n\n```\n# no heading\n\nmore')).toEqual([
      ['paragraph', 'text'],
      ['code', '```\n# no heading\n\nmore'],
    ]);
  });

  test('have the front matter as one, and nothing in it is a heading', () => {
    const text = '---\ntitle: The book\n# comment\n---\n# Head\n';
    expect(blocksOf(text)).toEqual([
      ['code', '---\ntitle: The book\n# comment\n---'],
      ['heading', '# Head'],
    ]);
  });

  test('do not overlap and are in order, for any text', () => {
    const line = fc.constantFrom(
      '# a',
      '- b',
      '  - c',
      '> d',
      '```',
      '| a |',
      '|---|',
      '',
      '',
      'e',
      '    f',
      '---',
      '<div>',
      '1. g',
      '[a]: b',
      '\t- h',
      '===',
    );
    fc.assert(
      fc.property(fc.array(line), (lines) => {
        const text = lines.join('\n');
        let behind = 0;
        for (const { start, end } of readMarkdown(text).blocks) {
          expect(start).toBeGreaterThanOrEqual(behind);
          expect(end).toBeGreaterThan(start);
          behind = end;
        }
      }),
    );
  });
});

test('headings have a level, and their words without Markdown', () => {
  const { blocks } = readMarkdown('# A *b* `c` [d](https://e.example) &amp; <i>f</i>\n\n### Low ###\n\n#\n');
  expect(blocks.map(({ level, title }) => [level, title])).toEqual([
    [1, 'A b c d & f'],
    [3, 'Low'],
    [1, ''],
  ]);
});

test('the words of a heading have an end', () => {
  expect(readMarkdown(`# ${'a'.repeat(300)}`).title).toHaveLength(200);
});

describe('the title of Markdown', () => {
  test.each([
    ['its first heading of the highest level', '## Low\n\n# The *book*\n\n# Other', 'The book'],
    ['what the front matter says', '---\ntitle: "The book: two"\n---\n\n# Other', 'The book: two'],
    ['not that of broken front matter', '---\ntitle: [\n---\n\n# Other', 'Other'],
    ['not that of front matter that is no mapping', '---\n- title\n---\n\n# Other', 'Other'],
    [
      'not what stands between two rulers',
      `---\n${Array.from({ length: 3_000 }, (_, line) => `line${line}: text\n`).join('')}title: No\n---\n`,
      null,
    ],
    ['nothing without a heading', 'text', null],
  ])('is %s', (_what, text, title) => expect(readMarkdown(text).title).toBe(title));
});

describe('made to take long, in a moment is read', () => {
  const many = 100_000;
  test.each([
    ['quotes in quotes', '>'.repeat(many)],
    ['lists in lists', '- '.repeat(many)],
    ['brackets that stay open', '['.repeat(10 * many)],
    ['a heading of brackets', `# ${'['.repeat(10 * many)}`],
    ['lists that climb', Array.from({ length: 2_000 }, (_, line) => `${' '.repeat(2 * line)}- a`).join('\n')],
    ['fences that stay open', '```a\n~~~\n'.repeat(many / 10)],
    ['titles that stay open', '[a]: b "\n'.repeat(many / 10)],
    ['a table of many columns', `${'|'.repeat(many)}\n${'|-'.repeat(many / 2)}\n`],
    ['backticks of every length', Array.from({ length: 2_000 }, (_, length) => '`'.repeat(length)).join('\n')],
    ['blank lines', ' \n'.repeat(many)],
    ['one line', 'word '.repeat(10 * many)],
  ])('%s', (_what, text) => {
    // Quadratic work would take minutes; the time of a test is its limit.
    expect(readMarkdown(text).text).toBe(text);
  });
});
