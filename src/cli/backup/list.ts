/** `quarterdeck backup list`. */

import type { Backup, BackupState } from '../../production/backup/catalogue.ts';
import { CliCommand } from '../command.ts';
import { type Color, print, table } from '../output.ts';
import { type BackupOptions, onStore, size, withBackupOptions } from './ground.ts';

export function listCommand(): CliCommand {
  const command = new CliCommand('list', {
    summary: 'Show the backups, newest first, and how far each can be trusted.',
    details:
      'verified: it was restored, and held what it should. unverified: its size is right, nothing else is known. failed: it was restored and was not good. ' +
      'damaged: its size or its manifest is wrong. incomplete: it has no manifest, because it is being made, or because whoever made it was stopped.',
    example: 'quarterdeck backup list --to /srv/backups',
  });
  return withBackupOptions(command).action(async (options: BackupOptions) => {
    const { listBackups } = await import('../../production/backup/catalogue.ts');
    const { place, backups } = await onStore(options, async ({ store }) => ({ place: store.place, backups: await listBackups(store) }));
    print(options.json, { place, backups: backups.map(summaryOf) }, () => report(place, backups));
  });
}

export function summaryOf({ id, at, bytes, state, manifest, verification, reason }: Backup) {
  return {
    backup: id,
    created_at: at.toISOString(),
    age_seconds: Math.round((Date.now() - at.getTime()) / 1_000),
    bytes,
    state,
    verified_at: verification?.verified === true ? verification.at : null,
    engine: manifest?.engine ?? null,
    database: manifest?.database ?? null,
    migration: manifest?.migration ?? null,
    recipient: manifest?.recipient ?? null,
    reason,
  };
}

const colors: Readonly<Record<BackupState, Color>> = {
  verified: 'green',
  unverified: 'yellow',
  failed: 'red',
  damaged: 'red',
  incomplete: 'yellow',
};

function report(place: string, backups: readonly Backup[]): string {
  return table(
    backups,
    [
      { title: 'backup', value: ({ id }) => id },
      { title: 'age', value: ({ at }) => age(Date.now() - at.getTime()) },
      { title: 'size', value: ({ bytes }) => size(bytes) },
      { title: 'database', value: ({ manifest }) => manifest?.database ?? '' },
      { title: 'state', value: stateText, color: ({ state }) => colors[state] },
    ],
    `There are no backups in ${place}.`,
  );
}

function stateText({ state, verification, reason }: Backup): string {
  if (state === 'verified') return `verified ${verification?.at.slice(0, 16).replace('T', ' ') ?? ''} UTC`;
  return reason === null ? state : `${state}: ${reason}`;
}

/** In one unit: what matters is whether it is minutes, hours or days. */
export function age(ms: number): string {
  const minutes = Math.floor(ms / 60_000);
  if (minutes < 120) return `${minutes} min`;
  const hours = Math.floor(minutes / 60);
  return hours < 48 ? `${hours} h` : `${Math.floor(hours / 24)} days`;
}
