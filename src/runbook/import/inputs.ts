/** The inputs that the steps of a draft need: placeholders, variables that nothing sets, and choices between ways. */

import { isReserved } from '../names.ts';
import type { FoundInput } from './head.ts';
import { type Placeholders, wordsOf } from './placeholders.ts';
import type { ChosenInput } from './sections.ts';
import { parseShell } from '../shell/parse.ts';

/** What the shell and the operator's session set by themselves. */
const given =
  /^(?:HOME|USER|LOGNAME|PWD|OLDPWD|SHELL|HOSTNAME|LANG|LC_\w+|TERM|TZ|TMPDIR|EDITOR|PAGER|COLUMNS|LINES|DISPLAY|UID|EUID|PPID|RANDOM|SECONDS|LINENO|EPOCHSECONDS|FUNCNAME|PIPESTATUS|HOSTTYPE|OSTYPE|REPLY|OPTARG|OPTIND|XDG_\w+|SSH_\w+)$/;

const secret =
  /PASSW|SECRET|TOKEN|CREDENTIAL|BEARER|(?:^|_)JWT|KEY$|(?:DATABASE|DB|REDIS|BROKER|MONGO|AMQP|POSTGRES|CONNECTION)_?(?:URL|URI|DSN|STRING)|_DSN$/i;
const open = /PUBLIC_KEY|KEY_(?:ID|NAME)|TOKEN_URL|SECRET_NAME/i;

/** By its name. */
export function isSecret(name: string): boolean {
  return secret.test(name) && !open.test(name);
}

export class Inputs {
  readonly found = new Map<string, FoundInput>();
  readonly #placeholders: Placeholders;
  /** Values that earlier scripts give to variables; undefined: only a shell knows it. */
  readonly #assigned = new Map<string, string | undefined>();

  readonly #captured = new Set<string>();

  constructor(placeholders: Placeholders) {
    this.#placeholders = placeholders;
  }

  /** The name under which it can be asked for. */
  choose({ name, description, values, default: value }: ChosenInput): string {
    for (let count = 1; ; count += 1) {
      const own = count === 1 ? name : `${name}_${count}`;
      const known = this.found.get(own);
      if (this.#captured.has(own) || (known !== undefined && known.enum?.join() !== values.join())) continue;
      this.found.set(own, { description, enum: values, default: value });
      return own;
    }
  }

  /** Whether a step can give its output this name: later scripts then have it. */
  capture(name: string): boolean {
    if (this.found.has(name)) return false;
    this.#captured.add(name);
    return true;
  }

  /** The script with variables in place of placeholders, and what is to be decided about it. */
  fill(hidden: string): { script: string; questions: string[] } {
    const { script, inputs, left } = this.#placeholders.fill(hidden);
    for (const [name, text] of inputs) this.#add(name, { description: `in place of ${text}` });
    const questions = left.map(
      (text) => `\`${text}\` is to be replaced, and stands where the shell puts no value in. Write it another way.`,
    );
    const { assigns, uses } = namesIn(script);
    for (const name of uses) {
      if (assigns.has(name) || this.found.has(name) || given.test(name) || isReserved(name)) continue;
      const earlier = this.#assigned.get(name);
      if (!this.#assigned.has(name)) this.#add(name, { description: 'used by the commands' });
      else if (earlier !== undefined && !isSecret(name))
        this.#add(name, { description: 'set by an earlier step as well', default: earlier });
      else {
        this.#add(name, { description: 'set by an earlier step in a shell of its own' });
        questions.push(
          `\`${name}\` is set by an earlier step, whose variables end with it. Give that step capture=${name} and have it print the value alone; then take the input away.`,
        );
      }
    }
    for (const [name, value] of assigns) this.#assigned.set(name, value);
    return { script, questions };
  }

  #add(name: string, input: FoundInput): void {
    if (!this.found.has(name) && !this.#captured.has(name)) this.found.set(name, isSecret(name) ? { ...input, secret: true } : input);
  }
}

function namesIn(script: string): { assigns: Map<string, string | undefined>; uses: Set<string> } {
  const shell = parseShell(script);
  const assigns = new Map<string, string | undefined>(shell.loopNames.map((name) => [name, undefined]));
  for (const { words, assignments } of shell.commands) {
    const [first, ...rest] = words.map(({ value }) => value ?? '');
    if (first === undefined || /^(?:export|declare|local|readonly|typeset)$/.test(first))
      for (const { name, value } of assignments) assigns.set(name, value?.value);
    if (first !== undefined && /^(?:read|mapfile|readarray|getopts|export|declare|local)$/.test(first))
      for (const word of rest)
        if (/^[A-Za-z_]\w*$/.test(word) && !assigns.has(word) && !/^(?:export)$/.test(first)) assigns.set(word, undefined);
  }
  const uses = wordsOf(shell).flatMap(({ variables }) => variables.filter(({ guarded }) => !guarded).map(({ name }) => name));
  return { assigns, uses: new Set(uses) };
}
