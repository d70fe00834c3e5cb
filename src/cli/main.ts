/** Runs the command line: one command, its failure worded once, its exit status. */

import { Command, CommanderError } from 'commander';
import { UsageError, pathOf } from './command.ts';
import { failureJson, failureOf, failureText } from './failure.ts';
import { createProgram } from './program.ts';

// `quarterdeck user list | head -1`: the reader has what it wanted.
process.stdout.on('error', (error: NodeJS.ErrnoException) => process.exit(error.code === 'EPIPE' ? 0 : 1));

await run(process.argv.slice(2));

async function run(words: readonly string[]): Promise<void> {
  const program = createProgram();
  if (words.length === 0) return program.outputHelp();
  let running: Command = program;
  program.hook('preAction', (_program, command) => void (running = command));
  try {
    await program.parseAsync(words, { from: 'user' });
  } catch (error) {
    // Help and the version were printed, and commander ends with a throw.
    if (error instanceof CommanderError && error.exitCode === 0) return;
    const command = error instanceof UsageError && error.command !== undefined ? error.command : running;
    report(error, command, words.includes('--json'));
  }
}

function report(error: unknown, command: Command, json: boolean): void {
  const failure = failureOf(error);
  process.stderr.write(`${json ? failureJson(failure) : failureText(pathOf(command), failure)}\n`);
  // For whoever looks for a mistake in the program itself.
  if (/^(debug|trace)$/.test(process.env['LOG_LEVEL'] ?? '')) console.error(error);
  process.exitCode = failure.exitCode;
}
