/** `quarterdeck backup restore`: into a new place, and as a second step in the place of the live database. */

import { CliCommand, UsageError } from '../command.ts';
import { invocation } from '../invocation.ts';
import { facts, print, style } from '../output.ts';
import { withProgress } from '../progress.ts';
import type { Switched } from '../../production/backup/remark.ts';
import { type BackupOptions, type Ground, counted, onSettings, onStore, withBackupOptions } from './ground.ts';

interface RestoreOptions extends BackupOptions {
  into: string;
  switch?: boolean;
}

export function restoreCommand(): CliCommand {
  const command = new CliCommand('restore', {
    summary: 'Restore a backup into a new database or folder; then, as a second step, switch to it.',
    details:
      'Never into the live one. It is checked before anything is made, and compared with its manifest before it has its name.\n\n' +
      'With --switch the restored one takes the place of the live one, which is kept: databases change their names in one transaction and connections to them are ended; ' +
      'embedded, the folders are swapped, which is refused while a server has them open. What was written since the backup is in the one that is kept. The command prints how to go back.',
    example: 'quarterdeck backup restore latest --into restored --to /srv/backups',
  });
  command
    .argument('[backup]', 'Its name, or `latest`. Not with --switch.')
    .requiredOption('--into <place>', 'The name of a new database on the server of DATABASE_URL, or a new folder.')
    .option('--switch', 'Put what was restored there in the place of the live one.');
  return withBackupOptions(command).action(async (which: string | undefined, options: RestoreOptions) => {
    if (options.switch === true) return switchTo(which, options);
    if (which === undefined) throw new UsageError('Which backup?', 'Name one, or write `latest`.');
    return restore(which, options);
  });
}

async function restore(which: string, options: RestoreOptions): Promise<void> {
  const { manifest, into } = await onStore(options, async ({ store, settings, log, signal }: Ground) => {
    const { findBackup } = await import('../../production/backup/catalogue.ts');
    const { restoreBackup } = await import('../../production/backup/restore.ts');
    const found = await findBackup(store, which);
    const place = await withProgress('restoring', (tell) =>
      restoreBackup({
        store,
        manifest: found.manifest,
        into: options.into,
        settings,
        log,
        signal,
        serverUrl: settings.databaseUrl,
        progress: (message) => tell({ message }),
      }),
    );
    return { manifest: found.manifest, into: place };
  });
  const { backup, created_at, rows, migration } = manifest;
  print(options.json, { backup, into, created_at, rows, migration }, () =>
    [
      `${style('green', 'restored')}  ${backup} into ${into}`,
      `${counted(rows)}, as they were at ${created_at}, compared with the manifest.`,
      '',
      `Look at it, then switch to it with ${invocation} backup restore --into ${into} --switch`,
    ].join('\n'),
  );
}

async function switchTo(which: string | undefined, options: RestoreOptions): Promise<void> {
  if (which !== undefined) throw new UsageError('--switch takes no backup: it switches to what was restored.', 'Give --into alone.');
  const switched = await onSettings(options, async ({ databaseUrl, data }) => {
    if (databaseUrl === undefined) return (await import('../../production/backup/embedded/switch.ts')).switchFolders(data, options.into);
    return (await import('../../production/backup/postgres/switch.ts')).switchPostgres(databaseUrl, options.into);
  });
  const { live, previous, holds } = switched;
  const back = previous === null ? null : `${invocation} backup restore --into ${previous} --switch`;
  print(options.json, { live, previous, backup: holds.backup, back }, () => report(switched, back));
}

function report({ live, previous, holds }: Switched, back: string | null): string {
  return facts([
    ['live', `${live}, ${holds.backup === null ? `which was put aside at ${holds.at}` : `which is the backup ${holds.backup}`}`],
    ['before', previous === null ? 'there was none' : `${previous}, unchanged, with what was written since`],
    ['to go back', back ?? 'there is nothing to go back to'],
  ]);
}
