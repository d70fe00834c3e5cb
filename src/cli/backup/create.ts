/** `quarterdeck backup create`. */

import { z } from 'zod';
import type { Manifest } from '../../production/backup/manifest.ts';
import { CliCommand } from '../command.ts';
import { invocation, version } from '../invocation.ts';
import { facts, moment, print } from '../output.ts';
import { askData, requireData } from '../place.ts';
import { type Step, withProgress } from '../progress.ts';
import { type BackupOptions, type Ground, counted, onStore, size, withBackupOptions } from './ground.ts';

/** What the copying process tells, as it comes over the control socket or from this process. */
const inventorySchema = z.object({
  server_version: z.string(),
  at: z.coerce.date(),
  lsn: z.string(),
  migration: z.string().nullable(),
  schema_hash: z.string(),
  app_role: z.boolean(),
  rows: z.record(z.string(), z.number()),
});

export function createCommand(): CliCommand {
  const command = new CliCommand('create', {
    summary: 'Make a backup of the database, while it is used or not.',
    details:
      'PostgreSQL is read by pg_dump, the embedded database through the server that has it open, or directly where none runs. ' +
      'Nothing is kept in memory, and a backup counts only when its manifest is there, which is written last.\n\n' +
      'The secrets of the server (BETTER_AUTH_SECRET, DATA/secrets.json) are not in it: keep them elsewhere.',
    example: 'quarterdeck backup create --to /srv/backups',
  });
  return withBackupOptions(command).action(async (options: BackupOptions) => {
    const manifest = await onStore(options, create);
    print(options.json, manifest, () => report(manifest));
  });
}

async function create(ground: Ground): Promise<Manifest> {
  await requireData(ground.effective);
  const { databaseUrl } = ground.settings;
  return withProgress('backing up', (tell) =>
    databaseUrl === undefined ? backUpEmbedded(ground, tell) : backUpPostgres(ground, databaseUrl, tell),
  );
}

async function backUpPostgres(ground: Ground, databaseUrl: string, tell: (step: Step) => void): Promise<Manifest> {
  const { settings, log, signal } = ground;
  const { openDatabase, waitForDatabase } = await import('../../platform/database/open.ts');
  const { dumpPostgres } = await import('../../production/backup/postgres/dump.ts');
  const { databaseOf } = await import('../../production/backup/postgres/address.ts');
  const { storeBackup } = await import('../../production/backup/create.ts');
  const database = await openDatabase({ settings, log });
  try {
    await waitForDatabase(database, log, AbortSignal.any([signal, AbortSignal.timeout(settings.poolTimeoutMs)]));
    return await dumpPostgres({ database, databaseUrl, signal }, (inventory, content) =>
      storeBackup({ ...kept(ground, tell), engine: 'postgres', database: databaseOf(databaseUrl) }, inventory, content),
    );
  } finally {
    await database.close();
  }
}

/** The server is held up only while its files are copied; they are packed and sent from the copy. */
async function backUpEmbedded(ground: Ground, tell: (step: Step) => void): Promise<Manifest> {
  const { withScratchFolder } = await import('../../production/backup/scratch.ts');
  const { pack } = await import('../../production/backup/embedded/files.ts');
  const { storeBackup } = await import('../../production/backup/create.ts');
  return withScratchFolder(async (folder) => {
    const inventory = inventorySchema.parse(await askData(ground.effective, 'database copy', { to: folder }, 'copying the database'));
    ground.signal.throwIfAborted();
    return storeBackup({ ...kept(ground, tell), engine: 'embedded', database: 'embedded' }, inventory, pack(folder));
  });
}

function kept({ store, settings, signal }: Ground, tell: (step: Step) => void) {
  return {
    store,
    toolVersion: version,
    recipient: settings.backupRecipient,
    signal,
    progress: (bytes: number) => tell({ message: `backing up, ${size(bytes)}` }),
  };
}

function report(manifest: Manifest): string {
  const { backup, file, bytes, sha256, database, server_version, migration, created_at, recipient, rows } = manifest;
  return [
    facts([
      ['backup', backup],
      ['file', `${file}, ${size(bytes)}`],
      ['checksum', sha256],
      ['database', `${database}, PostgreSQL ${server_version}, ${migration ?? 'not migrated'}`],
      ['as it was', moment(new Date(created_at), '')],
      ['holds', counted(rows)],
      ['readable by', recipient ?? 'anybody who has the file'],
    ]),
    '',
    `It is a backup when it has been restored: ${invocation} backup verify ${backup}`,
  ].join('\n');
}
