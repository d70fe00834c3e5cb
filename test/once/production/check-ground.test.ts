/** Checks of what a server stands on: PostgreSQL, migrations, Redis, settings. Against real ones. */

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { checkAnswers } from '../../../src/production/check/answers.ts';
import { checkClock } from '../../../src/production/check/clock.ts';
import { type DatabaseWishes, checkDatabase } from '../../../src/production/check/database.ts';
import { checkLocks } from '../../../src/production/check/locks.ts';
import { checkRedis } from '../../../src/production/check/redis.ts';
import type { CheckResult } from '../../../src/production/check/result.ts';
import { quarterdeck } from '../../support/quarterdeck.ts';
import { type TestRedis, hasRedis, startRedis } from '../../support/redis.ts';
import { createTestDatabase } from '../../support/postgres.ts';
import { type Place, createPlace } from '../../support/server.ts';

function wrong({ evidence }: CheckResult): string[] {
  return evidence.filter(({ ok }) => ok !== true).map(({ what }) => what);
}

describe('check database', () => {
  let place: Place;
  let url: string;
  beforeAll(async () => {
    place = await createPlace('postgres', createTestDatabase);
    url = place.databaseUrl ?? '';
  });
  afterAll(() => place.remove());

  const wishes: DatabaseWishes = {
    pool: 1,
    replicas: 1,
    surge: 1,
    spare: 1,
    transactionSeconds: 3_600,
    idleSeconds: 3_600,
    lagSeconds: 30,
  };
  const look = (change: Partial<DatabaseWishes> = {}) => checkDatabase(url, 30_000, { ...wishes, ...change });

  test('passes on a quiet one, and measures', async () => {
    expect(await look()).toMatchObject({ outcome: 'passed', measured: { max_connections: 400, standbys: 0 } });
    expect(wrong(await look({ replicas: 100, pool: 10 }))).toEqual(['pool']);
  });

  test('finds a transaction that somebody forgot', async () => {
    const forgetful = new pg.Client({ connectionString: url });
    await forgetful.connect();
    await forgetful.query('begin');
    await forgetful.query('select 1');
    await expect.poll(async () => wrong(await look({ idleSeconds: 0.001 }))).toEqual(['oldest idle in transaction']);
    expect(wrong(await look({ transactionSeconds: 0.001 }))).toEqual(['oldest transaction']);
    await forgetful.end();
  });

  test('finds the session that others wait for, and the very one can be ended', async () => {
    const names = ['holder', 'first', 'second'];
    const clients = names.map((application_name) => new pg.Client({ connectionString: url, application_name }));
    for (const client of clients) {
      client.on('error', () => undefined);
      await client.connect();
    }
    const [holder, ...waiting] = clients;
    await holder?.query('create table if not exists held (id int)');
    await holder?.query('begin; lock table held');
    expect(await checkLocks(url, 30_000, 0)).toMatchObject({ outcome: 'passed', measured: { blocked: 0, blocker: 'none' } });
    const waited = Promise.all(waiting.map((client) => client.query('select count(*) from held')));
    await expect.poll(async () => (await checkLocks(url, 30_000, 0)).measured['blocked']).toBe(2);
    expect((await checkLocks(url, 30_000, 3_600)).outcome).toBe('passed');
    const { outcome, evidence, measured } = await checkLocks(url, 30_000, 0);
    expect([outcome, evidence]).toEqual([
      'failed',
      [expect.objectContaining({ found: expect.stringMatching(/holder.*idle in transaction.*lock table held/) })],
    ]);
    const end = (session: string) => quarterdeck(place, ['database', 'end-session', session, '--json']);
    const [pid] = String(measured['blocker']).split('@');
    expect(JSON.parse((await end(`${pid}@2020-01-01T00:00:00.000000Z`)).stdout)).toMatchObject({ result: 'gone' });
    expect(JSON.parse((await end(String(measured['blocker']))).stdout)).toMatchObject({ result: 'ended' });
    await waited;
    expect((await end('4711')).code).toBe(2);
    await Promise.all(waiting.map((client) => client.end()));
  });

  test('compares its clock with that of the database, and of another server', async () => {
    const early = createServer((_request, response) => response.setHeader('Date', new Date(Date.now() - 3_600_000).toUTCString()).end());
    await once(early.listen(0, '127.0.0.1'), 'listening');
    const address = early.address();
    const against = `http://127.0.0.1:${typeof address === 'object' ? address?.port : 0}`;
    const { signal } = new AbortController();
    const compare = (server?: string) => checkClock({ databaseUrl: url, against: server, timeoutMs: 30_000, signal }, 5_000);
    expect((await compare()).outcome).toBe('passed');
    expect(await compare(against)).toMatchObject({
      outcome: 'failed',
      evidence: [{ ok: true }, { found: expect.stringMatching(/^3[56]\d\d s apart/) }],
    });
    expect((await compare('http://127.0.0.1:9')).outcome).toBe('error');
    early.close();
  });

  test('an address where none answers, or a wrong password, is an error that does not say the password', async () => {
    const wrongPassword = new URL(url);
    wrongPassword.password = 'hidden-password';
    const result = await checkDatabase(wrongPassword.href, 30_000, wishes);
    expect(result).toMatchObject({ outcome: 'error', evidence: [{ found: expect.stringContaining('password authentication failed') }] });
    expect(JSON.stringify(result)).not.toContain('hidden-password');
    expect((await checkDatabase('postgres://deck@127.0.0.1:9/deck', 30_000, wishes)).outcome).toBe('error');
    expect((await checkAnswers(url, 30_000)).outcome).toBe('passed');
    expect((await checkAnswers('postgres://deck@127.0.0.1:9/deck', 30_000)).outcome).toBe('error');
  });

  test('migrations are pending until they were run, and the command for the database reads DATABASE_URL', async () => {
    const before = await quarterdeck(place, ['check', 'migrations']);
    expect(before.code).toBe(1);
    expect(before.stdout).toMatch(/✗ migrations {2}\d+ pending: 0001_roles.*\nfailed/s);
    expect(before.stderr).toMatch(/Run `quarterdeck migrate up`\.\n$/);
    expect((await quarterdeck(place, ['migrate', 'up'])).code).toBe(0);
    expect(await quarterdeck(place, ['check', 'migrations'])).toMatchObject({ code: 0 });
    const database = await quarterdeck(place, ['check', 'database', '--json', '--spare', '0', '--replicas', '2']);
    expect(JSON.parse(database.stdout)).toMatchObject({ check: 'database', outcome: 'passed' });
  });
});

describe('check backup', () => {
  test('finds none in an empty folder, and cannot say where there is no store', async () => {
    const place = { data: mkdtempSync(join(tmpdir(), 'quarterdeck-check-')), databaseUrl: undefined };
    const none = await quarterdeck(place, ['check', 'backup', '--to', place.data, '--json']);
    expect(none.code).toBe(1);
    expect(JSON.parse(none.stdout)).toMatchObject({ outcome: 'failed', evidence: [{ what: 'newest', found: null }] });
    expect((await quarterdeck(place, ['check', 'backup'])).code).toBe(2);
    rmSync(place.data, { recursive: true });
  });
});

describe('check config', () => {
  test('reads a file in place of the environment, and prints no secret', async () => {
    const place = { data: mkdtempSync(join(tmpdir(), 'quarterdeck-check-')), databaseUrl: undefined };
    const file = join(place.data, 'production.env');
    writeFileSync(
      file,
      'QUARTERDECK_HOST=0.0.0.0\nBETTER_AUTH_SECRET=changeme-changeme-changeme-changeme\nQUARTERDECK_URL=https://deck.example.org\n',
    );
    const ran = await quarterdeck(place, ['check', 'config', '--env-from', file, '--json']);
    expect(ran.code).toBe(1);
    const result = JSON.parse(ran.stdout) as CheckResult;
    expect(wrong(result)).toEqual(['BETTER_AUTH_SECRET', 'metrics']);
    expect(ran.stdout).not.toContain('changeme');
    expect((await quarterdeck(place, ['check', 'config'])).code).toBe(0);
    rmSync(place.data, { recursive: true });
  });
});

const redisHere = hasRedis();

describe('check redis', () => {
  let redis: TestRedis;
  beforeAll(async () => {
    if (redisHere) redis = await startRedis();
  });
  afterAll(() => redis?.stop());

  test('passes on a real one, and is an error when it is away', async (context) => {
    context.skip(!redisHere, 'redis-server is not installed');
    expect(await checkRedis(redis.url, 30_000)).toMatchObject({
      outcome: 'passed',
      measured: { version: expect.stringMatching(/^\d/), ms: expect.any(Number) },
    });
    await redis.stop();
    expect(await checkRedis(redis.url, 30_000)).toMatchObject({
      outcome: 'error',
      evidence: [{ found: expect.stringContaining('ECONNREFUSED') }],
    });
  });
});
