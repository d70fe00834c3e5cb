/** `quarterdeck check wal`: who keeps the write-ahead log of PostgreSQL. */

import { defaultKeptBytes } from '../../production/check/wal.ts';
import type { CliCommand } from '../command.ts';
import { urlOf } from '../database.ts';
import { optionOf, sizeOf } from '../options.ts';
import { type CheckOptions, checkCommand, runCheck } from './run.ts';

interface WalOptions extends CheckOptions {
  urlEnv?: string;
  maxKept: number;
}

export function walCommand(): CliCommand {
  const command = checkCommand('wal', {
    summary: 'Whether PostgreSQL can let go of its write-ahead log: segments are archived, and no slot keeps them.',
    details:
      '`--print kept_by` is one of archiving, slot (that nobody reads), reader (a slot that is read too slowly), nothing; `--print slot` names it.',
    example: 'quarterdeck check wal --max-kept 1GiB',
  });
  command
    .option('--url-env <name>', 'Variable with the address of any PostgreSQL. (default: DATABASE_URL, also from .env)')
    .addOption(optionOf('--max-kept <size>', 'For one slot.', sizeOf, defaultKeptBytes, '1GiB'));
  return command.action(async (options: WalOptions) => {
    const url = urlOf(options);
    await runCheck(options, 'asking the database', async () => {
      const { checkWal } = await import('../../production/check/wal.ts');
      return checkWal(url, options.timeout, options.maxKept);
    });
  });
}
