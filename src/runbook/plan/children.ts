/** Finds the runbooks that a step runs in its turn: `quarterdeck runbook run OTHER.md`. */

import { basename } from 'node:path';
import { parseShell } from '../shell/parse.ts';

/** As it is written; undefined: only the shell will know which file it is. */
export type ChildFile = string | undefined;

/** Options of `runbook run` that are followed by a value. */
const withValue = new Set(['--input', '--inputs', '--by', '--state', '--lock-store']);

export function childrenOf(script: string): ChildFile[] {
  return parseShell(script).commands.flatMap(({ words }) => {
    const values = words.map(({ value }) => value);
    const at = values.findIndex((value) => value !== undefined && basename(value) === 'quarterdeck');
    if (at === -1 || values[at + 1] !== 'runbook' || values[at + 2] !== 'run') return [];
    return [firstArgument(values.slice(at + 3))];
  });
}

function firstArgument(words: readonly (string | undefined)[]): ChildFile {
  for (let index = 0; index < words.length; index += 1) {
    const word = words[index];
    if (word?.startsWith('--') !== true) return word;
    if (withValue.has(word)) index += 1;
  }
  return undefined;
}
