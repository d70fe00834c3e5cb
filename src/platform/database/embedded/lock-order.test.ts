/** The one interleaving of three starters that a lock of numbered files has to be careful about. */

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test, vi } from 'vitest';
import { lockData } from './lock.ts';

/** Holds back what the next reader of the folder has read. */
const slowReader = vi.hoisted(() => ({ hold: undefined as Promise<void> | undefined, onRead: () => {} }));

vi.mock(import('node:fs/promises'), async (importOriginal) => {
  const original = await importOriginal();
  const readdir = async (folder: string) => {
    const names = await original.readdir(folder);
    const { hold } = slowReader;
    slowReader.hold = undefined;
    if (hold !== undefined) slowReader.onRead();
    await hold;
    return names;
  };
  return { ...original, readdir: readdir as typeof original.readdir };
});

test('a starter that acts on what it read long ago does not get a lock that has passed through two hands since', async () => {
  const data = await mkdtemp(join(tmpdir(), 'quarterdeck-lock-'));
  await (await lockData(data)).release();

  const goOn = Promise.withResolvers<void>();
  const hasRead = Promise.withResolvers<void>();
  slowReader.hold = goOn.promise;
  slowReader.onRead = hasRead.resolve;
  const slow = lockData(data);
  await hasRead.promise;

  // The second clears what the first one made, so the slow one finds that number free.
  await (await lockData(data)).release();
  const owner = await lockData(data);
  goOn.resolve();
  await expect(slow).rejects.toThrow('is in use by process');

  await owner.release();
  await rm(data, { recursive: true });
});
