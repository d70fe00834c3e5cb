/** Backups of the embedded database, with a server on it and without. */

import { readFile, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Made, type Workbench, openWorkbench, spoiled } from '../support/backup.ts';
import { client, createPlace, startTestServer } from '../support/server.ts';

let bench: Workbench;
let made: Made;

beforeAll(async () => {
  bench = await openWorkbench(await createPlace('embedded'));
});
afterAll(() => bench.remove());

test('is made through the server that has the data open, which goes on', async () => {
  const server = await startTestServer({ place: bench.place });
  made = await bench.json<Made>(['create']);
  expect(made).toMatchObject({ engine: 'embedded', database: 'embedded', rows: { 'public.tasks': 21, 'auth.user': 1 } });
  expect((await client(server.url, bench.user.key).get('/tasks/WEB-1')).status).toBe(200);
  await server.close();
  expect(await bench.files()).toEqual([`${made.backup}.manifest.json`, `${made.backup}.tar.gz`]);
});

test('is verified by being restored', async () => {
  expect(await bench.json(['verify', 'latest'])).toMatchObject({ backup: made.backup, verified: true });
});

test('is made without a server as well, and one with a flipped bit is refused', async () => {
  const alone = await bench.json<Made>(['create']);
  expect(alone.rows).toEqual(made.rows);
  const store = await spoiled(bench.store, alone, (files) => {
    const content = files[alone.file] ?? Buffer.alloc(0);
    content.writeUInt8(content.readUInt8(5_000) ^ 1, 5_000);
  });
  const ran = await bench.run(['verify', alone.backup], { QUARTERDECK_BACKUP_TO: store });
  expect(ran).toMatchObject({ code: 1, stderr: expect.stringContaining('are not those that were written') as string });
  await rm(store, { recursive: true });
});

test('is restored into a folder, and swapped with the live one, which no server may have open, and back', async () => {
  const { data } = bench.place;
  const into = join(data, 'restored');
  for (const taken of [data, bench.store])
    expect((await bench.run(['restore', 'latest', '--into', taken])).stderr).toMatch(/is the live data folder|is not empty/);
  let server = await startTestServer({ place: bench.place });
  await client(server.url, bench.user.key).post('/tasks', { project: 'WEB', title: 'after the backup' });
  expect(await bench.json(['restore', made.backup, '--into', into])).toEqual(expect.objectContaining({ into }));
  expect((await bench.run(['restore', '--into', into, '--switch'])).stderr).toContain(`in use by process ${process.pid}`);
  await server.close();

  expect(await bench.json(['restore', '--into', into, '--switch'])).toMatchObject({ live: data, previous: into, backup: made.backup });
  server = await startTestServer({ place: bench.place });
  const agent = () => client(server.url, bench.user.key);
  expect((await agent().get('/tasks/WEB-21')).status).toBe(404);
  expect((await agent().get('/tasks/WEB-20')).status).toBe(200);
  await server.close();

  await bench.json(['restore', '--into', into, '--switch']);
  server = await startTestServer({ place: bench.place });
  expect((await agent().get('/tasks/WEB-21')).status).toBe(200);
  await server.close();
});

test('a swap that was stopped in the middle is finished, and the data is not opened before', async () => {
  const { data } = bench.place;
  const into = join(data, 'again');
  await bench.json(['restore', made.backup, '--into', into]);
  // What is left after the first of the three renames.
  await rename(join(data, 'database'), join(data, 'database.switching'));
  expect((await bench.run(['create'])).stderr).toContain('no database in');
  await expect(startTestServer({ place: bench.place })).rejects.toThrow('was being switched with a restored one');
  await bench.json(['restore', '--into', into, '--switch']);
  expect((await readdir(data)).filter((name) => name.startsWith('database'))).toEqual(['database']);
  expect(await readdir(into)).toContain('database');
});

test('a drill starts a server on the newest backup, asks it what it knows, and writes down what it measured', async () => {
  const { code, result } = await bench.drill();
  expect(result.questions.map(({ question, passed }) => [question, passed])).toEqual([
    ['Does every table have its rows?', true],
    ['Is the server healthy?', true],
    ['What is WEB-1 called?', true],
    ['Which tasks of WEB are found by the words of that title?', true],
  ]);
  expect({ code, passed: result.passed }).toEqual({ code: 0, passed: true });
  expect(result.rto_seconds).toBeGreaterThan(0);
  expect(JSON.parse(await readFile(join(bench.place.data, 'drills.jsonl'), 'utf8'))).toMatchObject({ ...result, error: null });
});

test('prune removes what is too old, only when told to, and never the newest verified one', async () => {
  const place = { QUARTERDECK_BACKUP_TO: await spoiled(bench.store, made, () => undefined) };
  expect(await bench.run(['prune', '--apply'], place)).toMatchObject({
    code: 1,
    stderr: expect.stringContaining('No backup is verified') as string,
  });
  await bench.json(['verify', made.backup], place);
  const store = place.QUARTERDECK_BACKUP_TO;
  const old = '20200101T000000Z-0000';
  for (const name of ['manifest.json', 'tar.gz'])
    await writeFile(
      join(store, `${old}.${name}`),
      (await readFile(join(store, `${made.backup}.${name}`), 'latin1'))
        .replaceAll(made.backup, old)
        .replace(made.created_at, '2020-01-01T00:00:00.000Z'),
      'latin1',
    );
  expect(await bench.json(['prune'], place)).toEqual({ applied: false, removed: [old], kept: [made.backup] });
  expect(await readdir(store)).toHaveLength(5);
  expect(await bench.json(['prune', '--apply'], place)).toEqual({ applied: true, removed: [old], kept: [made.backup] });
  expect((await readdir(store)).filter((name) => !name.startsWith(made.backup))).toEqual([]);
  await rm(store, { recursive: true });
});

test('fails with a sentence where backups cannot be stored, and leaves nothing', async () => {
  const file = join(bench.place.data, 'secrets.json');
  const ran = await bench.run(['create'], { QUARTERDECK_BACKUP_TO: file, TMPDIR: bench.place.data });
  expect(ran).toEqual({
    code: 1,
    stdout: '',
    stderr: `quarterdeck backup create: The backups in ${file} cannot be used: a file is in the way. Name another place with --to, or put that right.\n`,
  });
  expect((await readdir(bench.place.data)).filter((name) => name.startsWith('quarterdeck-scratch'))).toEqual([]);
});

test('says where backups are wanted', async () => {
  expect(await bench.run(['list'], { QUARTERDECK_BACKUP_TO: '' })).toMatchObject({
    code: 2,
    stderr: expect.stringContaining('set QUARTERDECK_BACKUP_TO') as string,
  });
});
