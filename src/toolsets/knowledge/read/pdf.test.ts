import { describe, expect, test } from 'vitest';
import { makePdf } from '../../../../test/support/pdf.ts';
import { readLimits as limits } from '../../../../test/support/read-limits.ts';
import { readPdf } from './pdf.ts';
import { readHere } from './reader.ts';

const read = (bytes: Uint8Array) => readPdf(bytes, limits, () => undefined);

describe('the text of a PDF', () => {
  test('has its pages in their order, with lines and paragraphs', async () => {
    const pages = [
      ['First line (of a page)', 'and its second.', '', 'Another paragraph.'],
      ['On page two.', 'And more.'],
    ];
    const { format, text, blocks } = await read(makePdf(pages));
    expect(format).toBe('pdf');
    expect(text).toBe('First line (of a page)\nand its second.\n\nAnother paragraph.\n\nOn page two.\nAnd more.');
    expect(blocks.map(({ start, end, page }) => [page, text.slice(start, end).slice(0, 7)])).toEqual([
      [1, 'First l'],
      [1, 'Another'],
      [2, 'On page'],
    ]);
  });

  test('has a heading of another size apart from what it stands above', async () => {
    expect((await read(makePdf([['# Heading', 'Text below it.']]))).text).toBe('Heading\n\nText below it.');
  });

  test('has words whole that were divided at the end of a line', async () => {
    const { text } = await read(makePdf([['an exam-', 'ple of divi-', 'sion in Baden-', 'Baden, 1-', '2']]));
    expect(text).toBe('an example of division in Baden-\nBaden, 1-\n2');
  });

  test('leaves pages without text out, when others have some', async () => {
    expect((await read(makePdf([[''], ['text'], ['']]))).blocks).toMatchObject([{ page: 2 }]);
  });

  test('has the title of the document', async () => {
    expect((await read(makePdf([['text']], { title: 'The (only) title' }))).title).toBe('The (only) title');
    expect((await read(makePdf([['text']]))).title).toBeNull();
  });
});

test('a PDF is known by its bytes, by its name, and in base64 by what the sender says', async () => {
  const content = makePdf([['text']]);
  expect(await readHere({ content }, limits)).toMatchObject({ format: 'pdf', text: 'text' });
  expect(await readHere({ content, name: 'A.PDF' }, limits)).toMatchObject({ format: 'pdf' });
  expect(await readHere({ content: Buffer.from(content).toString('base64'), format: 'pdf' }, limits)).toMatchObject({ text: 'text' });
});

describe('refused is a PDF', () => {
  test.each<[string, Uint8Array, string, string]>([
    ['with a password', makePdf([['secret']], { encrypted: true }), 'encrypted', 'passwords are not taken'],
    ['of pictures', makePdf([[''], ['']], { content: 'q 1 0 0 rg 0 0 100 100 re f Q' }), 'scanned', 'no text on its 2 pages'],
    ['that is broken off', makePdf([['a'], ['b']]).subarray(0, 300), 'damaged', 'cannot be read'],
    ['that is none', Buffer.from('%PDF-1.7\nnothing more'), 'damaged', 'cannot be read'],
  ])('%s', async (_what, bytes, reason, why) => {
    await expect(read(bytes)).rejects.toMatchObject({
      code: 'invalid_input',
      details: { reason },
      message: expect.stringContaining(why),
      next: expect.stringMatching(/^[A-Z].*\.$/),
    });
  });

  test('of too many pages, before they are read', async () => {
    const found = readPdf(makePdf([['a'], ['b'], ['c']]), { ...limits, pages: 2 }, () => expect.unreachable());
    await expect(found).rejects.toMatchObject({ details: { reason: 'too_many_pages', pages: 3, limit: 2 } });
  });

  test('with more text than sources may have, as soon as that is clear', async () => {
    const told: number[] = [];
    const pages = Array.from({ length: 20 }, () => ['word '.repeat(20)]);
    const found = readPdf(makePdf(pages), { ...limits, bytes: 1_000 }, ({ done }) => void told.push(done));
    await expect(found).rejects.toMatchObject({ details: { reason: 'too_large', limit: 1_000 } });
    expect(told.length).toBeLessThan(20);
  });

  test('in base64 that is none', async () => {
    await expect(readHere({ content: 'hello', format: 'pdf' }, limits)).rejects.toMatchObject({ details: { reason: 'damaged' } });
  });
});
