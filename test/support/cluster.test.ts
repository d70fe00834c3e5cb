import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import pg from 'pg';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { startPostgres } from './cluster.ts';
import { createTestDatabase } from './postgres.ts';

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'quarterdeck-cluster-test-'));
  // As open as a temporary folder is: when this runs as root, the cluster runs as somebody else.
  await chmod(folder, 0o1777);
});

afterEach(() => rm(folder, { recursive: true, force: true }));

/** A process that starts a cluster in a temporary folder of its own and then waits. */
async function startElsewhere() {
  const program = join(folder, 'program.mjs');
  const cluster = JSON.stringify(join(import.meta.dirname, 'cluster.ts'));
  await writeFile(
    program,
    `const { startPostgres } = await import(${cluster}); console.log((await startPostgres()).adminUrl); setInterval(() => {}, 1e6);`,
  );
  const child = spawn(process.execPath, [program], { env: { ...process.env, TMPDIR: folder }, stdio: ['ignore', 'pipe', 'inherit'] });
  const [adminUrl] = (await once(createInterface({ input: child.stdout }), 'line')) as [string];
  return { child, adminUrl };
}

async function canConnect(url: string): Promise<boolean> {
  const client = new pg.Client({ connectionString: url });
  client.on('error', () => undefined);
  return client.connect().then(
    () => client.end().then(() => true),
    () => false,
  );
}

const clusters = async () => (await readdir(folder)).filter((name) => name.startsWith('quarterdeck-postgres-'));

test('a database is new, and its role is no superuser but may create roles', async () => {
  const [one, two] = await Promise.all([createTestDatabase(), createTestDatabase()]);
  expect(one.url).not.toBe(two.url);
  const client = new pg.Client({ connectionString: one.url });
  await client.connect();
  const { rows } = await client.query(
    `select rolsuper, rolbypassrls, rolcreaterole, current_setting('server_version_num')::int >= 180000 as new from pg_roles where rolname = current_user`,
  );
  await client.end();
  expect(rows).toEqual([{ rolsuper: false, rolbypassrls: false, rolcreaterole: true, new: true }]);
  await Promise.all([one.drop(), two.drop()]);
  expect(await canConnect(one.url)).toBe(false);
});

test('a cluster ends and leaves nothing behind when the process that started it is killed', async () => {
  const { child, adminUrl } = await startElsewhere();
  expect(await canConnect(adminUrl)).toBe(true);
  expect(await clusters()).toHaveLength(1);
  child.kill('SIGKILL');
  await expect.poll(clusters, { timeout: 10_000 }).toEqual([]);
  expect(await canConnect(adminUrl)).toBe(false);
});

test('a cluster that cannot start says why, as its own log does, and leaves nothing behind', async () => {
  await expect(startPostgres({ folder, settings: { shared_buffers: 'much' } })).rejects.toThrow(
    'invalid value for parameter "shared_buffers"',
  );
  expect(await clusters()).toEqual([]);
});
