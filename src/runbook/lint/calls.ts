/** The commands of scripts as what is called with which arguments: variables with a known value are resolved, and what `sudo`, `ssh` or `kubectl exec` run is a call too. */

import { parseShell } from '../shell/parse.ts';
import type { ShellCommand, ShellWord } from '../shell/types.ts';
import type { Place } from '../source.ts';
import type { Script } from './scripts.ts';

export interface Argument {
  /** What the program gets; a variable or substitution that is not known stands as it is written. */
  readonly text: string;
  /** False when part of the text is not known. */
  readonly known: boolean;
  /** Variables that nothing before sets and that have no default. */
  readonly unset: readonly string[];
  readonly word: ShellWord;
}

export interface Call {
  /** Without its folder; empty where it is not known. */
  readonly program: string;
  readonly args: readonly Argument[];
  readonly command: ShellCommand;
  readonly script: Script;
  readonly at: Place;
  /** Runs in a container or on another machine, because of this call. */
  readonly via: Call | undefined;
}

/** Names and what they are known to hold; undefined: set, to something that only a shell can tell. */
type Values = Map<string, string | undefined>;

export function callsOf(scripts: readonly Script[]): Call[] {
  // A reader types one script after another into one shell.
  const values: Values = new Map();
  return scripts.flatMap((script) => {
    for (const name of script.shell.loopNames) values.set(name, undefined);
    return script.shell.commands.flatMap((command) => readCommand(command, script, values));
  });
}

function readCommand(command: ShellCommand, script: Script, values: Values): Call[] {
  const args = command.words.map((word) => resolve(word, values));
  const keeps = command.words.length === 0 || /^(?:export|declare|local|readonly|typeset)$/.test(args[0]?.text ?? '');
  if (keeps)
    for (const { name, value } of command.assignments) {
      const held = value === undefined ? undefined : resolve(value, values);
      values.set(name, held?.known === true ? held.text : undefined);
    }
  if (args[0]?.text === 'read') for (const { text } of args.slice(1)) values.set(text, undefined);
  const at = script.place(command.words[0]?.start ?? command.start);
  return args.length === 0 ? [] : expand(args, { command, script, at, via: undefined });
}

function resolve(word: ShellWord, values: Values): Argument {
  if (word.value !== undefined) return { text: word.value, known: true, unset: [], word };
  let known = true;
  const pieces = word.parts.map((part) => {
    if (part.kind === 'text') return part.text;
    const held = part.kind === 'variable' ? values.get(part.variable.name) : undefined;
    if (held !== undefined) return held;
    known = false;
    return part.kind === 'variable' ? `$${part.variable.name}` : '$()';
  });
  const unset = word.variables.filter(({ name, guarded }) => !guarded && !values.has(name)).map(({ name }) => name);
  return { text: pieces.join(''), known, unset, word };
}

type Around = Pick<Call, 'command' | 'script' | 'at' | 'via'>;

/** The call, and those that it makes. */
function expand(words: readonly Argument[], around: Around): Call[] {
  const args = withoutWrappers(words);
  const [first, ...rest] = args;
  if (first === undefined) return [];
  const call: Call = { ...around, program: first.known ? first.text.replace(/^.*\//, '') : '', args: rest };
  const inner = innerOf(call);
  if (inner === undefined) return [call];
  const via = inner.remote ? call : around.via;
  const [only] = inner.args;
  const isScript = inner.script && only !== undefined;
  const nested = isScript ? nestedCalls(only, { ...around, via }) : inner.args.length === 0 ? [] : expand(inner.args, { ...around, via });
  return [call, ...nested];
}

/** A whole script as one word: `sh -c '…'`, `ssh host '…'`. */
function nestedCalls(argument: Argument, around: Around): Call[] {
  const written = argument.word.value ?? argument.word.text.replace(/^"([\s\S]*)"$/, '$1');
  return parseShell(written).commands.flatMap((command) => {
    const args = command.words.map((word) => resolve(word, new Map()));
    return args.length === 0 ? [] : expand(args, { ...around, command });
  });
}

/** Options of programs that run the rest of their line, those of them that take a value. */
const wrappers: Readonly<Record<string, readonly string[]>> = {
  sudo: ['-u', '-g', '-h', '-p', '-C', '-T', '--user', '--group'],
  doas: ['-u', '-C'],
  time: ['-f', '-o'],
  nohup: [],
  command: [],
  exec: ['-a'],
  nice: ['-n'],
  ionice: ['-c', '-n'],
  stdbuf: ['-i', '-o', '-e'],
  env: ['-u', '-C', '-S'],
  timeout: ['-k', '-s', '--kill-after', '--signal'],
  xargs: ['-n', '-I', '-P', '-d', '-L', '-a'],
};

function withoutWrappers(words: readonly Argument[]): readonly Argument[] {
  const [first, ...rest] = words;
  const name = first?.text.replace(/^.*\//, '') ?? '';
  const valued = wrappers[name];
  if (valued === undefined || rest.length === 0) return words;
  // `command -v psql` asks where it is.
  if (name === 'command' && /^-[vV]/.test(rest[0]?.text ?? '')) return words;
  let index = 0;
  while (index < rest.length && /^-|^[A-Za-z_]\w*=/.test(rest[index]?.text ?? ''))
    index += valued.includes(rest[index]?.text ?? '') ? 2 : 1;
  if (name === 'timeout') index += 1;
  return index >= rest.length ? words : withoutWrappers(rest.slice(index));
}

interface Inner {
  readonly args: readonly Argument[];
  readonly remote: boolean;
  /** The first argument is a script. */
  readonly script: boolean;
}

function innerOf({ program, args }: Call): Inner | undefined {
  const texts = args.map(({ text }) => text);
  if (/^(?:ba|z|da|k)?sh$/.test(program)) {
    const index = texts.findIndex((text) => /^-[a-z]*c$/.test(text));
    return index < 0 ? undefined : { args: args.slice(index + 1), remote: false, script: true };
  }
  if (program === 'ssh') return remoteOf(args, skipOptions(texts, 0, sshValued) + 1);
  if (program === 'kubectl' || program === 'oc') {
    const end = texts.indexOf('--');
    return texts.includes('exec') && end >= 0 ? { args: args.slice(end + 1), remote: true, script: false } : undefined;
  }
  if (!/^(?:docker|podman|nerdctl|docker-compose)$/.test(program)) return undefined;
  const start = texts.indexOf('exec');
  return start < 0 || start > 6 ? undefined : remoteOf(args, skipOptions(texts, start + 1, dockerValued) + 1);
}

const sshValued = new Set([
  '-i',
  '-p',
  '-l',
  '-o',
  '-F',
  '-J',
  '-L',
  '-R',
  '-D',
  '-b',
  '-c',
  '-E',
  '-S',
  '-W',
  '-w',
  '-m',
  '-Q',
  '-B',
  '-e',
  '-I',
]);
const dockerValued = new Set(['-e', '--env', '-u', '--user', '-w', '--workdir', '--env-file', '--index', '--detach-keys']);

function skipOptions(texts: readonly string[], from: number, valued: ReadonlySet<string>): number {
  let index = from;
  while (texts[index]?.startsWith('-') === true) index += valued.has(texts[index] ?? '') ? 2 : 1;
  return index;
}

function remoteOf(args: readonly Argument[], from: number): Inner | undefined {
  const inner = args.slice(from);
  if (inner.length === 0) return undefined;
  return { args: inner, remote: true, script: inner.length === 1 && inner[0]?.word.quoted === true };
}
