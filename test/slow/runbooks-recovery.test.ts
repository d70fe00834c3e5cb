/** The runbooks of backups, run against a real PostgreSQL 15 and a server at work: preflight, backup, drill, restore. */

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { placeOn, fill } from '../support/backup.ts';
import { type Postgres15, startPostgres15, withoutPostgres15 } from '../support/postgres-15.ts';
import { type Workshop, createWorkshop } from '../support/runbook.ts';
import { type Place, type TestServer, type TestUser, startTestServer } from '../support/server.ts';

let cluster: Postgres15;
let place: Place;
let user: TestUser;
let server: TestServer;
let workshop: Workshop;
let store: string;

beforeAll(async () => {
  if (withoutPostgres15 !== undefined) return;
  cluster = await startPostgres15();
  place = await placeOn(cluster);
  user = await fill(place);
  server = await startTestServer({ place });
  workshop = createWorkshop();
  store = join(workshop.folder, 'backups');
});
afterAll(async () => {
  if (withoutPostgres15 !== undefined) return;
  await server.close();
  await place.remove();
  await workshop.remove();
  await cluster.stop();
});
beforeEach(({ skip }) => skip(withoutPostgres15 !== undefined, withoutPostgres15));

const file = (name: string): string => join(import.meta.dirname, `../../runbooks/${name}.md`);

const environment = (): Record<string, string> => ({ DATABASE_URL: place.databaseUrl ?? '', QUARTERDECK_DATA: place.data });

function run(name: string, ...inputs: string[]) {
  const words = [`STORE=${store}`, ...inputs].flatMap((input) => ['--input', input]);
  return workshop.last(['run', file(name), ...words, '--yes', '--by', 'ada'], { environment: environment() });
}

interface Shown {
  hash: string;
  outcome: string;
  waiting_for: { step: string } | null;
}

// One life of a database: each test goes on where the one before has ended.
describe('the runbooks', () => {
  test('preflight says what is not ready, with evidence', async () => {
    const settings = join(workshop.folder, 'service.env');
    writeFileSync(settings, 'QUARTERDECK_HOST=0.0.0.0\nBETTER_AUTH_SECRET=change-me-change-me-change-me-change-me\n');
    expect(await run('preflight', `ENV_FILE=${settings}`)).toMatchObject({ exit: 1, outcome: 'failed' });
  });

  test('backup makes one, restores it, and says that it is verified', async () => {
    expect(await run('backup', 'PRUNE=yes')).toMatchObject({ exit: 0, outcome: 'passed' });
  });

  test('preflight passes once there is a verified backup and the settings are good', async () => {
    const settings = join(workshop.folder, 'service.env');
    writeFileSync(settings, `DATABASE_URL=${place.databaseUrl}\nBETTER_AUTH_SECRET=${'0f4c9a1be27d5386'.repeat(3)}x\n`);
    expect(await run('preflight', `ENV_FILE=${settings}`)).toMatchObject({ exit: 0, outcome: 'passed' });
  });

  test('drill brings it back somewhere else, and writes down how long it took', async () => {
    expect(await run('drill', `LEDGER=${join(workshop.folder, 'drills.jsonl')}`)).toMatchObject({ exit: 0, outcome: 'passed' });
    expect(JSON.parse(workshop.read('drills.jsonl'))).toMatchObject({ passed: true, rto_seconds: expect.any(Number) });
  });

  test('restore waits for the owner before the switch, and the service is back with what the backup held', async () => {
    const headers = { Authorization: `Bearer ${user.key}`, 'Content-Type': 'application/json' };
    const written = await fetch(`${server.url}/tasks`, {
      method: 'POST',
      headers,
      body: JSON.stringify({ title: 'written after the backup' }),
    });
    expect(written.status).toBe(201);
    const begun = await run('restore', 'INTO=restored_today', `BASE_URL=${server.url}`);
    expect(begun).toMatchObject({ exit: 3, waiting_for: { step: 'switch' } });
    const { stdout } = await workshop.runbook(['show', begun.run, '--json']);
    const { hash } = JSON.parse(stdout) as Shown;
    expect(await workshop.runbook(['approve', begun.run, '--by', 'grace', '--hash', hash])).toMatchObject({ code: 0, stderr: '' });
    expect(await workshop.last(['resume', begun.run, '--yes', '--by', 'ada'], { environment: environment() })).toMatchObject({
      exit: 0,
      outcome: 'passed',
    });
    const listed = await fetch(`${server.url}/tasks?project=ME`, { headers });
    const { items } = (await listed.json()) as { items: { title: string }[] };
    expect(items.map(({ title }) => title)).toEqual(['personal']);
  });
});
