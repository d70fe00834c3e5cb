/** Asks whoever sits at the terminal what a run needs to know; where nobody does, there is no answer. */

import { createInterface } from 'node:readline/promises';
import { hostname, userInfo } from 'node:os';
import { isatty } from 'node:tty';
import type { Answer, People } from '../../runbook/run/running.ts';
import { UsageError } from '../command.ts';
import { oneLine, style } from '../output.ts';
import { askHidden } from '../password.ts';

export interface PeopleOptions {
  yes?: boolean;
  by?: string;
}

/** @throws UsageError when confirmations are answered in nobody's name */
export function peopleHere({ yes, by }: PeopleOptions, inherited: string | null = null): People {
  if (yes === true && by === undefined)
    throw new UsageError('--yes answers confirmations, and nobody is named who does.', 'Add --by NAME.');
  const { username: user } = userInfo();
  const terminal = isTerminal();
  const confirmedBy = yes === true ? by : (inherited ?? undefined);
  const name = by ?? user;
  const answered = async <Of extends string>(question: string, choices: Readonly<Record<string, Of>>): Promise<Answer<Of> | undefined> => {
    const answer = terminal ? choices[(await ask(question)).trim().toLowerCase()] : undefined;
    return answer === undefined ? undefined : { answer, by: name };
  };
  const yesOrNo = { y: 'yes', yes: 'yes', n: 'no', no: 'no' } as const;
  return {
    confirmedBy,
    operator: { user, host: hostname(), terminal },
    confirm: async ({ text }) =>
      confirmedBy === undefined
        ? answered(`${oneLine(text)}: is it so? [y]es, [n]o (the run fails), Enter to stop here and go on later: `, yesOrNo)
        : { answer: 'yes', by: confirmedBy },
    approve: async (step, role, planHash) =>
      answered(
        `${step} needs the approval of ${oneLine(role)}. Do you approve plan ${planHash.slice(0, 12)} as ${name}? [y]es, Enter to stop here: `,
        { y: 'yes', yes: 'yes' } as const,
      ),
    decide: async (step, reason) =>
      answered(`${step}: ${oneLine(reason)}. Run it [a]gain, take it as [d]one, or Enter to stop here: `, {
        a: 'rerun',
        again: 'rerun',
        d: 'done',
        done: 'done',
      } as const),
  };
}

function isTerminal(): boolean {
  return isatty(process.stdin.fd) && isatty(process.stderr.fd);
}

/** Empty when the person ends it with Ctrl-C or Ctrl-D. */
async function ask(question: string): Promise<string> {
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  const ended = new AbortController();
  terminal.once('SIGINT', () => ended.abort());
  terminal.once('close', () => ended.abort());
  try {
    return await terminal.question(style('bold', `? ${question}`), { signal: ended.signal });
  } catch {
    process.stderr.write('\n');
    return '';
  } finally {
    terminal.close();
  }
}

/** Without showing what is typed. undefined: there is no terminal, or nothing was typed. */
export async function askSecret(name: string, description: string | undefined): Promise<string | undefined> {
  return isTerminal() ? askHidden(`${name}${description === undefined ? '' : ` (${description})`}: `) : undefined;
}
