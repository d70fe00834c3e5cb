/** What the tests of backups stand on: a database with something in it, and places to restore on. */

import { createHash } from 'node:crypto';
import { mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { quarterdeck, ask, type Ran } from './quarterdeck.ts';
import { createDataFolder } from './data-folder.ts';
import type { Postgres15 } from './postgres-15.ts';
import { type Place, type TestUser, signUp, startTestServer } from './server.ts';

export interface Made {
  backup: string;
  file: string;
  bytes: number;
  sha256: string;
  rows: Record<string, number>;
  database: string;
  server_version: string;
  migration: string;
  created_at: string;
}

export interface Drilled {
  backup: string;
  rto_seconds: number;
  rpo_seconds: number;
  questions: { question: string; answer: string; expected: string; passed: boolean }[];
  passed: boolean;
}

export interface Workbench {
  readonly place: Place;
  readonly user: TestUser;
  /** The folder of the backups. */
  readonly store: string;
  /** `quarterdeck backup …` with the settings of the place, and these over them. */
  run(words: readonly string[], environment?: Record<string, string>): Promise<Ran>;
  /** @throws Error when the command failed */
  json<Result>(words: readonly string[], environment?: Record<string, string>): Promise<Result>;
  /** `quarterdeck drill`, whose status is 1 when it did not pass. */
  drill(...words: string[]): Promise<{ code: number | null; result: Drilled }>;
  files(): Promise<string[]>;
  remove(): Promise<void>;
}

/** A place on a server of PostgreSQL 15. */
export async function placeOn(cluster: Postgres15): Promise<Place> {
  const [database, data] = await Promise.all([cluster.createDatabase(), createDataFolder()]);
  return {
    kind: 'postgres',
    data,
    databaseUrl: database.url,
    async remove() {
      await database.drop();
      await rm(data, { recursive: true, force: true });
    },
  };
}

/** Fills the place through a server: a project, tasks that depend on each other, a claim, and their events. */
export async function fill(place: Place): Promise<TestUser> {
  const server = await startTestServer({ place });
  try {
    const user = await signUp(server.url);
    await user.person.post('/projects', { key: 'WEB', name: 'Web — ünïcode 🚢' });
    const tasks = Array.from({ length: 20 }, (_, index) => ({
      project: 'WEB',
      title: `task ${index}`,
      depends_on: index % 7 === 3 ? ['#1'] : [],
    }));
    await user.agent.post('/tasks/batch', { tasks });
    await user.agent.post('/tasks', { title: 'personal' });
    await user.agent.post('/queue/claim', { task_id: 'WEB-1' });
    return user;
  } finally {
    await server.close();
  }
}

export async function openWorkbench(place: Place): Promise<Workbench> {
  const store = await mkdtemp(join(tmpdir(), 'quarterdeck-backups-'));
  const user = await fill(place);
  const options = (environment: Record<string, string> = {}) => ({ environment: { QUARTERDECK_BACKUP_TO: store, ...environment } });
  return {
    place,
    user,
    store,
    run: (words, environment) => quarterdeck(place, ['backup', ...words], options(environment)),
    json: (words, environment) => ask(place, ['backup', ...words], options(environment)),
    async drill(...words) {
      const { code, stdout, stderr } = await quarterdeck(place, ['drill', '--json', ...words], options());
      if (stdout === '') throw new Error(`the drill did not come to its end: ${stderr}`);
      return { code, result: JSON.parse(stdout) as Drilled };
    },
    files: async () => (await readdir(store)).toSorted(),
    async remove() {
      await place.remove();
      await rm(store, { recursive: true, force: true });
    },
  };
}

/** A store with nothing in it but a copy of this backup, whose files are changed first. */
export async function spoiled(store: string, { backup }: Made, spoil: (files: Record<string, Buffer>) => void): Promise<string> {
  const names = (await readdir(store)).filter((name) => name.startsWith(backup) && !name.endsWith('.verified.json'));
  const files: Record<string, Buffer> = {};
  for (const name of names) files[name] = await readFile(join(store, name));
  spoil(files);
  const copy = await mkdtemp(join(tmpdir(), 'quarterdeck-backups-'));
  for (const [name, content] of Object.entries(files)) await writeFile(join(copy, name), content);
  return copy;
}

/** The manifest as it would be if the file had been like this from the start. */
export function forged(manifest: Buffer | undefined, content: Buffer): Buffer {
  const fields = JSON.parse(String(manifest)) as Record<string, unknown>;
  const sha256 = `sha256:${createHash('sha256').update(content).digest('hex')}`;
  return Buffer.from(JSON.stringify({ ...fields, bytes: content.length, sha256 }));
}
