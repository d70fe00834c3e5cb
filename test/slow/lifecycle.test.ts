/** The life of a server as its orchestrator sees it: real processes, a database that comes late and goes away, load balancers. */

import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { describe, expect, onTestFinished, test } from 'vitest';
import { startProxy } from '../support/proxy.ts';
import { type Place, client, createPlace, signUp, spawnServer } from '../support/server.ts';
import { sleeping, slowProjects } from '../support/slow.ts';
import { openDatabase } from '../../src/platform/database/open.ts';
import { silentLog, defaultSettings } from '../support/databases.ts';

async function postgres(): Promise<Place> {
  const place = await createPlace('postgres');
  onTestFinished(() => place.remove());
  return place;
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

/** The status of a probe; 0: nobody answers. */
const probe = (url: string, path: string) =>
  client(url)
    .get(path)
    .then(
      ({ status }) => status,
      () => 0,
    );

describe('a database that is not there yet', () => {
  test('is waited for; when it goes away the server says so, and goes on by itself when it is back', async () => {
    const place = await postgres();
    const [port, databasePort] = [await freePort(), await freePort()];
    const url = `http://127.0.0.1:${port}`;
    const databaseUrl = Object.assign(new URL(place.databaseUrl ?? ''), { port: String(databasePort) }).href;
    const starting = spawnServer({ place: { ...place, databaseUrl }, environment: { QUARTERDECK_PORT: String(port) } });
    await expect.poll(() => probe(url, '/health/live'), { timeout: 60_000 }).toBe(200);
    expect([await probe(url, '/health/ready'), await probe(url, '/health'), await probe(url, '/tasks')]).toEqual([503, 503, 503]);

    let proxy = await startProxy(place.databaseUrl ?? '', databasePort);
    const server = await starting;
    onTestFinished(() => server.close());
    expect(server.output.stderr).toContain('"msg":"waiting for the database"');
    await expect.poll(() => probe(url, '/health/ready'), { timeout: 30_000 }).toBe(200);
    const { agent } = await signUp(url);

    await proxy.stop();
    await expect.poll(() => probe(url, '/health/ready'), { timeout: 30_000 }).toBe(503);
    expect(await agent.get('/tasks')).toMatchObject({ status: 503, body: { error: { code: 'unavailable', retryable: true } } });
    expect(await probe(url, '/health/live')).toBe(200);

    proxy = await startProxy(place.databaseUrl ?? '', databasePort);
    onTestFinished(() => proxy.stop());
    await expect.poll(() => probe(url, '/health/ready'), { timeout: 30_000 }).toBe(200);
    expect((await agent.get('/tasks')).status).toBe(200);
  }, 180_000);
});

describe('SIGTERM', () => {
  test('turns ready to 503 first, and only after the delay stops accepting; what is in flight finishes', async () => {
    const place = await postgres();
    const server = await spawnServer({ place, environment: { QUARTERDECK_DRAIN_DELAY_MS: '3000' } });
    onTestFinished(() => server.close());
    const { agent, key } = await signUp(server.url);
    const database = await openDatabase({ settings: { ...defaultSettings(), databaseUrl: place.databaseUrl }, log: silentLog });
    onTestFinished(() => database.close());

    const ended = server.kill('SIGTERM');
    await expect.poll(() => server.output.stderr).toContain('"msg":"stopping"');
    expect(await probe(server.url, '/health/ready')).toBe(503);
    // Whoever was sent here in the meantime is served as before.
    expect((await client(server.url, key).get('/tasks')).status).toBe(200);
    await slowProjects({ database }, 4);
    const inFlight = agent.post('/projects', { key: 'SLOW', name: 'in flight' });
    await expect.poll(() => sleeping({ database })).toBe(1);
    await expect.poll(() => probe(server.url, '/health/live'), { timeout: 30_000 }).toBe(0);
    expect((await inFlight).status).toBe(201);
    expect(await ended).toEqual({ code: 0, signal: null });
  }, 120_000);
});
