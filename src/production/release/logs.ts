/** Keeps the logs of replicas from filling the disk, and shows their last words. */

import { closeSync, copyFileSync, fstatSync, openSync, readSync, readdirSync, statSync, truncateSync } from 'node:fs';
import { join } from 'node:path';

/** With the one before it, 40 MB a replica: about a day of a line for each request at 200 bytes and one request a second. */
const mostBytes = 20 * 1024 * 1024;

/** As `copytruncate` of logrotate does: the process keeps the file open, so it cannot be moved away under it. */
export function trimLogs(folder: string): void {
  for (const name of readdirSync(folder)) {
    const path = join(folder, name);
    if (!name.endsWith('.log') || statSync(path).size <= mostBytes) continue;
    copyFileSync(path, `${path}.1`);
    truncateSync(path);
  }
}

const tailBytes = 4_096;

/** The last lines of a log, without the values of `secrets`. Empty when there is no log. */
export function lastLines(path: string, count: number, secrets: readonly string[]): string {
  const lines = tailOf(path).trimEnd().split('\n').slice(-count).join('\n');
  return secrets.filter(({ length }) => length >= leastSecret).reduce((text, secret) => text.replaceAll(secret, '[redacted]'), lines);
}

/** A shorter value, such as `1` or `on`, would take words out of every line and is no secret. */
const leastSecret = 8;

function tailOf(path: string): string {
  let file: number;
  try {
    file = openSync(path, 'r');
  } catch {
    return '';
  }
  try {
    const { size } = fstatSync(file);
    const buffer = Buffer.alloc(Math.min(size, tailBytes));
    readSync(file, buffer, 0, buffer.length, size - buffer.length);
    return buffer.toString('utf8');
  } finally {
    closeSync(file);
  }
}
