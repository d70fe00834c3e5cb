import { mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { openFolder } from './folder.ts';
import { bytesOf } from './store.ts';

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'quarterdeck-store-'));
});
afterEach(() => rm(folder, { recursive: true }));

test('a file is there whole, for its owner alone, until it is removed', async () => {
  const store = openFolder(join(folder, 'made'));
  expect(await store.list()).toEqual([]);
  await store.write('a', bytesOf('content'));
  expect(await store.list()).toEqual([{ name: 'a', bytes: 7 }]);
  expect(await text(await store.read('a'))).toBe('content');
  expect((await stat(join(folder, 'made', 'a'))).mode & 0o777).toBe(0o600);
  await store.remove('a');
  await store.remove('a');
  expect(await store.readText('a')).toBeUndefined();
});

test('a source that fails leaves nothing', async () => {
  async function* fails() {
    yield Buffer.from('half');
    throw new Error('the cable was pulled');
  }
  await expect(openFolder(folder).write('a', fails())).rejects.toThrow('the cable was pulled');
  expect(await readdir(folder)).toEqual([]);
});

test('what the system refuses is told with the place and what to do', async () => {
  const file = join(folder, 'file');
  await writeFile(file, '');
  await expect(openFolder(file).list()).rejects.toThrow(
    `The backups in ${file} cannot be used: a file is in the way. Name another place with --to`,
  );
  await expect(openFolder(file).write('a', bytesOf(''))).rejects.toThrow('a file is in the way');
});
