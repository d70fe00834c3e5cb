/** Runs a command in this process, because no server has the data open. */

import { parseInput } from '../operations/input.ts';
import { openDatabase, waitForDatabase } from '../platform/database/open.ts';
import type { CommandRequest, OpenCommands } from './attach.ts';
import { commands } from './commands.ts';

/** How long a command waits for a database server that does not answer. */
const databaseWaitMs = 10_000;

/** For many commands on a platform that is opened once. @throws Error when the data cannot be opened */
export async function openAlone({ effective, log }: Pick<CommandRequest, 'effective' | 'log'>): Promise<OpenCommands> {
  const { openPlatform } = await import('./platform.ts');
  const platform = await openPlatform(effective, log, { signal: AbortSignal.timeout(databaseWaitMs) });
  return {
    run: async (name, input) => {
      const command = commands[name];
      if (command?.needs !== 'platform') throw new Error(`There is no command ${name}.`);
      return command.run(platform, parseInput(name, command.input, input), () => undefined);
    },
    close: () => platform.close(),
  };
}

/** @throws Problem or Error as the command does */
export async function runAlone({ effective, log, name, input, onProgress = () => undefined }: CommandRequest): Promise<unknown> {
  const command = commands[name];
  if (command === undefined) throw new Error(`There is no command ${name}.`);
  const parsed = parseInput(name, command.input, input);
  const signal = AbortSignal.timeout(databaseWaitMs);
  if (command.needs === 'platform') {
    // Most of the program, and nothing that a command about the database itself needs.
    const { openPlatform } = await import('./platform.ts');
    const platform = await openPlatform(effective, log, { signal });
    try {
      return await command.run(platform, parsed, onProgress);
    } finally {
      await platform.close();
    }
  }
  const { settings } = effective;
  const database = await openDatabase({ settings, log });
  try {
    await waitForDatabase(database, log, signal);
    return await command.run({ settings, log, database, serving: false }, parsed, onProgress);
  } finally {
    await database.close();
  }
}
