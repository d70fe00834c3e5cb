/** `quarterdeck check backup`: whether there is a backup that can be trusted. */

import { defaultMaxAgeMs, defaultMinSize } from '../../production/check/backup.ts';
import { type BackupOptions, onStore, withBackupOptions } from '../backup/ground.ts';
import type { CliCommand } from '../command.ts';
import { durationOf, optionOf, shareOf } from '../options.ts';
import { type CheckOptions, checkCommand, runCheck } from './run.ts';

type BackupCheckOptions = CheckOptions & BackupOptions & { maxAge: number; verified?: boolean; minSize: number };

export function backupCheckCommand(): CliCommand {
  const command = checkCommand('backup', {
    summary: 'Whether the newest backup is young enough, was restored once, and is as large as those before.',
    example: 'quarterdeck check backup --to /srv/backups --max-age 24h --verified',
  });
  withBackupOptions(command)
    .addOption(optionOf('--max-age <duration>', 'What it must be younger than.', durationOf, defaultMaxAgeMs, '26h'))
    .option('--verified', 'It must have been restored with `backup verify` or by a drill.')
    .addOption(optionOf('--min-size <share>', 'Of the middle one of the seven before.', shareOf, defaultMinSize, '50%'));
  return command.action(async (options: BackupCheckOptions) => {
    await runCheck(options, 'looking at the backups', async () => {
      const { checkBackup } = await import('../../production/check/backup.ts');
      const { maxAge: maxAgeMs, verified = false, minSize } = options;
      return onStore(options, ({ store }) => checkBackup(store, { maxAgeMs, verified, minSize }, new Date()));
    });
  });
}
