/** `quarterdeck check locks`: whether sessions of the database wait for another one. */

import { defaultWaitSeconds } from '../../production/check/locks.ts';
import type { CliCommand } from '../command.ts';
import { urlOf } from '../database.ts';
import { durationOf, optionOf } from '../options.ts';
import { type CheckOptions, checkCommand, runCheck } from './run.ts';

interface LocksOptions extends CheckOptions {
  urlEnv?: string;
  maxWait: number;
}

export function locksCommand(): CliCommand {
  const command = checkCommand('locks', {
    summary: 'Whether sessions of PostgreSQL wait for another one, for which, and what that one does.',
    example: 'quarterdeck check locks --max-wait 5s',
  });
  command
    .option('--url-env <name>', 'Variable with the address of any PostgreSQL. (default: DATABASE_URL, also from .env)')
    .addOption(optionOf('--max-wait <duration>', 'How long a session may wait.', durationOf, defaultWaitSeconds * 1_000, '5s'));
  return command.action(async (options: LocksOptions) => {
    const url = urlOf(options);
    await runCheck(options, 'asking the database', async () => {
      const { checkLocks } = await import('../../production/check/locks.ts');
      return checkLocks(url, options.timeout, options.maxWait / 1_000);
    });
  });
}
