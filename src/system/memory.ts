/** The memory of this machine, or of the container that this process is in, where that has less. */

import { totalmem } from 'node:os';

export function totalMemory(): number {
  const limit = process.constrainedMemory();
  return limit > 0 ? Math.min(limit, totalmem()) : totalmem();
}

/** What can be given out without taking it from anybody: https://docs.kernel.org/filesystems/proc.html, MemAvailable. */
export function availableMemory(): number {
  return Math.min(process.availableMemory(), totalMemory());
}
