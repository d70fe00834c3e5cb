/** Where the steps of a runbook run. */

import { existsSync, readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';

/** The folder of the repository that a document is in, or else its own. */
export function repositoryOf(file: string): string {
  const own = dirname(resolve(file));
  for (let folder = own; ; folder = dirname(folder)) {
    if (existsSync(join(folder, '.git'))) return folder;
    if (folder === dirname(folder)) return own;
  }
}

/** How to read a file as a step names it; undefined: there is none. */
export function readerIn(repository: string): (file: string, cwd: string | undefined) => string | undefined {
  return (file, cwd = '.') => {
    try {
      return readFileSync(resolve(repository, cwd, file), 'utf8');
    } catch {
      return undefined;
    }
  };
}
