/** Keeps two processes from working on the same run. */

import { hostname, userInfo } from 'node:os';
import { join } from 'node:path';
import { fileLocks } from '../lock/files.ts';
import { LockIsHeld, takeLock } from '../lock/lock.ts';
import type { LockOwner } from '../lock/store.ts';
import type { RunFolder } from './folder.ts';
import { identityOf } from '../../system/process.ts';

/** Another process is at work on the run. */
export class RunIsBusy extends Error {
  constructor(run: string, { user, process: { pid } }: LockOwner) {
    super(`Process ${pid} of ${user} is at work on run ${run}: wait until it has ended, or end it with SIGINT.`);
    this.name = 'RunIsBusy';
  }
}

/** Nobody waits for a claim: its holder is either alive or not. */
const claimMs = 24 * 60 * 60_000;

/** Runs `work` while no other process may change the run. @throws RunIsBusy */
export async function withClaim<Result>(folder: RunFolder, work: () => Promise<Result>): Promise<Result> {
  const store = fileLocks(join(folder.path, 'claim'));
  const claim = await takeLock({ store, key: 'run', owner: ownerOf(folder.run), leaseMs: claimMs }).catch((error: unknown) => {
    throw error instanceof LockIsHeld ? new RunIsBusy(folder.run, error.held.owner) : error;
  });
  try {
    return await work();
  } finally {
    await claim.end('release');
  }
}

/** This process, as the holder of a lock for a run. */
export function ownerOf(run: string): LockOwner {
  const self = identityOf(process.pid);
  return { run, user: userInfo().username, host: hostname(), process: self ?? { pid: process.pid, started: '', boot: '' } };
}
