/** A backup, restored into a place of its own and looked at: what verification, restores and drills have in common. */

import type { Settings } from '../../platform/config/settings.ts';
import { openDatabase, waitForDatabase } from '../../platform/database/open.ts';
import type { Database } from '../../platform/database/types.ts';
import type { Log } from '../../platform/telemetry/log.ts';
import { unpack } from './embedded/files.ts';
import { fetchBackup } from './fetch.ts';
import { inspect } from './inspect.ts';
import { FaultyBackup, type Manifest } from './manifest.ts';
import { restorePostgres } from './postgres/restore.ts';
import { majorOf } from './postgres/tools.ts';
import { withScratchDatabase } from './postgres/scratch.ts';
import { serverVersion, withServer } from './postgres/server.ts';
import { withScratchFolder } from './scratch.ts';
import type { Store } from './store/store.ts';

export interface RestoredOptions {
  store: Store;
  manifest: Manifest;
  settings: Settings;
  log: Log;
  signal: AbortSignal | undefined;
  /** Told what is being done. */
  progress?: ((message: string) => void) | undefined;
  /** Where the restored folder has to be, so that it can be renamed from there. Default: the folder of the system for temporary files. */
  beside?: string | undefined;
  /** The server that a PostgreSQL backup is restored on. */
  serverUrl: string | undefined;
}

export interface Restored {
  /** Lead to the restored database, which nobody has open. */
  settings: Settings;
  /** Its data folder, which goes with the rest; an embedded database is in it. */
  folder: string;
  /** PostgreSQL alone: it stays, under this name. */
  keepAs(name: string, remark: string): Promise<void>;
}

/** How long a server that is busy is waited for. */
const patienceMs = 30_000;

/**
 * Runs `work` on the restored database, and removes it afterwards.
 * @throws FaultyBackup when it is not whole, cannot be restored, or is not what its manifest says
 */
export function withRestored<Result>(options: RestoredOptions, work: (restored: Restored) => Promise<Result>): Promise<Result> {
  const { manifest, progress = () => undefined, signal, beside } = options;
  return withScratchFolder(async (folder) => {
    progress('reading the backup');
    const file = await fetchBackup({ ...options, folder, identityFile: options.settings.backupIdentity });
    signal?.throwIfAborted();
    progress('restoring');
    return manifest.engine === 'postgres' ? onServer(options, folder, file, work) : inFolder(options, folder, file, work);
  }, beside);
}

async function onServer<Result>(
  options: RestoredOptions,
  folder: string,
  file: string,
  work: (restored: Restored) => Promise<Result>,
): Promise<Result> {
  const { manifest, serverUrl, signal } = options;
  if (serverUrl === undefined)
    throw new Error(
      `The backup ${manifest.backup} is of PostgreSQL, and no server is set to restore it on. Set DATABASE_URL, or QUARTERDECK_SCRATCH_URL for another server.`,
    );
  const version = await withServer(serverUrl, serverVersion);
  if (majorOf(manifest.server_version) > majorOf(version))
    throw new Error(
      `The backup ${manifest.backup} is of PostgreSQL ${manifest.server_version}, and the server is PostgreSQL ${version}, which is older. Restore it on a server of that version or newer.`,
    );
  return withScratchDatabase(serverUrl, async ({ url, keepAs }) => {
    const settings: Settings = { ...options.settings, databaseUrl: url, data: folder };
    await open(options, settings, async (database) => {
      await restorePostgres({ database, databaseUrl: url, serverVersion: version, file, manifest, signal }).catch((error: unknown) => {
        throw asFault(error, options);
      });
      await refuseFaults(database, options);
    });
    return work({ settings, folder, keepAs });
  });
}

async function inFolder<Result>(
  options: RestoredOptions,
  folder: string,
  file: string,
  work: (restored: Restored) => Promise<Result>,
): Promise<Result> {
  const settings: Settings = { ...options.settings, databaseUrl: undefined, data: folder };
  try {
    await unpack(file, folder);
    await open(options, settings, (database) => refuseFaults(database, options));
  } catch (error) {
    throw error instanceof FaultyBackup ? error : asFault(error, options);
  }
  const keepAs = () => Promise.reject(new Error('a folder is kept by renaming it'));
  return work({ settings, folder, keepAs });
}

async function open(options: RestoredOptions, settings: Settings, work: (database: Database) => Promise<void>): Promise<void> {
  const { log, signal } = options;
  const database = await openDatabase({ settings, log });
  try {
    await waitForDatabase(database, log, AbortSignal.any([AbortSignal.timeout(patienceMs), ...(signal === undefined ? [] : [signal])]));
    await work(database);
  } finally {
    await database.close();
  }
}

async function refuseFaults(database: Database, { manifest, signal, progress = () => undefined }: RestoredOptions): Promise<void> {
  signal?.throwIfAborted();
  progress('comparing');
  const faults = await inspect(database, manifest);
  if (faults.length > 0) throw new FaultyBackup(manifest.backup, `restored, it is not what it should be: ${faults.join('; ')}.`);
}

/** Its bytes are those that were written, so what cannot be restored was written wrong, or the server cannot take it. */
function asFault(error: unknown, { manifest, signal }: RestoredOptions): unknown {
  if (signal?.aborted === true) return signal.reason;
  return new FaultyBackup(manifest.backup, `it could not be restored: ${error instanceof Error ? error.message : String(error)}`);
}
