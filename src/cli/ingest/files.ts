/** Which files of a folder are taken in: all but hidden ones, what tools put there, and what is no text. */

import { type FileHandle, open, readdir, stat } from 'node:fs/promises';
import { basename, dirname, join, relative, resolve, sep } from 'node:path';

/** Folders that hold what others wrote, and that are made again from a list. */
const junk: ReadonlySet<string> = new Set(['node_modules', 'bower_components', '__pycache__', 'venv']);

export type SkipReason = 'hidden' | 'installed' | 'link' | 'binary' | 'empty';

export interface FoundFile {
  /** Where it is on this machine. */
  path: string;
  /** Its folder's name and the way from there, with slashes: the same on every machine. */
  name: string;
  size: number;
}

export interface Found {
  files: FoundFile[];
  skipped: Partial<Record<SkipReason, number>>;
}

/** A file alone is named as it would be in its folder. @throws Error when there is nothing at `path` */
export async function findFiles(path: string): Promise<Found> {
  const whole = resolve(path);
  const facts = await stat(whole).catch(() => undefined);
  if (facts === undefined) throw new Error(`There is nothing at ${whole}. Give the path of a file or folder.`);
  const found: Found = { files: [], skipped: {} };
  const root = facts.isDirectory() ? whole : dirname(whole);
  if (facts.isDirectory()) await walk(whole, root, found);
  else await look(whole, root, found);
  return found;
}

async function walk(folder: string, root: string, found: Found): Promise<void> {
  const entries = await readdir(folder, { withFileTypes: true }).catch(() => undefined);
  if (entries === undefined) return void found.files.push(fileAt(folder, root, 0));
  // Always in one order, so that two runs tell the same.
  entries.sort((one, other) => (one.name < other.name ? -1 : 1));
  for (const entry of entries) {
    const path = join(folder, entry.name);
    if (entry.name.startsWith('.')) skip(found, 'hidden');
    else if (entry.isDirectory() && junk.has(entry.name)) skip(found, 'installed');
    else if (entry.isDirectory()) await walk(path, root, found);
    else if (entry.isFile()) await look(path, root, found);
    // A link may lead out of the folder, or around in it.
    else skip(found, 'link');
  }
}

/** What cannot be looked at is among the files: reading it says why. */
async function look(path: string, root: string, found: Found): Promise<void> {
  const file = await open(path).catch(() => undefined);
  if (file === undefined) return void found.files.push(fileAt(path, root, 0));
  try {
    const { size } = await file.stat();
    const reason = size === 0 ? 'empty' : (await isBinary(file)) ? 'binary' : undefined;
    if (reason === undefined) found.files.push(fileAt(path, root, size));
    else skip(found, reason);
  } finally {
    await file.close();
  }
}

function fileAt(path: string, root: string, size: number): FoundFile {
  return { path, name: [basename(root), ...relative(root, path).split(sep)].join('/'), size };
}

function skip(found: Found, reason: SkipReason): void {
  found.skipped[reason] = (found.skipped[reason] ?? 0) + 1;
}

/** So much of a file says what it is, as Git has it: a zero byte is in no text but UTF-16, which has a mark at its beginning. */
const sample = 8_000;

async function isBinary(file: FileHandle): Promise<boolean> {
  const { buffer, bytesRead } = await file.read(Buffer.alloc(sample), 0, sample, 0);
  const start = buffer.subarray(0, bytesRead);
  const isUtf16 = (start[0] === 0xff && start[1] === 0xfe) || (start[0] === 0xfe && start[1] === 0xff);
  return start.includes(0) && !isUtf16 && !start.includes('%PDF-');
}
