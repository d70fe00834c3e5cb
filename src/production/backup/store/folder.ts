/** Backups in a folder of this machine, or of one that is mounted here. */

import { createReadStream } from 'node:fs';
import { mkdir, open, readFile, readdir, rename, rm, stat } from 'node:fs/promises';
import { once } from 'node:events';
import { join, resolve } from 'node:path';
import { syncFolder } from '../../../system/durable.ts';
import type { Store, StoredFile } from './store.ts';

/** What is being written. One that a killed process left behind belongs to no backup that is whole, and is listed as such. */
const unfinished = '.partial';

export function openFolder(folder: string): Store {
  const place = resolve(folder);
  const pathOf = (name: string) => join(place, name);
  return {
    place,
    list: () => told(place, list(place)),
    write: (name, source) => told(place, write(place, name, source)),
    async read(name) {
      const stream = createReadStream(pathOf(name));
      await told(place, once(stream, 'open'));
      return stream;
    },
    readText: (name) => told(place, readFile(pathOf(name), 'utf8').catch(missing(undefined))),
    remove: (name) => told(place, rm(pathOf(name), { force: true })),
    close: () => undefined,
  };
}

async function list(place: string): Promise<StoredFile[]> {
  const names = await readdir(place).catch(missing([]));
  return Promise.all(names.map(async (name): Promise<StoredFile> => ({ name, bytes: (await stat(join(place, name))).size })));
}

async function write(place: string, name: string, source: AsyncIterable<Uint8Array>): Promise<void> {
  // Backups hold everything that the database does, so they are for their owner alone.
  await mkdir(place, { recursive: true, mode: 0o700 });
  const path = join(place, name);
  const draft = `${path}${unfinished}`;
  try {
    await writeDurably(draft, source);
    await rename(draft, path);
  } catch (error) {
    await rm(draft, { force: true });
    throw error;
  }
  syncFolder(place);
}

/** On the disk before it has its name. */
async function writeDurably(path: string, source: AsyncIterable<Uint8Array>): Promise<void> {
  const file = await open(path, 'w', 0o600);
  try {
    await file.writeFile(source);
    await file.sync();
  } finally {
    await file.close();
  }
}

function missing<Instead>(instead: Instead): (error: NodeJS.ErrnoException) => Instead {
  return (error) => {
    if (error.code === 'ENOENT') return instead;
    throw error;
  };
}

const reasons: Readonly<Record<string, string>> = {
  EACCES: 'this user may not',
  EPERM: 'this user may not',
  EROFS: 'it can only be read',
  ENOSPC: 'the disk is full',
  EDQUOT: 'the quota of this user is used up',
  ENOTDIR: 'a file is in the way',
  EEXIST: 'a file is in the way',
  ENOENT: 'a file of it is gone',
};

/** The system's refusals say which file, not whose it is. What the source of a file fails of passes as it is. */
function told<Result>(place: string, work: Promise<Result>): Promise<Result> {
  return work.catch((error: unknown) => {
    const { code = '', path = '' } = error as NodeJS.ErrnoException;
    const reason = reasons[code];
    if (reason === undefined || (!path.startsWith(place) && code !== 'ENOSPC')) throw error;
    throw new Error(`The backups in ${place} cannot be used: ${reason}. Name another place with --to, or put that right.`, {
      cause: error,
    });
  });
}
