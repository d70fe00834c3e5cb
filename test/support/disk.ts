/** A disk of its own that can be full: a file system in memory, which only root may mount. */

import { execFile } from 'node:child_process';
import { closeSync, ftruncateSync, mkdtempSync, openSync, rmdirSync, statfsSync, writeSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

export interface SmallDisk {
  folder: string;
  /** Takes all space but so many bytes. */
  fill(leave?: number): void;
  /** Gives it back. */
  free(): Promise<void>;
  remove(): Promise<void>;
}

/** undefined: this machine or this user cannot mount one. */
export async function mountSmallDisk(megabytes: number): Promise<SmallDisk | undefined> {
  const folder = mkdtempSync(join(tmpdir(), 'quarterdeck-disk-'));
  const mounted = await run('mount', ['-t', 'tmpfs', '-o', `size=${megabytes}m,mode=0777`, 'quarterdeck', folder]).then(
    () => true,
    () => false,
  );
  if (!mounted) {
    rmdirSync(folder);
    return undefined;
  }
  const ballast = join(folder, 'ballast');
  return {
    folder,
    fill: (leave = 0) => writeBallast(folder, ballast, leave),
    free: () => rm(ballast),
    async remove() {
      // Lazily: what ran on it may take a moment to let go of its files.
      await run('umount', ['--lazy', folder]);
      rmdirSync(folder);
    },
  };
}

/** Written, not reserved: a file with holes takes no space. */
function writeBallast(folder: string, path: string, leave: number): void {
  const page = Buffer.alloc(4_096);
  const file = openSync(path, 'w');
  let written = 0;
  try {
    for (;;) written += writeSync(file, page);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error;
  }
  if (leave > 0) ftruncateSync(file, written - leave);
  closeSync(file);
  if (leave === 0 && statfsSync(folder).bavail > 0) throw new Error('the disk is not full');
}
