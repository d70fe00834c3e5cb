import { readFile, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { lint } from './lint.ts';

const corpus = join(import.meta.dirname, '../../../test/corpus');

async function documents(folder: string): Promise<[name: string, text: string][]> {
  const names = (await readdir(join(corpus, folder))).sort();
  return Promise.all(names.map(async (file): Promise<[string, string]> => [file, await readFile(join(corpus, folder, file), 'utf8')]));
}

describe('real documents with hazards', async () => {
  test.each(await documents('seeds'))('%s', async (file, text) => {
    const { findings } = lint({ file, text });
    const lines = findings.map(({ line, column, rule, severity, message }) => `${line}:${column} ${severity} ${rule} ${message}\n`);
    // Beside the document, so that both can be read together.
    await expect(lines.join('')).toMatchFileSnapshot(join(corpus, 'findings', file));
  });
});

describe('documents that are as they should be give nothing', async () => {
  test.each(await documents('clean'))('%s', (file, text) => {
    expect(lint({ file, text }).findings).toEqual([]);
  });
});

test('every place is in the document', async () => {
  for (const [file, text] of await documents('seeds')) {
    const lines = text.split('\n');
    const wrong = lint({ file, text }).findings.filter(({ line, column }) => column < 1 || column > (lines[line - 1]?.length ?? -1) + 1);
    expect(wrong).toEqual([]);
  }
});
