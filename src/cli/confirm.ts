/** Asks before something that cannot be undone, where there is somebody to ask. */

import { createInterface } from 'node:readline/promises';

/** Resolves when the answer is yes, was given already, or there is no terminal. @throws Error when it is no */
export async function confirm(question: string, given: boolean | undefined): Promise<void> {
  if (given === true || !process.stdin.isTTY || !process.stderr.isTTY) return;
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  const answer = await terminal.question(`${question} [y/N] `).finally(() => terminal.close());
  if (!/^y(es)?$/i.test(answer.trim())) throw new Error('Nothing was changed: the answer was not yes. Answer y, or pass --yes.');
}
