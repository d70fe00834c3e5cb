/** The scripts of a document: fences of a shell, and commands that list items give as inline code. */

import type { Code, InlineCode, List } from 'mdast';
import { parseShell } from '../shell/parse.ts';
import type { ShellScript } from '../shell/types.ts';
import { type Place, placeAt } from '../source.ts';
import type { Section } from './document.ts';

export interface Placeholder {
  /** As it is written, brackets and all. */
  readonly text: string;
  /** In the script. */
  readonly offset: number;
}

export interface Script {
  readonly kind: 'fence' | 'inline';
  readonly language: string;
  readonly shell: ShellScript;
  readonly section: Section;
  /** What stands after the language: attributes of a step. */
  readonly meta: string;
  /** A step of this program's format: it runs in a fresh Bash that stops at the first failure, also in a pipe, and has an end. */
  readonly step: boolean;
  /** Its output is compared with what stands after it. */
  readonly expected: boolean;
  /** The same for all commands that are steps of one list; a fence has its own. */
  readonly sequence: object;
  /** `<name>`, to be replaced by the reader. */
  readonly placeholders: readonly Placeholder[];
  readonly place: (offset: number) => Place;
}

const shells: ReadonlySet<string> = new Set(['bash', 'sh', 'shell', 'zsh', 'console', 'shell-session', 'shellsession', 'terminal']);

export function isShell(language: string | null | undefined): boolean {
  return shells.has(language?.toLowerCase() ?? '');
}

export function fenceScript(node: Code, source: string, section: Section, expected: boolean): Script {
  const language = node.lang?.toLowerCase() ?? '';
  const { text, placeholders } = withoutPlaceholders(withoutPrompts(node.value));
  const meta = node.meta ?? '';
  return {
    kind: 'fence',
    language,
    shell: parseShell(text),
    section,
    meta,
    step: /^\{.*\b(?:name|undo)=/.test(meta) && !/\brun=never\b/.test(meta),
    expected,
    sequence: node,
    placeholders,
    place: placesOf(node, source),
  };
}

/** What a shell session shows is not typed: where a line has a prompt, only the lines with one are commands. Lengths stay. */
function withoutPrompts(text: string): string {
  const prompt = /^\s*(?:\$|❯) /;
  const lines = text.split('\n');
  if (!lines.some((line) => prompt.test(line))) return text;
  let continued = false;
  return lines
    .map((line) => {
      const command = prompt.test(line) || continued;
      continued = command && line.trimEnd().endsWith('\\');
      if (!command) return ' '.repeat(line.length);
      return line.replace(prompt, (found) => ' '.repeat(found.length));
    })
    .join('\n');
}

const angle = /(?<![<\d$])<([A-Za-z](?:[\w. -]*\w)?)>(?![\w>])/g;

/** A `<name>` would be read as two redirections. Lengths stay. */
function withoutPlaceholders(text: string): { text: string; placeholders: Placeholder[] } {
  const placeholders: Placeholder[] = [];
  const replaced = text.replaceAll(angle, (found: string, name: string, offset: number) => {
    // Markup has an end tag.
    if (text.includes(`</${name}>`)) return found;
    placeholders.push({ text: found, offset });
    return `_${name.replaceAll(/[^\w.-]/g, '_')}_`;
  });
  return { text: replaced, placeholders };
}

/** Each line of a fence may be indented, in a list or a quote, by more than its text shows. */
function placesOf(node: Code, source: string): (offset: number) => Place {
  const first = (node.position?.start.line ?? 1) + 1;
  const lines = node.value.split('\n');
  const written = source.slice(node.position?.start.offset, node.position?.end.offset).split(/\r?\n/);
  return (offset) => {
    const { line, column } = placeAt(node.value, offset);
    const own = lines[line - 1] ?? '';
    const shown = written[line] ?? '';
    return { line: first + line - 1, column: column + (shown.endsWith(own) ? shown.length - own.length : 0) };
  };
}

/** Programs whose mention in a list is a command to run. */
const programs =
  /^(?:sudo )?(?:\.\/\S+|alembic|aws|az|curl|docker|docker-compose|flyctl|gcloud|git|helm|kubectl|kustomize|mongodump|mongorestore|mysql|mysqldump|npm|pg_dump|pg_restore|pip|podman|psql|redis-cli|rsync|scp|ssh|systemctl|terraform) \S/;

/** A command is a step where an item begins with it or announces it, and where it is marked with a prompt; elsewhere it is a mention. */
export function inlineScript(
  node: InlineCode,
  before: string,
  list: List | undefined,
  source: string,
  section: Section,
): Script | undefined {
  const prompt = node.value.startsWith('$ ');
  const command = prompt ? node.value.slice(2) : node.value;
  const announced = (list !== undefined && before.trim() === '') || /(?::|—|–|\brun)\s*$/i.test(before);
  if (!prompt && !(announced && programs.test(command))) return undefined;
  const { text, placeholders } = withoutPlaceholders(command);
  const written = source.slice(node.position?.start.offset, node.position?.end.offset);
  const start = { line: node.position?.start.line ?? 1, column: node.position?.start.column ?? 1 };
  const shift = Math.max(0, written.indexOf(command));
  return {
    kind: 'inline',
    language: '',
    shell: parseShell(text),
    section,
    meta: '',
    // `- [ ] … — `$ command`` runs as steps do.
    step: prompt,
    expected: false,
    sequence: list ?? node,
    placeholders,
    place: (offset) => ({ line: start.line, column: start.column + shift + offset }),
  };
}
