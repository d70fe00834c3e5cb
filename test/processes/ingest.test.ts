/** A folder that is taken in from the command line: while no server runs on the data, while one does, and on a remote one. */

import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Place, type TestServer, client, createPlace, startTestServer } from '../support/server.ts';
import { ask, quarterdeck } from '../support/quarterdeck.ts';

interface Result {
  created: number;
  replaced: number;
  unchanged: number;
  refused: number;
  files: { file: string; outcome: string; reason?: string; source_id?: string }[];
}

let place: Place;
let server: TestServer | undefined;
let folder: string;

beforeAll(async () => {
  place = await createPlace();
  if (place.kind === 'postgres') await ask(place, ['migrate', 'up']);
  await ask(place, ['user', 'create', '--email', 'ada@example.org', '--password-stdin'], { input: 'correct horse battery\n' });
  folder = join(place.data, 'docs');
  await mkdir(join(folder, 'sub'), { recursive: true });
  await mkdir(join(folder, '.git'));
  await writeFile(join(folder, 'whales.md'), '# Whales\n\nWhales are large.');
  await writeFile(join(folder, 'sub', 'crabs.txt'), 'Crabs walk sideways.');
  await writeFile(join(folder, 'large.txt'), `The giant squid begins here.\n\n${'A sentence about the sea. '.repeat(200)}`);
  await writeFile(join(folder, 'broken.pdf'), '%PDF-1.7\nbroken');
  await writeFile(join(folder, 'picture.png'), Uint8Array.of(0x89, 0x50, 0x4e, 0x47, 0, 1));
});
afterAll(async () => {
  await server?.close();
  await place.remove();
  await rm(folder, { recursive: true, force: true });
});

test('without a server, what can be read is there, what cannot says why, and the rest is counted', async () => {
  const { code, stdout } = await quarterdeck(place, ['ingest', folder], { environment: { QUARTERDECK_INGEST_AT_ONCE: '1000' } });
  expect(code).toBe(1);
  expect(stdout).toContain('created docs/sub/crabs.txt\n');
  expect(stdout).toContain('docs: 3 created, 0 replaced, 0 unchanged, 1 refused; left out: 1 hidden, 1 binary.\n');
  expect(stdout).toMatch(/ docs\/broken\.pdf: The PDF cannot be read: .*\. Open it in a viewer/);
});

test('through the server, the same folder changes what has changed', async () => {
  server = await startTestServer({ place, environment: { QUARTERDECK_INGEST_AT_ONCE: '1000' } });
  await writeFile(join(folder, 'whales.md'), '# Whales\n\nWhales are large, and sing.');
  const { code, stdout } = await quarterdeck(place, ['ingest', folder, '--json']);
  expect(code).toBe(1);
  const result = JSON.parse(stdout) as Result;
  expect(result).toMatchObject({ created: 0, replaced: 1, unchanged: 2, refused: 1 });
  expect(result.files).toMatchObject([
    { file: 'docs/broken.pdf', outcome: 'refused', reason: 'damaged' },
    { file: 'docs/large.txt', outcome: 'unchanged' },
    { file: 'docs/sub/crabs.txt', outcome: 'unchanged' },
    { file: 'docs/whales.md', outcome: 'replaced', source_id: expect.any(String) },
  ]);
});

test('on a remote server, with a key, into a project', async () => {
  const url = server?.url ?? '';
  const { key } = await ask<{ key: string }>(place, ['key', 'create', '--name', 'Librarian']);
  const deck = client(url, key);
  await deck.post('/projects', { key: 'SEA', name: 'The sea' });
  await rm(join(folder, 'broken.pdf'));
  const environment = { QUARTERDECK_TOKEN: key };
  const result = await ask<Result>(place, ['ingest', folder, '--url', url, '--project', 'SEA'], { environment });
  expect(result).toMatchObject({ created: 3, refused: 0 });
  const found = await deck.post<{ items: { title: string }[] }>('/search', { query: 'giant squid', project: 'SEA' });
  expect(found.body.items[0]).toMatchObject({ title: 'file:docs/large.txt' });
});

test('a project that is not there ends it', async () => {
  const { code, stderr } = await quarterdeck(place, ['ingest', folder, '--project', 'NOWHERE']);
  expect({ code, stderr }).toEqual({ code: 1, stderr: expect.stringContaining('There is no project NOWHERE') });
});
