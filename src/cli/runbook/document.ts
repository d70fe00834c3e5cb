/** Reads a document that somebody wrote, and says in one line why a file is none. */

import { readFile, stat } from 'node:fs/promises';
import { UsageError } from '../command.ts';

/** Five thousand lines. What is larger was not written by hand, and built to be slow it could take minutes. */
const mostBytes = 256 * 1024;

/** @throws UsageError for what is no text that somebody wrote. */
export async function readDocument(file: string): Promise<string> {
  const refuse = (why: string, next: string) => new UsageError(`${file} cannot be read: ${why}`, next);
  const found = await stat(file).catch((error: unknown) => {
    throw codeOf(error) === 'ENOENT'
      ? refuse('there is no such file.', 'Check the name.')
      : refuse(`${codeOf(error)}.`, 'Check the path and its permissions.');
  });
  if (found.isDirectory()) throw refuse('it is a folder.', `Name its documents: ${file.replace(/\/$/, '')}/*.md`);
  if (!found.isFile()) throw refuse('it is no file.', 'Name a Markdown document.');
  if (found.size > mostBytes) throw refuse(`it is larger than 256 kB.`, 'Split it into documents that somebody can read.');
  const bytes = await readFile(file).catch((error: unknown) => {
    throw refuse(`${codeOf(error)}.`, 'Check its permissions.');
  });
  try {
    if (!bytes.includes(0)) return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    // Not UTF-8: said below.
  }
  throw refuse('it is no text in UTF-8.', 'Name a Markdown document, or convert it to UTF-8.');
}

/** `EACCES` and the like. */
function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : String(error);
}
