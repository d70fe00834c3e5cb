/**
 * Locks as files, for the runs of one machine. Each holder has a file of its own whose name is its number, and that is made with `link`, which the
 * file system lets succeed once: so there is one holder a number, without a lock for the locks. The highest number is the lock.
 */

import { createHash } from 'node:crypto';
import { linkSync, mkdirSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { writeDurably } from '../../system/durable.ts';
import type { LockContent, LockStore, StoredLock } from './store.ts';

interface LockFile extends LockContent {
  readonly key: string;
  readonly revision: number;
  /** ISO 8601. */
  readonly expires: string;
}

export function fileLocks(folder: string): LockStore {
  const pathOf = (key: string) => join(folder, createHash('sha256').update(key).digest('hex').slice(0, 32));

  /** 0: nobody ever had it. */
  const latest = (path: string): number => {
    try {
      return Math.max(0, ...readdirSync(path).map((name) => Number(/^(\d+)\.json$/.exec(name)?.[1] ?? 0)));
    } catch (error) {
      if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return 0;
      throw error;
    }
  };

  const content = (key: string, lock: LockContent, revision: number, leaseMs: number): string =>
    `${JSON.stringify({ key, ...lock, revision, expires: new Date(Date.now() + leaseMs).toISOString() } satisfies LockFile)}\n`;

  const read = (key: string): StoredLock | undefined => {
    const path = pathOf(key);
    const fence = latest(path);
    if (fence === 0) return undefined;
    const { expires, ...lock } = JSON.parse(readFileSync(join(path, `${fence}.json`), 'utf8')) as LockFile;
    return { ...lock, fence, expired: Date.parse(expires) <= Date.now() };
  };

  return {
    name: folder,
    read: async (key) => read(key),
    async succeed(key, seen, lock, leaseMs) {
      const path = pathOf(key);
      const fence = seen?.fence ?? 0;
      mkdirSync(path, { recursive: true, mode: 0o700 });
      const draft = join(path, `${fence + 1}.${process.pid}.draft`);
      writeDurably(draft, content(key, lock, 1, leaseMs));
      try {
        // Who was slow must not make a number that others have gone past and removed, nor take what has come to life again.
        if (latest(path) !== fence || read(key)?.revision !== seen?.revision) return false;
        linkSync(draft, join(path, `${fence + 1}.json`));
      } catch (error) {
        if (error instanceof Error && 'code' in error && error.code === 'EEXIST') return false;
        throw error;
      } finally {
        rmSync(draft, { force: true });
      }
      if (latest(path) !== fence + 1) return false;
      rmSync(join(path, `${fence - 1}.json`), { force: true });
      return true;
    },
    async amend(key, fence, lock, leaseMs) {
      const path = pathOf(key);
      const before = read(key);
      if (before?.fence !== fence) return false;
      writeDurably(join(path, `${fence}.json`), content(key, lock, before.revision + 1, leaseMs));
      // Whoever came in between has it now.
      return latest(path) === fence;
    },
    close: async () => undefined,
  };
}
