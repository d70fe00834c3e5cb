/** Why a script cannot run as a step, which has no terminal, no person and an end. */

import { given, option } from '../lint/arguments.ts';
import type { Call } from '../lint/calls.ts';
import { endless } from '../lint/endless.ts';
import { readsScript } from '../lint/effects.ts';
import type { ShellWord } from '../shell/types.ts';
import type { ReadScript } from './calls.ts';

/** What is wrong and what to decide, in one sentence or two; undefined: nothing is. */
export function whyNotUnattended({ shell, calls }: ReadScript): string | undefined {
  for (const call of calls) {
    const { words } = call.command;
    if (isSentence(words[0]))
      return 'this is a sentence and no command. Make it a “- [ ]” item if a person sends it, or write the command that does.';
    const stuck = endless(call);
    if (stuck !== undefined && !call.command.background && !words.some(({ value }) => value === 'timeout'))
      return `\`${stuck.what}\` does not come back. ${bounded(stuck.what)}`;
    const needs = asksFor(call, shell.commands.length);
    if (needs !== undefined)
      return `\`${needs}\` needs a person at a terminal. Make it a “- [ ]” item, or write what is done there as a command.`;
  }
  return undefined;
}

/** Words in quotes where a command is expected. */
export function isSentence(word: ShellWord | undefined): boolean {
  return word?.quoted === true && /\s/.test(word.value ?? '');
}

function bounded(what: string): string {
  if (what.includes('logs') || /journalctl|tail/.test(what))
    return 'Leave out the following and bound what it shows (`--since`, `--tail`).';
  if (what.includes('--watch')) return 'Wait with an end instead (`kubectl rollout status --timeout 5m`, `kubectl wait`).';
  if (what === 'watch') return 'Make it a step with every= and for=, or ask once.';
  return 'Let it run somewhere else, or in the background and stop it in the same step.';
}

const always: ReadonlySet<string> = new Set(
  'vi vim nvim nano emacs pico less more man htop btop k9s lazydocker mc tmux screen visudo vipw passwd su read select ftp telnet minicom dialog whiptail'.split(
    ' ',
  ),
);

/** Without any argument they wait for what is typed. */
const prompts: ReadonlySet<string> = new Set(
  'bash sh zsh python python3 node irb redis-cli mongosh mongo mysql psql sqlite3 ssh sftp'.split(' '),
);

function asksFor(call: Call, commands: number): string | undefined {
  const { program, args, command } = call;
  const fed = command.pipeline.indexOf(command) > 0 || command.redirections.some(({ operator }) => operator.startsWith('<'));
  // `read` in a loop or behind a pipe reads what is piped.
  if (program === 'read') return fed || command.inside.length > 0 ? undefined : program;
  if (always.has(program) && !(fed && /^(?:less|more)$/.test(program))) return program;
  if (program === 'sudo' && given(call, ['-i', '-s', '-e'])) return 'sudo -i';
  if (prompts.has(program) && args.length === 0 && !fed) return program;
  if (
    program === 'psql' &&
    !readsScript(call) &&
    option(call, '-c', '--command') === undefined &&
    option(call, '-l', '--list') === undefined &&
    !fed
  )
    return asked(call, ['--version', '-V', '--help']) ? undefined : 'psql without -c';
  if (program === 'mysql' && option(call, '-e', '--execute') === undefined && !fed && !asked(call, ['--version', '-V']))
    return 'mysql without -e';
  if (program === 'ssh' && commands > 0 && !fed && args.filter(({ text }) => !text.startsWith('-')).length === 1)
    return 'ssh without a command';
  if (program === 'top' && !given(call, ['-b', '-l'])) return 'top';
  if (/^(?:kubectl|oc|docker|podman|docker-compose|nerdctl)$/.test(program)) return terminalOf(call);
  return undefined;
}

function asked({ args }: Call, names: readonly string[]): boolean {
  return args.some(({ text }) => names.includes(text));
}

function terminalOf(call: Call): string | undefined {
  const verb = call.args.find(({ text }) => /^(?:exec|run|edit|attach|debug)$/.test(text))?.text;
  if (verb === 'edit' || verb === 'attach') return `${call.program} ${verb}`;
  if (verb === undefined) return undefined;
  const end = call.args.findIndex(({ text }) => text === '--');
  const own = { ...call, args: end < 0 ? call.args : call.args.slice(0, end) };
  const both =
    own.args.some(({ text }) => /^-(?:it|ti)$/.test(text)) ||
    (given(own, ['-t', '--tty']) && given(own, ['-i', '--interactive', '--stdin']));
  return both && verb !== 'build' ? `${call.program} ${verb} -it` : undefined;
}
