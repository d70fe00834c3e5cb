/** Writes a file so that a crash leaves the old one or the new one, and never a part; and tells whether one is still what it was. */

import { createHash } from 'node:crypto';
import { closeSync, fsyncSync, openSync, readFileSync, renameSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';

/** Readable by its owner alone. On disk when it returns. @throws Error of the file system */
export function writeDurably(path: string, content: string): void {
  const draft = `${path}.${process.pid}.tmp`;
  const descriptor = openSync(draft, 'w', 0o600);
  writeSync(descriptor, content);
  fsyncSync(descriptor);
  closeSync(descriptor);
  renameSync(draft, path);
  syncFolder(dirname(path));
}

/** The name of a file is on disk when its folder is. */
export function syncFolder(path: string): void {
  const folder = openSync(path, 'r');
  fsyncSync(folder);
  closeSync(folder);
}

/** Hex. @throws Error of the file system */
export function sha256OfFile(path: string): string {
  return createHash('sha256').update(readFileSync(path)).digest('hex');
}
