/** `doctor`: what it finds while a server runs and while none does, and that it changes nothing. */

import { chmod } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Finding } from '../../src/cli/doctor/finding.ts';
import { type Place, client, createPlace, startTestServer } from '../support/server.ts';
import { quarterdeck } from '../support/quarterdeck.ts';

let place: Place;
beforeAll(async () => void (place = await createPlace()));
afterAll(() => place.remove());

async function examine(
  environment: Record<string, string> = {},
): Promise<{ code: number | null; findings: Finding[]; levels: Record<string, string> }> {
  const { code, stdout } = await quarterdeck(place, ['doctor', '--json'], { environment });
  const { findings } = JSON.parse(stdout) as { findings: Finding[] };
  return { code, findings, levels: Object.fromEntries(findings.map(({ check, level }) => [check, level])) };
}

describe('doctor', () => {
  test('looks at everything while a server runs', async () => {
    const server = await startTestServer({ place });
    const { code, levels, findings } = await examine();
    expect(code).toBe(0);
    expect(levels).toMatchObject({
      settings: 'ok',
      data: 'ok',
      secrets: 'ok',
      server: 'ok',
      database: 'ok',
      migrations: 'ok',
      isolation: 'ok',
    });
    expect(findings.find(({ check }) => check === 'server')?.message).toContain(`at ${server.url}, healthy.`);
    for (const check of ['event loop', 'pool', 'statements', 'credentials', 'leases', 'limits', 'background work'])
      expect(levels).toHaveProperty([check]);
    await server.close();
  });

  test('explains from the numbers of the running server why clients are refused', async () => {
    const server = await startTestServer({ place, environment: { QUARTERDECK_RATE_LIMIT: 'off' } });
    await Promise.all(Array.from({ length: 40 }, () => client(server.url, 'qd_short').get('/me')));
    const finding = async () => (await examine()).findings.find(({ check }) => check === 'credentials');
    await expect.poll(finding, { timeout: 20_000 }).toMatchObject({
      level: 'warning',
      message: expect.stringMatching(/^40 of \d+ requests .*: malformed\.$/),
      fix: expect.stringContaining('no credential'),
    });
    await server.close();
  });

  test('says that the embedding model reads less than a chunk', async () => {
    const environment = {
      QUARTERDECK_EMBEDDING_MODEL: 'compatible:mxbai-embed-large',
      QUARTERDECK_EMBEDDING_MODEL_URL: 'http://127.0.0.1:9/v1',
    };
    const { code, findings } = await examine(environment);
    expect(code).toBe(0);
    expect(findings.find(({ check }) => check === 'embedding model')).toMatchObject({
      level: 'warning',
      fix: expect.stringContaining('QUARTERDECK_CHUNK_TOKENS to 400') as string,
    });
  });

  test('says what of the server does not work, and that the rest does', async () => {
    const environment = {
      QUARTERDECK_CHAT_MODEL: 'compatible:absent',
      QUARTERDECK_CHAT_MODEL_URL: 'http://127.0.0.1:9/v1',
      QUARTERDECK_MODEL_RETRIES: '0',
      QUARTERDECK_MODEL_BREAKER_FAILURES: '1',
    };
    const server = await startTestServer({ place, environment });
    const { signal } = new AbortController();
    await server.platform.models.chat?.generate({ system: '', messages: [{ role: 'user', content: 'a' }], signal }).catch(() => undefined);
    const { findings } = await examine();
    expect(findings.find(({ check }) => check === 'server')).toMatchObject({
      level: 'warning',
      message: expect.stringContaining('degraded'),
      fix: expect.stringMatching(/^The chat model failed several times in a row \(unreachable\)\. It is tried again/),
    });
    await server.close();
  });

  test('finds what others can read, and what is pending, while no server runs, and says how to mend it', async () => {
    const secrets = join(place.data, 'secrets.json');
    await chmod(secrets, 0o644);
    await quarterdeck(place, ['migrate', 'down']);
    const { code, findings } = await examine();
    expect(code).toBe(1);
    expect(findings).toContainEqual({
      check: 'secrets',
      level: 'problem',
      message: expect.stringContaining('can be read by other users'),
      fix: `chmod 600 ${secrets}`,
    });
    expect(findings).toContainEqual(
      expect.objectContaining({ check: 'migrations', level: 'problem', fix: 'Run `quarterdeck migrate up`.' }),
    );
    const { stdout } = await quarterdeck(place, ['doctor']);
    expect(stdout).toMatch(/^problem {2}secrets +\S+ can be read .*\n +→ chmod 600 /m);
    expect(stdout).toMatch(/\n2 problems, \w+ warnings?\n$/);
  });

  test('says what keeps a database from answering', async (context) => {
    context.skip(place.kind === 'embedded', 'the address of a database is PostgreSQL only');
    const { code, findings } = await examine({ DATABASE_URL: 'postgres://deck@127.0.0.1:9/deck' });
    expect(code).toBe(1);
    expect(findings.find(({ check }) => check === 'database')?.message).toMatch(
      /^The database at 127\.0\.0\.1:9\/deck cannot be reached: .*ECONNREFUSED/,
    );
  });

  test('says so when the settings are wrong', async () => {
    const { code, findings } = await examine({ QUARTERDECK_PORT: 'eighty', QUARTERDECK_POOL: '3' });
    expect(code).toBe(1);
    expect(findings.map(({ check, level }) => `${level} ${check}`)).toEqual(['problem settings', 'problem settings']);
  });
});
