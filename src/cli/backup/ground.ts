/** What every backup command stands on: the settings, the store, and a way to be stopped. */

import type { EffectiveSettings } from '../../platform/config/read.ts';
import type { Settings } from '../../platform/config/settings.ts';
import type { Log } from '../../platform/telemetry/log.ts';
import type { Store } from '../../production/backup/store/store.ts';
import { type CliCommand, UsageError } from '../command.ts';
import { type PlaceOptions, dataOption, noUrlOption, refuseUrl } from '../place.ts';
import { commandLog, settingsOf } from '../settings.ts';
import { listenForStop } from '../stop.ts';

export interface BackupOptions extends PlaceOptions {
  to?: string;
}

export interface Ground {
  effective: EffectiveSettings;
  settings: Settings;
  log: Log;
  store: Store;
  signal: AbortSignal;
}

/** Why no remote server offers it. */
const about = 'it copies the database itself.';

export function withBackupOptions(command: CliCommand): CliCommand {
  command
    .option('--to <place>', 'The folder or s3://bucket/prefix of the backups. (default: QUARTERDECK_BACKUP_TO)')
    .addOption(dataOption())
    .addOption(noUrlOption());
  return command;
}

/** For what needs no store. */
export function onSettings<Result>(options: BackupOptions, work: (settings: Settings) => Promise<Result>): Promise<Result> {
  refuseUrl(options, about);
  return work(settingsOf(options).settings);
}

/** Runs `work`, and ends it in order when the person stops it: what was begun is removed. */
export async function onStore<Result>(options: BackupOptions, work: (ground: Ground) => Promise<Result>): Promise<Result> {
  refuseUrl(options, about);
  const effective = settingsOf(options);
  const { settings } = effective;
  const to = options.to ?? settings.backupTo;
  if (to === undefined)
    throw new UsageError('Where are the backups?', 'Name a folder or s3://bucket/prefix with --to, or set QUARTERDECK_BACKUP_TO.');
  const { openStore } = await import('../../production/backup/store/open.ts');
  const store = await openStore({ to, s3Endpoint: settings.s3Endpoint });
  const { signal } = listenForStop();
  try {
    return await work({ effective, settings, log: commandLog(effective), store, signal });
  } catch (error) {
    throw signal.aborted ? new Error('It was stopped before it was done; what it had begun was removed.', { cause: error }) : error;
  } finally {
    store.close();
  }
}

/** `3.4 MB`, in powers of a thousand as disks are sold. */
export function size(bytes: number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB'];
  const power = Math.min(units.length - 1, Math.floor(Math.log10(Math.max(1, bytes)) / 3));
  return `${(bytes / 1_000 ** power).toLocaleString('en', { maximumFractionDigits: power === 0 ? 0 : 1 })} ${units[power] ?? ''}`;
}

export function counted(rows: Readonly<Record<string, number>>): string {
  const counts = Object.values(rows);
  return `${counts.reduce((sum, count) => sum + count, 0).toLocaleString('en')} rows in ${counts.length} tables`;
}
