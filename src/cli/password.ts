/** Passwords: read from standard input, or asked for at a terminal without showing them; never an argument, which every user of the machine can read. */

import { createInterface } from 'node:readline/promises';
import { Writable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { UsageError } from './command.ts';

export const passwordOption = '--password-stdin';

/** @throws UsageError when there is no way to get one */
export async function readPassword(fromStdin: boolean | undefined): Promise<string> {
  // What `echo` and here-documents add at the end is no part of it.
  if (fromStdin === true) return (await text(process.stdin)).replace(/\r?\n$/, '');
  if (!process.stdin.isTTY || !process.stderr.isTTY)
    throw new UsageError('A password is needed, and there is no terminal to ask at.', `Pipe it in with ${passwordOption}.`);
  const first = await askPassword('Password: ');
  if ((await askPassword('Again: ')) !== first) throw new UsageError('The two passwords differ.', 'Type the same one twice.');
  return first;
}

async function askPassword(question: string): Promise<string> {
  const password = await askHidden(question);
  if (password === undefined) throw new UsageError('No password was given.', `Type one, or pipe it in with ${passwordOption}.`);
  return password;
}

/** Asks at the terminal without showing what is typed. undefined: the person ended it. */
export async function askHidden(question: string): Promise<string | undefined> {
  const nowhere = new Writable({ write: (_chunk, _encoding, done) => done() });
  const terminal = createInterface({ input: process.stdin, output: nowhere, terminal: true });
  const given = new AbortController();
  terminal.once('SIGINT', () => given.abort());
  process.stderr.write(question);
  try {
    return await terminal.question('', { signal: given.signal });
  } catch (error) {
    if (given.signal.aborted) return undefined;
    throw error;
  } finally {
    terminal.close();
    process.stderr.write('\n');
  }
}
