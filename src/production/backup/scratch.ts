/** Folders for what is restored only to be looked at: gone afterwards, also when the process that made them was killed. */

import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const prefix = 'quarterdeck-scratch-';

/** Runs `work` with an empty folder of its own, for this user alone. `parent`: where it has to be; default: the folder of the system for temporary files. */
export async function withScratchFolder<Result>(work: (folder: string) => Promise<Result>, parent = tmpdir()): Promise<Result> {
  await removeAbandoned(parent);
  const folder = await mkdtemp(join(parent, `${prefix}${process.pid}-`));
  try {
    return await work(folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Of processes that are gone. A number that another process has by now keeps a folder a little longer. */
async function removeAbandoned(parent: string): Promise<void> {
  for (const name of await readdir(parent)) {
    const pid = new RegExp(`^${prefix}(\\d+)-`).exec(name)?.[1];
    if (pid === undefined || isRunning(Number(pid))) continue;
    // Somebody else's, in a folder that all users share.
    await rm(join(parent, name), { recursive: true, force: true }).catch(() => undefined);
  }
}

function isRunning(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
