/** Reads the folder of a run into its deployment log. */

import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import type { RunFolder } from '../run/folder.ts';
import { type DeploymentLog, deploymentLog } from './log.ts';

/** undefined: the run never began. @throws Error when its plan cannot be read */
export function readDeploymentLog(folder: RunFolder): DeploymentLog | undefined {
  // Asked first: a run that ends in between has its end in the journal by then.
  const atWork = folder.isAtWork();
  const { records, state, damage } = folder.read();
  if (state === undefined) return undefined;
  return deploymentLog({
    records,
    plan: folder.plan(),
    damage,
    atWork,
    outputOf: (which, stream) => readEnd(folder.output(which, stream)),
  });
}

/** An output may have megabytes, of which a report shows a screenful. */
const mostBytes = 64 * 1024;

/** undefined: there is no such file, because nothing was written. */
function readEnd(path: string): string | undefined {
  let descriptor: number;
  try {
    descriptor = openSync(path, 'r');
  } catch {
    return undefined;
  }
  try {
    const { size } = fstatSync(descriptor);
    const buffer = Buffer.alloc(Math.min(size, mostBytes));
    const read = readSync(descriptor, buffer, 0, buffer.length, size - buffer.length);
    return buffer.toString('utf8', 0, read);
  } finally {
    closeSync(descriptor);
  }
}
