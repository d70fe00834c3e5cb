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

/** How to read a runbook as a step of `file` names it, from where the step runs or else beside that file; undefined: there is none. */
export function readerFor(file: string): (child: string, cwd: string | undefined) => string | undefined {
  return (child, cwd = '.') => {
    try {
      return readFileSync(findChild(resolve(repositoryOf(file), cwd), dirname(file), child), 'utf8');
    } catch {
      return undefined;
    }
  };
}

/** So that runbooks which belong together find each other wherever their folder is. */
export function findChild(cwd: string, folderOfParent: string, child: string): string {
  const here = resolve(cwd, child);
  const beside = resolve(folderOfParent, child);
  return !existsSync(here) && existsSync(beside) ? beside : here;
}
