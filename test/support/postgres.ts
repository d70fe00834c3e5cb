/** A fresh PostgreSQL database for one test file, on the cluster that the run started. */

import { inject } from 'vitest';
import { readSettings } from '../../src/platform/config/read.ts';
import { migrateUp } from '../../src/platform/database/migrate.ts';
import { openDatabase } from '../../src/platform/database/open.ts';
import { createLog } from '../../src/platform/telemetry/log.ts';
import { type TestDatabase, createDatabase, query } from './cluster.ts';

export type { TestDatabase } from './cluster.ts';

/** Takes about 20 ms. Call `drop` in `afterAll`; what is left goes with the cluster. */
export async function createTestDatabase(): Promise<TestDatabase> {
  return createDatabase(inject('postgresAdminUrl'));
}

/** The same with our tables in it. To migrate one takes half a second, so a run does that once and copies it. */
export async function createMigratedTestDatabase(): Promise<TestDatabase> {
  const adminUrl = inject('postgresAdminUrl');
  const [known] = await query(adminUrl, `select from pg_database where datname = '${template}'`);
  if (known === undefined) await makeTemplate(adminUrl);
  return createDatabase(adminUrl, template);
}

const template = 'migrated';

/** As with data folders, two test files may do this at once: the first to be done wins. */
async function makeTemplate(adminUrl: string): Promise<void> {
  const { url, drop } = await createDatabase(adminUrl);
  const { settings } = readSettings({ environment: { DATABASE_URL: url, LOG_LEVEL: 'silent' }, folder: import.meta.dirname });
  const log = createLog(settings);
  const database = await openDatabase({ settings, log });
  await migrateUp(database, log).finally(() => database.close());
  await query(adminUrl, `alter database ${new URL(url).pathname.slice(1)} rename to ${template}`).catch(drop);
}
