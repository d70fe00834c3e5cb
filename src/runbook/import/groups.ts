/** The parts of a script that each do one thing: what stands under a comment of its own, up to the next or to what is expected. */

import { posix } from 'node:path';
import { parseShell } from '../shell/parse.ts';
import type { ShellScript } from '../shell/types.ts';
import { expectedIn } from './expected.ts';
import { wordsOf } from './placeholders.ts';

export interface Group {
  /** The lines, without blank ones at both ends. */
  readonly script: string;
  /** The words of the comment at its head; undefined: it has none. */
  readonly title: string | undefined;
  /** Without a command: words for a person. */
  readonly comment: boolean;
  /** Does the same as the group before, in another way: after `# or`. */
  readonly alternative: boolean;
  /** Calls itself an option: `# Option A`. */
  readonly option: boolean;
  /** The folder that a `cd` before went to, from the repository root; undefined: none. */
  readonly cwd: string | undefined;
}

interface Line {
  readonly text: string;
  readonly kind: 'blank' | 'comment' | 'code';
  /** Of a comment. */
  readonly words: string;
}

const or = /^(?:or|alternatively)\b[:,]?\s*/i;
const option = /^(?:option|alternative|method|variant)\s+[a-z0-9]\b/i;
const numbered = /^(?:step\s+)?\d+[.):]\s+\S/i;

export function groupsOf(text: string): Group[] {
  const shell = parseShell(text);
  const groups: Line[][] = [[]];
  for (const line of linesOf(text, shell)) {
    const current = groups.at(-1) ?? [];
    if (begins(line, current)) groups.push([line]);
    else current.push(line);
  }
  return joined(inFolders(groups.filter((lines) => lines.some(({ kind }) => kind !== 'blank')).map(groupOf)));
}

function begins({ kind, words }: Line, current: readonly Line[]): boolean {
  const code = current.some((line) => line.kind === 'code');
  if (kind === 'code') return code && expectedIn(lastWords(current)) !== undefined;
  if (kind === 'blank') return false;
  // What is expected belongs to the command before it.
  if (expectedIn(words) !== undefined) return false;
  if (or.test(words) || option.test(words) || (code && numbered.test(words))) return true;
  const previous = current.at(-1)?.kind;
  // After `# Expected output:` every comment is a line of it.
  return previous === 'blank' || (code && previous === 'comment' && (expectedIn(lastWords(current)) ?? '') !== '');
}

/** What the comment that a group ends in says is expected. */
function lastWords(lines: readonly Line[]): string {
  const from = lines.findLastIndex(({ kind }) => kind === 'code') + 1;
  return lines.slice(from).findLast(({ words }) => expectedIn(words) !== undefined)?.words ?? '';
}

function linesOf(text: string, { statements, comments }: ShellScript): Line[] {
  let offset = 0;
  return text.split('\n').map((line): Line => {
    const start = offset;
    const end = start + line.length;
    offset = end + 1;
    const inStatement = statements.some((each) => each.start < end && each.end > start);
    // The last line of a here-document is in nothing, and is no comment.
    if (inStatement) return { text: line, kind: 'code', words: '' };
    if (line.trim() === '') return { text: line, kind: 'blank', words: '' };
    const comment = comments.find((each) => each.start >= start && each.start <= end && text.slice(start, each.start).trim() === '');
    return comment === undefined ? { text: line, kind: 'code', words: '' } : { text: line, kind: 'comment', words: comment.text };
  });
}

function groupOf(lines: readonly Line[]): Group {
  const used = lines.slice(
    lines.findIndex(({ kind }) => kind !== 'blank'),
    lines.findLastIndex(({ kind }) => kind !== 'blank') + 1,
  );
  const [first] = used;
  const words = first?.kind === 'comment' ? first.words : undefined;
  return {
    script: used.map(({ text }) => text).join('\n'),
    title: words
      ?.replace(or, '')
      .replace(option, '')
      .replace(/^[.:)\s–—-]+/, ''),
    comment: used.every(({ kind }) => kind !== 'code'),
    alternative: words !== undefined && or.test(words),
    option: words !== undefined && option.test(words),
    cwd: undefined,
  };
}

const change = /^[ \t]*cd[ \t]+(["']?)((?!-)[\w][\w./-]*|\.\.(?:\/[\w./-]*)?)\1[ \t]*(?:\n|$)/;

/** A step begins in the repository root: a `cd` at the head of a part becomes the folder of it and of those after it. */
function inFolders(groups: readonly Group[]): Group[] {
  let cwd: string | undefined;
  return groups.map((each, index) => {
    const group = { ...each, alternative: each.alternative || (each.option && groups[index - 1]?.option === true) };
    const [statement] = parseShell(group.script).statements;
    const from = statement?.start ?? 0;
    const [line, , folder] = change.exec(group.script.slice(from)) ?? [];
    const next = folder === undefined ? undefined : posix.join(cwd ?? '.', folder).replace(/\/$/, '');
    if (line === undefined || next === undefined || next.startsWith('..')) return { ...group, cwd };
    cwd = next === '.' ? undefined : next;
    const script = (group.script.slice(0, from) + group.script.slice(from + line.length)).trimEnd();
    return { ...group, script, cwd, comment: parseShell(script).statements.length === 0 };
  });
}

/** Each part becomes a shell of its own: those that share a variable, a function or the state of the shell stay together. */
function joined(groups: readonly Group[]): Group[] {
  const result: { group: Group; leaves: Leaves }[] = [];
  for (const group of groups) {
    const shell = parseShell(group.script);
    const own = { group, leaves: leavesOf(shell) };
    const wants = wantsOf(shell);
    const from = group.alternative ? -1 : result.findIndex(({ leaves }) => leaves.state || wants.some((name) => leaves.names.has(name)));
    if (from < 0) {
      result.push(own);
      continue;
    }
    const together = [...result.splice(from), own];
    const [{ group: first } = own] = together;
    const script = together.map((each) => each.group.script).join('\n\n');
    const names = new Set(together.flatMap(({ leaves }) => [...leaves.names]));
    result.push({ group: { ...first, script, comment: false }, leaves: { state: together.some(({ leaves }) => leaves.state), names } });
  }
  return result.map(({ group }) => group);
}

/** What a script leaves to those after it in the same shell. */
interface Leaves {
  /** A folder, an option, what another file sets: nobody knows who needs it. */
  readonly state: boolean;
  /** Variables, as `$A`, and functions. */
  readonly names: ReadonlySet<string>;
}

const stateful = /^(?:cd|pushd|popd|source|\.|shopt|alias|trap|umask|eval|ulimit)$/;

function leavesOf({ commands, functions }: ShellScript): Leaves {
  const outer = commands.filter(({ inside }) => !inside.includes('subshell') && !inside.includes('substitution'));
  const sets = outer.flatMap(({ words, assignments }) =>
    words.length === 0 || /^(?:export|declare|readonly|typeset)$/.test(words[0]?.value ?? '')
      ? assignments.map(({ name }) => `$${name}`)
      : [],
  );
  return {
    state: outer.some(({ words }) => stateful.test(words[0]?.value ?? '') || setsMore(words.map(({ value }) => value ?? ''))),
    names: new Set([...sets, ...functions]),
  };
}

/** Every step has `set -euo pipefail` of its own. */
function setsMore([first, ...rest]: readonly string[]): boolean {
  return first === 'set' && !rest.every((word) => /^(?:-[eux]*o?|pipefail|errexit|nounset)$/.test(word));
}

function wantsOf(shell: ShellScript): string[] {
  const variables = wordsOf(shell).flatMap((word) => word.variables.map(({ name }) => `$${name}`));
  return [...new Set([...variables, ...shell.commands.map(({ words }) => words[0]?.value ?? '')])];
}
