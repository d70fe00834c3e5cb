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
    async list() {
      const names = await readdir(place).catch(missing([]));
      return Promise.all(names.map(async (name): Promise<StoredFile> => ({ name, bytes: (await stat(pathOf(name))).size })));
    },
    async write(name, source) {
      // Backups hold everything that the database does, so they are for their owner alone.
      await mkdir(place, { recursive: true, mode: 0o700 });
      const draft = pathOf(`${name}${unfinished}`);
      try {
        await writeDurably(draft, source);
        await rename(draft, pathOf(name));
      } catch (error) {
        await rm(draft, { force: true });
        throw error;
      }
      syncFolder(place);
    },
    async read(name) {
      const stream = createReadStream(pathOf(name));
      await once(stream, 'open');
      return stream;
    },
    readText: (name) => readFile(pathOf(name), 'utf8').catch(missing(undefined)),
    remove: (name) => rm(pathOf(name), { force: true }),
    close: () => undefined,
  };
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
