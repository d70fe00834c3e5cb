import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { findFiles } from './files.ts';

let folder: string;
beforeEach(async () => void (folder = join(await mkdtemp(join(tmpdir(), 'quarterdeck-')), 'docs')));
afterEach(() => rm(dirname(folder), { recursive: true, force: true }));

async function put(name: string, content: string | Uint8Array = 'Some text.'): Promise<void> {
  const path = join(folder, name);
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, content);
}

const names = async (path = folder) => (await findFiles(path)).files.map(({ name }) => name);

test('files are found in all folders, in one order, and named from their folder on', async () => {
  for (const name of ['b.md', 'a/z.txt', 'a/b/c.html', 'a.md']) await put(name);
  expect(await names()).toEqual(['docs/a/b/c.html', 'docs/a/z.txt', 'docs/a.md', 'docs/b.md']);
});

test('a file alone is named as in its folder', async () => {
  await put('a.md');
  expect(await names(join(folder, 'a.md'))).toEqual(['docs/a.md']);
});

test('what is hidden, installed, linked, empty or binary is left out and counted', async () => {
  for (const name of ['.git/config', '.env', 'node_modules/x/readme.md', 'src/node_modules/y/readme.md', 'src/main.c']) await put(name);
  await put('empty.txt', '');
  await put('picture.png', Uint8Array.of(0x89, 0x50, 0x4e, 0x47, 0, 1));
  await symlink(folder, join(folder, 'around'));
  const { files, skipped } = await findFiles(folder);
  expect(files.map(({ name }) => name)).toEqual(['docs/src/main.c']);
  expect(skipped).toEqual({ hidden: 2, installed: 2, link: 1, empty: 1, binary: 1 });
});

test('UTF-16 with its mark, and a PDF with zero bytes, are no binaries', async () => {
  await put('wide.txt', Buffer.from('\ufeffwide', 'utf16le'));
  await put('paper.pdf', Buffer.from('%PDF-1.7\n\0\0'));
  expect(await names()).toEqual(['docs/paper.pdf', 'docs/wide.txt']);
});

test('nothing at the path is an error that says so', async () => {
  await expect(findFiles(folder)).rejects.toThrow(`There is nothing at ${folder}.`);
});
