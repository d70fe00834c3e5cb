/** Restores a backup to a new place, where it can be looked at before anything is switched to it. */

import { readdir } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { keepFolder } from './embedded/switch.ts';
import type { Remark } from './remark.ts';
import { type RestoredOptions, withRestored } from './restored.ts';
import { databaseOf } from './postgres/address.ts';
import { databaseExists, withServer } from './postgres/server.ts';

export interface RestoreOptions extends Omit<RestoredOptions, 'beside'> {
  /** A name for a database on the server, or a folder. */
  into: string;
}

/**
 * It has the name only when it is whole and was compared; until then it is a scratch database that goes by itself.
 * Returns the name, or the path of the folder.
 * @throws FaultyBackup; Error when there is something of the name already
 */
export async function restoreBackup({ into, ...options }: RestoreOptions): Promise<string> {
  const { manifest, settings, serverUrl } = options;
  const remark = (): Remark => ({ quarterdeck: 'restored', backup: manifest.backup, at: new Date().toISOString() });
  if (manifest.engine === 'postgres') {
    await refuseDatabase(into, serverUrl);
    await withRestored(options, ({ keepAs }) => keepAs(into, JSON.stringify(remark())));
    return into;
  }
  const folder = resolve(into);
  await refuseFolder(folder, resolve(settings.data));
  await withRestored({ ...options, beside: dirname(folder) }, (restored) => keepFolder(restored.folder, folder, remark()));
  return folder;
}

/** Names that need no quotes: whoever types them by hand will thank us. */
const databaseName = /^[a-z_][a-z0-9_]{0,62}$/;

async function refuseDatabase(name: string, serverUrl: string | undefined): Promise<void> {
  if (!databaseName.test(name))
    throw new Error(`${name} is no name for a database here. Use up to 63 small letters, digits and underscores, such as restored_today.`);
  // `withRestored` says what is missing.
  if (serverUrl === undefined) return;
  if (!(await withServer(serverUrl, (server) => databaseExists(server, name)))) return;
  if (name === databaseOf(serverUrl))
    throw new Error(
      `${name} is the live database, and nothing is restored over it. Restore into a new name, look at it, then use --switch.`,
    );
  throw new Error(`There is a database ${name} already, and nothing is ever restored over one. Choose another name, or drop it first.`);
}

async function refuseFolder(folder: string, live: string): Promise<void> {
  if (folder === live)
    throw new Error(
      `${folder} is the live data folder, and nothing is restored over it. Restore into a new one beside it, then use --switch.`,
    );
  const content = await readdir(folder).catch((error: unknown) => {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  });
  if (content.length > 0) throw new Error(`${folder} is not empty, and nothing is ever restored over something. Choose another folder.`);
}
