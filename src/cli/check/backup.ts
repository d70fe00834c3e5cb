/** `quarterdeck check backup`: whether there is a backup that can be trusted. */

import { defaultMaxAgeMs, defaultMinSize } from '../../production/check/backup.ts';
import { defaultMaxLossMs } from '../../production/check/physical/check.ts';
import { type BackupOptions, onStore, withBackupOptions } from '../backup/ground.ts';
import { type CliCommand, UsageError } from '../command.ts';
import { durationOf, optionOf, secretFrom, shareOf } from '../options.ts';
import { settingsOf } from '../settings.ts';
import { type CheckOptions, checkCommand, runCheck } from './run.ts';

type BackupCheckOptions = CheckOptions & BackupOptions & { maxAge: number; verified?: boolean; minSize: number } & PhysicalOptions;

interface PhysicalOptions {
  pgbackrest?: string;
  pgbackrestConfig?: string;
  maxLoss: number;
  target?: Date;
  urlEnv?: string;
}

export function backupCheckCommand(): CliCommand {
  const command = checkCommand('backup', {
    summary: 'Whether the newest backup is young enough, was restored once, and is as large as those before.',
    details:
      'With --pgbackrest it looks at physical backups instead: their age, and whether the write-ahead log of the server at DATABASE_URL reaches the archive. With --target it asks whether they can bring back that moment.',
    example: 'quarterdeck check backup --to /srv/backups --max-age 24h --verified',
  });
  withBackupOptions(command)
    .addOption(optionOf('--max-age <duration>', 'What it must be younger than.', durationOf, defaultMaxAgeMs, '26h'))
    .option('--verified', 'It must have been restored with `backup verify` or by a drill.')
    .addOption(optionOf('--min-size <share>', 'Of the middle one of the seven before.', shareOf, defaultMinSize, '50%'))
    .option('--pgbackrest <stanza>', 'Look at what pgBackRest has of this stanza.')
    .option('--pgbackrest-config <file>', 'Its configuration. (default: the one that pgBackRest finds)')
    .addOption(
      optionOf('--max-loss <duration>', 'How much may be on the server alone, and not archived.', durationOf, defaultMaxLossMs, '1h'),
    )
    .option('--target <time>', 'A moment to go back to, such as "2026-11-22 05:15:00+00".', momentOf)
    .option('--url-env <name>', 'Variable with the address of the server. (default: DATABASE_URL, also from .env)');
  return command.action(async (options: BackupCheckOptions) => {
    const { pgbackrest } = options;
    await runCheck(options, 'looking at the backups', (signal) =>
      pgbackrest === undefined ? checkDumps(options) : checkStanza(pgbackrest, options, signal),
    );
  });
}

async function checkDumps(options: BackupCheckOptions) {
  if (options.target !== undefined)
    throw new UsageError('A dump holds one moment only.', 'Name the stanza of physical backups with --pgbackrest.');
  const { checkBackup } = await import('../../production/check/backup.ts');
  const { maxAge: maxAgeMs, verified = false, minSize } = options;
  return onStore(options, ({ store }) => checkBackup(store, { maxAgeMs, verified, minSize }, new Date()));
}

async function checkStanza(stanza: string, options: BackupCheckOptions, signal: AbortSignal) {
  const { pgbackrestConfig: config, timeout: timeoutMs, maxAge: maxAgeMs, maxLoss: maxLossMs, target, urlEnv } = options;
  const { checkPhysical } = await import('../../production/check/physical/check.ts');
  const databaseUrl = secretFrom(urlEnv) ?? settingsOf(options).settings.databaseUrl;
  return checkPhysical({ stanza, config, timeoutMs, signal }, { maxAgeMs, maxLossMs, target, databaseUrl }, new Date());
}

/** As PostgreSQL and pgBackRest write it: with a space, and with the zone, without which it would be the server's own. */
function momentOf(text: string): Date {
  const [, day, time, hours, minutes = '00'] = /^(\d{4}-\d\d-\d\d) (\d\d:\d\d:\d\d(?:\.\d+)?)([+-]\d\d):?(\d\d)?$/.exec(text) ?? [];
  const moment = new Date(`${day}T${time}${hours}:${minutes}`);
  if (!Number.isNaN(moment.getTime())) return moment;
  throw new UsageError(`${text} is no moment.`, 'Write day, time and zone, such as "2026-11-22 05:15:00+00".');
}
