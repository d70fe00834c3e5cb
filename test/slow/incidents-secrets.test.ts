/** The runbook of a secret that leaked, against a running release: what leaked is refused, what is new is taken, and people are served. */

import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Incident, authSecret, createIncident } from '../support/incident.ts';
import { type TestUser, signUp } from '../support/server.ts';

let incident: Incident;
let user: TestUser;

beforeAll(async () => {
  incident = await createIncident();
  await incident.quarterdeck('migrate', 'up');
  await incident.release.start();
  await incident.deploy('v1');
  user = await signUp(incident.release.url);
});
afterAll(() => incident.remove());

async function statusOf(credential: string, path = '/me'): Promise<number> {
  return (await fetch(`${incident.release.url}${path}`, { headers: { Authorization: `Bearer ${credential}` } })).status;
}

describe('leaked-secret', () => {
  const look = (secret: string, inputs: Record<string, string>, environment: Record<string, string>) =>
    incident.run(
      'leaked-secret',
      { SECRET: secret, BASE_URL: incident.release.url, ...inputs },
      { environment: { QUARTERDECK_DATA: incident.release.folder, BETTER_AUTH_SECRET: authSecret, ...environment } },
    );

  test('gives an API key a new secret, proves that the old one is refused, and prints neither', async () => {
    const file = join(incident.release.folder, 'new.key');
    const inputs = { KEY: user.key_id, OWNER: user.email, NEW_FILE: file };
    const found = await look('api-key', inputs, { LEAKED: user.key });
    expect(found).toMatchObject({ exit: 0, cause: 'api-key' });
    const key = readFileSync(file, 'utf8').trim();
    expect([statSync(file).mode & 0o777, await statusOf(user.key), await statusOf(key)]).toEqual([0o600, 401, 200]);
    const { stdout } = await incident.workshop.runbook(['report', found.run, '--format', 'json']);
    expect(stdout).not.toContain(user.key);
    expect(stdout).not.toContain(key);
    // Run again, there is nothing left to do.
    expect(await look('api-key', inputs, { LEAKED: user.key })).toMatchObject({ exit: 0, cause: 'dead', left: [] });
    expect(readFileSync(file, 'utf8').trim()).toBe(key);
  });

  test('withdraws signing keys once the owner approves, and a token of before is refused', async () => {
    const environment = { LEAKED: user.token };
    const waiting = await look('signing-key', {}, environment);
    expect(waiting).toMatchObject({ exit: 3, cause: 'signing-key', waiting_for: { step: 'rotate-signing' } });
    expect(await statusOf(user.token)).toBe(200);
    const own = { QUARTERDECK_DATA: incident.release.folder, BETTER_AUTH_SECRET: authSecret };
    expect(await incident.approve(waiting, { environment: { ...own, ...environment } })).toMatchObject({ exit: 0 });
    expect(await statusOf(user.token)).toBe(401);
  });

  test('changes the password of the database, releases with the new one, and ends what was open with the old one', async () => {
    const { release, databaseUrl, environmentFile, serve } = incident;
    const thief = new pg.Client({ connectionString: databaseUrl, application_name: 'thief' });
    thief.on('error', () => undefined);
    await thief.connect();
    const changed = new URL(databaseUrl);
    changed.password = 'n3w-and-l0ng-enough-for-anybody';
    const file = join(release.folder, 'new.env');
    writeFileSync(file, readFileSync(environmentFile, 'utf8').replace(databaseUrl, changed.href));
    const environment = { NEW_DATABASE_URL: changed.href };
    const waiting = await look('database-password', { ENV_FILE: file, COMMAND: serve, VERSION: 'v1-rotated', REPLICAS: '1' }, environment);
    expect(waiting).toMatchObject({ exit: 3, cause: 'database-password', waiting_for: { step: 'set-password' } });
    expect(await incident.approve(waiting, { environment })).toMatchObject({ exit: 0 });
    await expect(thief.query('select 1')).rejects.toThrow(/terminat|not queryable/);
    await expect(new pg.Client({ connectionString: databaseUrl }).connect()).rejects.toThrow(/password authentication failed/);
    expect(await release.status()).toMatchObject({ live: 'v1-rotated' });
    expect((await fetch(`${release.url}/health/ready`)).status).toBe(200);
  });
});
