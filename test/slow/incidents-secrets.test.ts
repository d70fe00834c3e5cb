/** The runbooks of people who are refused and of a secret that leaked, against a running release and what really makes it refuse. */

import { once } from 'node:events';
import { createServer } from 'node:http';
import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Incident, authSecret, createIncident } from '../support/incident.ts';
import { type TestUser, signUp } from '../support/server.ts';

let incident: Incident;
let user: TestUser;
/** Somebody whose password nobody has guessed at. */
let signedUpBefore: TestUser;

beforeAll(async () => {
  incident = await createIncident();
  await incident.quarterdeck('migrate', 'up');
  await incident.release.start();
  await incident.deploy('v1');
  user = await signUp(incident.release.url);
  signedUpBefore = await signUp(incident.release.url, 'Grace');
});
afterAll(() => incident.remove());

async function statusOf(credential: string, path = '/me'): Promise<number> {
  return (await fetch(`${incident.release.url}${path}`, { headers: { Authorization: `Bearer ${credential}` } })).status;
}

/** Sends these requests until it is stopped, some twenty a second. */
function keepAsking(path: string, init: RequestInit): () => Promise<void> {
  let stopped = false;
  const asking = (async () => {
    while (!stopped) {
      await fetch(`${incident.release.url}${path}`, init).then((response) => response.arrayBuffer());
      await sleep(50);
    }
  })();
  return async () => {
    stopped = true;
    await asking;
  };
}

const json = { 'Content-Type': 'application/json' };

describe('authentication-failures', () => {
  const look = (inputs: Record<string, string> = {}) =>
    incident.run('authentication-failures', { EVERY: '3s', TIME_FROM: incident.release.url, ...inputs });
  const asPerson = () => keepAsking('/me', { headers: { Authorization: `Bearer ${user.token}` } });

  test('finds nothing wrong when people are let in, and changes nothing', async () => {
    const stop = asPerson();
    const found = await look();
    await stop();
    expect(found).toMatchObject({ exit: 0, cause: 'none', left: [] });
  });

  test('says that the clock is wrong, by a server that knows better', async () => {
    const right = createServer((_request, response) => response.setHeader('Date', new Date(Date.now() + 3_600_000).toUTCString()).end());
    await once(right.listen(0, '127.0.0.1'), 'listening');
    const address = right.address();
    const found = await look({ TIME_FROM: `http://127.0.0.1:${typeof address === 'object' ? address?.port : 0}` });
    right.close();
    expect(found).toMatchObject({ exit: 1, cause: 'clock', left: [] });
  });

  test('says that somebody guesses, and changes nothing', async () => {
    const body = JSON.stringify({ email: user.email, password: 'not that of anybody' });
    const stop = keepAsking('/api/auth/signin', { method: 'POST', headers: json, body });
    const found = await look();
    await stop();
    expect(found).toMatchObject({ exit: 1, cause: 'guessing', left: [] });
  });

  test('goes back from a version with another address in its tokens, once somebody approves', async () => {
    await incident.deploy('moved', '--replicas', '1', '--strategy', 'blue-green', '--env', 'QUARTERDECK_URL=https://elsewhere.example.org');
    const stop = asPerson();
    const waiting = await look();
    expect(waiting).toMatchObject({ exit: 3, cause: 'address', waiting_for: { step: 'rollback' } });
    const ended = await incident.approve(waiting);
    await stop();
    expect(ended).toMatchObject({ exit: 0 });
    expect([(await incident.release.status()).live, await statusOf(user.token)]).toEqual(['v1', 200]);
  });

  test('goes back from a version whose secret does not open the signing keys', async () => {
    await incident.deploy('forgot', '--replicas', '1', '--strategy', 'blue-green', '--env', `BETTER_AUTH_SECRET=${authSecret}-of-another`);
    const { email, password } = signedUpBefore;
    const signIn = async () =>
      (await fetch(`${incident.release.url}/api/auth/signin`, { method: 'POST', headers: json, body: JSON.stringify({ email, password }) }))
        .status;
    await expect.poll(signIn).toBe(503);
    const waiting = await look();
    expect(waiting).toMatchObject({ exit: 3, cause: 'secret', waiting_for: { step: 'rollback' } });
    expect(await incident.approve(waiting)).toMatchObject({ exit: 0 });
    expect(await signIn()).toBe(200);
  });
});

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
