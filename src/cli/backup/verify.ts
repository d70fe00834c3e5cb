/** `quarterdeck backup verify`. */

import { CliCommand } from '../command.ts';
import { version } from '../invocation.ts';
import { print, style } from '../output.ts';
import { withProgress } from '../progress.ts';
import { type BackupOptions, counted, onStore, withBackupOptions } from './ground.ts';

export function verifyCommand(): CliCommand {
  const command = new CliCommand('verify', {
    summary: 'Restore a backup into a scratch database, and compare it with its manifest.',
    details:
      'Length and checksum first; then it is restored, the rows of every table and the shape of the schema are compared, foreign keys and what else must be true are checked, and the scratch database is dropped. ' +
      'Only this makes a backup verified.',
    example: 'quarterdeck backup verify latest --to /srv/backups',
  });
  command.argument('<backup>', 'Its name, or `latest`.');
  return withBackupOptions(command).action(async (which: string, options: BackupOptions) => {
    const { verification, manifest } = await onStore(options, async ({ store, settings, log, signal }) => {
      const { findBackup } = await import('../../production/backup/catalogue.ts');
      const { verifyBackup } = await import('../../production/backup/verify.ts');
      const backup = await findBackup(store, which);
      const serverUrl = settings.scratchUrl ?? settings.databaseUrl;
      const done = await withProgress('verifying', (tell) =>
        verifyBackup(
          { store, backup, settings, log, signal, serverUrl, toolVersion: version, progress: (message) => tell({ message }) },
          (_restored, written) => Promise.resolve(written),
        ),
      );
      return { verification: done, manifest: backup.manifest };
    });
    print(options.json, { ...verification, rows: manifest.rows, migration: manifest.migration }, () =>
      [
        `${style('green', 'verified')}  ${verification.backup}: restored in ${verification.seconds.toFixed(1)} s`,
        `${counted(manifest.rows)}, the schema and its rights are those of ${manifest.created_at}.`,
      ].join('\n'),
    );
  });
}
