/** Backups of the embedded database, with a server on it and without. */

import { rm } from 'node:fs/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Made, type Workbench, openWorkbench, spoiled } from '../../support/backup.ts';
import { client, createPlace, startTestServer } from '../../support/server.ts';

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

test('says where backups are wanted', async () => {
  expect(await bench.run(['list'], { QUARTERDECK_BACKUP_TO: '' })).toMatchObject({
    code: 2,
    stderr: expect.stringContaining('set QUARTERDECK_BACKUP_TO') as string,
  });
});
