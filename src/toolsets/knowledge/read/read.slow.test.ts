import { describe, expect, test } from 'vitest';
import { makePdf } from '../../../../test/support/pdf.ts';
import { readLimits as limits } from '../../../../test/support/read-limits.ts';
import { type ReadOptions, readSource as readWithin } from './read.ts';

const readSource = (source: Parameters<typeof readWithin>[0], options: Partial<ReadOptions> = {}) =>
  readWithin(source, { limits, ...options });

/** Each paragraph opens all of the elements before it again. */
function formattingBomb(size: number): string {
  const fonts = Array.from({ length: size }, (_, color) => `<font color=${color}>`);
  return `<html><p>${fonts.join('')}${'</p><p>a'.repeat(size)}`;
}

/** 2,000 pages: a long manual. */
const manual = makePdf(Array.from({ length: 2_000 }, (_, page) => [`Page ${page + 1} says something,`, 'in two lines.']));

describe('a source', () => {
  test.each([
    ['of plain text', 'one\r\n\r\ntwo', 'text', 'one\n\ntwo'],
    ['that is large', 'word '.repeat(20_000), 'text', 'word '.repeat(20_000)],
    ['of HTML', '<html><p>one<p>two', 'html', 'one\n\ntwo'],
  ])('%s is read', async (_what, content, format, text) => {
    expect(await readSource({ content })).toMatchObject({ format, text });
  });

  test('of 2,000 pages is read, and says how far it is', async () => {
    const told: number[] = [];
    const { text, blocks } = await readSource({ content: manual }, { onProgress: ({ done, total }) => told.push(done / total) });
    expect(told).toHaveLength(2_000);
    expect(told.at(-1)).toBe(1);
    expect(blocks.at(-1)).toMatchObject({ page: 2_000 });
    expect(text.endsWith('Page 2000 says something,\nin two lines.')).toBe(true);
  }, 120_000);

  test('is given up with the signal', async () => {
    const caller = new AbortController();
    let told = 0;
    const found = readSource(
      { content: manual },
      {
        signal: caller.signal,
        onProgress: () => {
          told += 1;
          caller.abort(new Error('enough'));
        },
      },
    );
    await expect(found).rejects.toThrow('enough');
    expect(told).toBeLessThan(2_000);
    await expect(readSource({ content: 'a' }, { signal: caller.signal })).rejects.toThrow('enough');
  });
});

describe('refused, as the reader says, is', () => {
  test.each([
    ['an empty page', '<html><script>1</script>', 'empty'],
    ['large text with a NUL', `${'word '.repeat(20_000)}\0`, 'nul'],
    ['a picture', Uint8Array.of(0x89, 0x50, 0x4e, 0x47), 'not_text'],
    ['a broken PDF', Buffer.from('%PDF-1.7\nbroken'), 'damaged'],
  ])('%s', async (_what, content, reason) => {
    await expect(readSource({ content })).rejects.toMatchObject({
      name: 'Problem',
      code: 'invalid_input',
      next: expect.stringMatching(/\.$/),
      details: { reason },
    });
  });

  test('what is too large, before anything is done with it', async () => {
    const content = new Uint8Array(limits.bytes + 1);
    await expect(readSource({ content })).rejects.toMatchObject({
      details: { reason: 'too_large', bytes: content.length, limit: limits.bytes },
    });
  });
});

describe('a hostile source costs no more than the limits:', () => {
  test('HTML that grows as it is read', async () => {
    const found = readSource({ content: formattingBomb(3_000) }, { limits: { ...limits, memory: 64 } });
    await expect(found).rejects.toMatchObject({ code: 'invalid_input', details: { reason: 'too_much_memory', memory: 64 } });
  });

  test('a PDF of a kilobyte that unpacks to hundreds of megabytes', async () => {
    const content = makePdf([['']], { content: ' '.repeat(200_000_000), packed: 2 });
    expect(content.length).toBeLessThan(5_000);
    const found = readSource({ content }, { limits: { ...limits, memory: 64 } });
    await expect(found).rejects.toMatchObject({ code: 'invalid_input', details: { reason: 'too_much_memory' } });
  }, 60_000);

  test('whatever takes too long', async () => {
    const found = readSource({ content: manual }, { limits: { ...limits, seconds: 0.01 } });
    await expect(found).rejects.toMatchObject({ code: 'invalid_input', details: { reason: 'too_slow', seconds: 0.01 } });
  });

  test('and those after it are read', async () => {
    const slow = { limits: { ...limits, seconds: 0.01 } };
    await Promise.allSettled(Array.from({ length: 5 }, () => readSource({ content: '<html>a' }, slow)));
    expect(await readSource({ content: '<html>b' })).toMatchObject({ text: 'b' });
  });
});
