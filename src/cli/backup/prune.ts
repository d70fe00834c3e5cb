/** `quarterdeck backup prune`. */

import type { Backup } from '../../production/backup/catalogue.ts';
import type { Decision } from '../../production/backup/retention.ts';
import { CliCommand } from '../command.ts';
import { print, table } from '../output.ts';
import { type BackupOptions, onStore, size, withBackupOptions } from './ground.ts';
import { age } from './list.ts';

interface PruneOptions extends BackupOptions {
  apply?: boolean;
}

export function pruneCommand(): CliCommand {
  const command = new CliCommand('prune', {
    summary: 'Show which backups may go, and with --apply remove them.',
    details:
      'What is younger than a day stays, then one of each day (QUARTERDECK_BACKUP_DAILY_DAYS) and one of each week (QUARTERDECK_BACKUP_WEEKLY_DAYS), the verified one where there is one. ' +
      'The newest verified one always stays, and where nothing is verified nothing is removed.',
    example: 'quarterdeck backup prune --to /srv/backups --apply',
  });
  command.option('--apply', 'Remove them. Without it, nothing is changed.');
  return withBackupOptions(command).action(async (options: PruneOptions) => {
    const decisions = await onStore(options, async ({ store, settings }) => {
      const { listBackups } = await import('../../production/backup/catalogue.ts');
      const { planPrune } = await import('../../production/backup/retention.ts');
      const { removeBackup } = await import('../../production/backup/prune.ts');
      const retention = { dailyDays: settings.backupDailyDays, weeklyDays: settings.backupWeeklyDays };
      const planned = planPrune(await listBackups(store), new Date(), retention);
      if (options.apply === true) for (const { backup, keep } of planned) if (keep === null) await removeBackup(store, backup);
      return planned;
    });
    const ids = (of: readonly Decision[]) => of.map(({ backup }) => backup.id);
    const [kept, removed] = [decisions.filter(({ keep }) => keep !== null), decisions.filter(({ keep }) => keep === null)];
    print(options.json, { applied: options.apply === true, removed: ids(removed), kept: ids(kept) }, () =>
      report(decisions, options.apply === true),
    );
  });
}

function report(decisions: readonly Decision<Backup>[], applied: boolean): string {
  const removed = decisions.filter(({ keep }) => keep === null);
  const freed = size(removed.reduce((sum, { backup }) => sum + backup.bytes, 0));
  const list = table(
    decisions,
    [
      { title: 'backup', value: ({ backup }) => backup.id },
      { title: 'age', value: ({ backup }) => age(Date.now() - backup.at.getTime()) },
      { title: 'state', value: ({ backup }) => backup.state },
      {
        title: 'decision',
        value: ({ keep }) => (keep === null ? (applied ? 'removed' : 'may go') : `stays: ${keep}`),
        color: ({ keep }) => (keep === null ? 'yellow' : undefined),
      },
    ],
    'There are no backups.',
  );
  if (removed.length === 0) return `${list}\n\nNothing has to go.`;
  return `${list}\n\n${applied ? `Removed ${removed.length}, ${freed}.` : `${removed.length} may go, ${freed}. Nothing was removed: --apply does it.`}`;
}
