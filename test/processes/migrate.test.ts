/** `migrate` and `migrate-data`: up, down, status, and the move from embedded to PostgreSQL. */

import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, inject, test, vi } from 'vitest';
import { createTestDatabase } from '../support/postgres.ts';
import { type Place, client, createPlace, signUp, startTestServer } from '../support/server.ts';
import { ask, quarterdeck } from '../support/quarterdeck.ts';

interface Status {
  applied: { name: string }[];
  pending: string[];
}

let place: Place;
beforeAll(async () => void (place = await createPlace()));
afterAll(() => place.remove());

describe('migrations', () => {
  let applied: Status['applied'];

  test('run up', async () => {
    await ask(place, ['migrate', 'up']);
    const status = await ask<Status>(place, ['migrate', 'status']);
    expect(status.pending).toEqual([]);
    ({ applied } = status);
  });

  test('go down by one and up again', async () => {
    const newest = applied.at(-1)?.name;
    expect(await ask(place, ['migrate', 'down'])).toEqual({ undone: [newest], lost: [] });
    const { stdout } = await quarterdeck(place, ['migrate', 'status']);
    expect(stdout).toMatch(new RegExp(`^${newest} +pending$`, 'm'));
    expect(await ask(place, ['check', 'migrations', '--try'])).toMatchObject({
      outcome: 'passed',
      measured: { condition: 'ready', loses: 'nothing' },
    });
    expect(await ask(place, ['migrate', 'up'])).toEqual({ applied: [newest], ended: [] });
    expect(await ask(place, ['check', 'migrations', '--try'])).toMatchObject({ outcome: 'passed', measured: { condition: 'current' } });
  });

  test('that would delete something go down only when that is said', async () => {
    const server = await startTestServer({ place });
    await signUp(server.url).finally(() => server.close());
    const down = ['migrate', 'down', '--to', '0001_roles'];
    const refused = await quarterdeck(place, down);
    expect(refused).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/would delete .*1 row of auth\.user\b.*nothing was changed.*--lose-data/),
    });
    expect(await ask<Status>(place, ['migrate', 'status'])).toMatchObject({ pending: [] });
    const { lost } = await ask<{ lost: { table: string; rows: number }[] }>(place, [...down, '--lose-data']);
    expect(lost).toContainEqual({ table: 'auth.user', column: null, rows: 1 });
    await ask(place, ['migrate', 'up']);
  });

  test('a misspelt folder is not made into an empty database', async () => {
    const nowhere = { data: place.data, databaseUrl: undefined };
    const { code, stderr } = await quarterdeck(nowhere, ['migrate', 'status', '--data', 'misspelt']);
    expect(code).toBe(1);
    expect(stderr).toMatch(/^quarterdeck migrate status: There is no database in .*misspelt\. Choose the data folder with --data/);
  });
});

describe('migrate-data', () => {
  test('brings everything to PostgreSQL while the server runs, and keys go on there', async (context) => {
    context.skip(inject('databaseKind') === 'postgres', 'the source is the embedded database');
    const target = await createTestDatabase();
    const server = await startTestServer({ place });
    const ada = await signUp(server.url);
    await ada.agent.post('/tasks', { title: 'Move' });
    // As in the documentation: the password is where the user of the server keeps it, and not in the address.
    const { hostname, port, username, password, pathname } = new URL(target.url);
    const passwords = join(place.data, 'pgpass');
    await writeFile(passwords, `${hostname}:${port}:*:${username}:${password}\n`, { mode: 0o600 });
    vi.stubEnv('PGPASSFILE', passwords);
    const to = `postgres://${username}@${hostname}:${port}${pathname}`;
    const result = await ask<{ rows: number; tables: { table: string; rows: number }[] }>(place, ['migrate-data', '--to', to]);
    vi.unstubAllEnvs();
    expect(result.tables).toContainEqual({ table: expect.stringMatching(/\btasks$/), rows: 1 });
    await server.close();
    const moved = await startTestServer({ place: { ...place, kind: 'postgres', databaseUrl: target.url } });
    const tasks = await client(moved.url, ada.key).get<{ items: { id: string }[] }>('/tasks');
    expect(tasks.body.items).toMatchObject([{ id: 'ME-1', title: 'Move' }]);
    const again = await quarterdeck(place, ['migrate-data', '--to', target.url]);
    expect(again.code).toBe(1);
    expect(again.stderr).toMatch(/has its data in PostgreSQL already/);
    await moved.close();
    const filled = await quarterdeck(place, ['migrate-data', '--to', target.url]);
    expect(filled.code).toBe(1);
    expect(filled.stderr).toMatch(/nothing is ever merged\. Copy into an empty database\./);
    await target.drop();
  });
});
