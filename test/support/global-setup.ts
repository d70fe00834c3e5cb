/** Runs once around a test run: one PostgreSQL for all test files, and a folder for what they share. */

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestProject } from 'vitest/node';
import { startPostgres } from './cluster.ts';

declare module 'vitest' {
  export interface ProvidedContext {
    /** The superuser's URL of the cluster of this run. */
    postgresAdminUrl: string;
    /** A folder for the templates that test files make for each other. */
    templates: string;
    /** Which database the behaviour suite runs on. */
    databaseKind: 'embedded' | 'postgres';
  }
}

export async function setup(project: TestProject): Promise<() => Promise<void>> {
  const [cluster, templates] = await Promise.all([startPostgres(), mkdtemp(join(tmpdir(), 'quarterdeck-templates-'))]);
  project.provide('postgresAdminUrl', cluster.adminUrl);
  project.provide('templates', templates);
  return async () => {
    await Promise.all([cluster.stop(), rm(templates, { recursive: true, force: true })]);
  };
}
