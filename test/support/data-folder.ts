/** Data folders for embedded databases. Making a database takes seconds, so a run makes one and copies it. */

import { cpSync, existsSync } from 'node:fs';
import { mkdtemp, rename, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readSettings } from '../../src/platform/config/read.ts';
import { migrateUp } from '../../src/platform/database/migrate.ts';
import { openDatabase } from '../../src/platform/database/open.ts';
import { createLog } from '../../src/platform/telemetry/log.ts';

/** An empty data folder. Whoever asks for it removes it. */
export function createDataFolder(): Promise<string> {
  return mkdtemp(join(tmpdir(), 'quarterdeck-data-'));
}

/** A data folder with a migrated, empty database in it and nothing else. `templates` is a folder that all of the run share. */
export async function createMigratedDataFolder(templates: string): Promise<string> {
  const template = join(templates, 'embedded');
  if (!existsSync(template)) await makeTemplate(templates, template);
  const data = await createDataFolder();
  // A thousand files: the asynchronous copy costs three times the processor time.
  cpSync(template, join(data, 'database'), { recursive: true });
  return data;
}

/**
 * Test files are processes of their own, and two may be here at once: then both make one, and the first to be done wins.
 * A lock would save that work once in a run, and cost every other file its time-out when the holder is killed.
 */
async function makeTemplate(templates: string, template: string): Promise<void> {
  const making = await mkdtemp(join(templates, 'making-'));
  const { settings } = readSettings({ environment: { LOG_LEVEL: 'silent' }, folder: making, flags: { data: making } });
  const log = createLog(settings);
  const database = await openDatabase({ settings, log });
  await migrateUp(database, log).finally(() => database.close());
  await rename(join(making, 'database'), template).catch((error: unknown) => {
    if (!existsSync(template)) throw error;
  });
  await rm(making, { recursive: true, force: true });
}
