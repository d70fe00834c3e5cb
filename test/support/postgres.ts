/** A fresh PostgreSQL database for one test file, on the cluster that the run started. */

import { inject } from 'vitest';
import { type TestDatabase, createDatabase } from './cluster.ts';

export type { TestDatabase } from './cluster.ts';

/** Takes about 20 ms. Call `drop` in `afterAll`; what is left goes with the cluster. */
export async function createTestDatabase(): Promise<TestDatabase> {
  return createDatabase(inject('postgresAdminUrl'));
}
