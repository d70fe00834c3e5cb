import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import { sql } from 'kysely';
import { describe, expect, inject, it, onTestFinished } from 'vitest';
import { type Place, type TestServer, client, createPlace, signUp, startTestServer } from '../../support/server.ts';
import { openSocket, parse } from './raw.ts';

async function start(environment: Record<string, string> = {}, place?: Place): Promise<TestServer> {
  const server = await startTestServer({ environment, ...(place === undefined ? {} : { place }) });
  onTestFinished(() => server.close());
  return server;
}

/** Makes every transaction that writes tasks wait, as a slow database would. */
async function slowTasks({ platform }: TestServer, seconds: number): Promise<void> {
  await sql`create function slow() returns trigger language plpgsql as $$ begin perform pg_sleep(${sql.lit(seconds)}); return new; end $$`.execute(
    platform.database.owner,
  );
  await sql`create trigger slow before insert on tasks for each row execute function slow()`.execute(platform.database.owner);
}

describe('starting', () => {
  it('says who has the port when it is one of us', async () => {
    const { port } = await start();
    await expect(start({ QUARTERDECK_PORT: String(port) })).rejects.toThrow(/another Quarterdeck \(version .*--port/);
  });

  it('says that another program has the port, and leaves the data alone', async () => {
    const other = createServer((_, response) => void response.end('hello')).listen(0, '127.0.0.1');
    onTestFinished(() => void other.close());
    await once(other, 'listening');
    const { port } = other.address() as AddressInfo;
    await expect(start({ QUARTERDECK_PORT: String(port) })).rejects.toThrow(
      /Cannot listen on 127\.0\.0\.1 port \d+: another program has it.*--port/,
    );
  });

  it('refuses an address that this machine does not have', async () => {
    await expect(start({ QUARTERDECK_HOST: '192.0.2.1', BETTER_AUTH_SECRET: 'x'.repeat(32) })).rejects.toThrow(/no such address/);
  });

  it('gives tokens the address with the real port as issuer', async () => {
    const server = await start();
    const { token } = await signUp(server.url);
    const [, payload = ''] = token.split('.');
    expect(JSON.parse(Buffer.from(payload, 'base64url').toString())).toMatchObject({ iss: server.url });
    expect(server.port).toBeGreaterThan(0);
  });
});

describe('a private port for metrics', () => {
  it('serves metrics and probes under any name, and nothing else', async () => {
    const free = createServer().listen(0, '127.0.0.1');
    await once(free, 'listening');
    const { port } = free.address() as AddressInfo;
    await new Promise((resolve) => free.close(resolve));
    await start({ QUARTERDECK_METRICS_PORT: String(port) });
    const inside = client(`http://127.0.0.1:${port}`);
    expect((await inside.get('/metrics')).body).toContain('quarterdeck_build_info');
    expect([(await inside.get('/health/ready')).status, (await inside.get('/tasks')).status]).toEqual([200, 404]);
  });
});

describe('stopping', () => {
  it('lets a request in flight finish and refuses new connections', async () => {
    const server = await start();
    const { agent } = await signUp(server.url);
    await slowTasks(server, 1);
    const slow = agent.post('/tasks', { title: 'in flight' });
    await sleep(300);
    const closing = server.close();
    await sleep(100);
    await expect(openSocket(server.url)).rejects.toThrow(/ECONNREFUSED/);
    expect(await slow).toMatchObject({ status: 201 });
    await closing;
  });

  it('is not ready from the moment that it begins', async () => {
    const server = await start();
    const { agent } = await signUp(server.url);
    await slowTasks(server, 1);
    const slow = agent.post('/tasks', { title: 'in flight' });
    // Kept busy with half a request, or the server would close it as idle.
    const socket = await openSocket(server.url);
    socket.write('GET /health/ready HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n');
    await sleep(300);
    const closing = server.close();
    socket.write('\r\n');
    const { status, body } = parse(await text(socket));
    expect({ status, body: JSON.parse(body) }).toEqual({ status: 503, body: { status: 'stopping' } });
    await Promise.all([slow, closing]);
  });

  it('aborts what outlasts the grace, and tells the client to try again', async ({ skip }) => {
    if (inject('databaseKind') === 'embedded') skip('an embedded query cannot be cancelled, so the answer waits for it');
    const server = await start({ QUARTERDECK_SHUTDOWN_GRACE_MS: '200' });
    const { agent } = await signUp(server.url);
    await slowTasks(server, 5);
    const slow = agent.post('/tasks', { title: 'too slow' });
    await sleep(300);
    const started = performance.now();
    await server.close();
    expect(performance.now() - started).toBeLessThan(3_000);
    expect(await slow).toMatchObject({ status: 503, body: { error: { code: 'unavailable', retryable: true } } });
    expect((await slow).headers.get('retry-after')).toBe('1');
  });

  it('can be asked for twice', async () => {
    const server = await start();
    await Promise.all([server.close(), server.close()]);
  });

  it('leaves everything for the next start', async () => {
    const place = await createPlace();
    onTestFinished(() => place.remove());
    const first = await start({}, place);
    const { key } = await signUp(first.url);
    await client(first.url, key).post('/tasks', { title: 'kept' });
    await first.close();
    const second = await start({}, place);
    expect((await client(second.url, key).get('/tasks/ME-1')).body).toMatchObject({ task: { title: 'kept' } });
  });
});

describe('a client that goes away', () => {
  it('ends its query on PostgreSQL', async ({ skip }) => {
    if (inject('databaseKind') === 'embedded') skip('an embedded query cannot be cancelled');
    const server = await start();
    const { key } = await signUp(server.url);
    await slowTasks(server, 8);
    const socket = await openSocket(server.url);
    const body = '{"title":"gone"}';
    socket.write(
      `POST /tasks HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer ${key}\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
    );
    await sleep(500);
    socket.destroy();
    const sleeping = async () => {
      const { rows } = await sql<{
        count: number;
      }>`select count(*) as count from pg_stat_activity where wait_event = 'PgSleep' and datname = current_database()`.execute(
        server.platform.database.owner,
      );
      return Number(rows[0]?.count);
    };
    await expect.poll(sleeping, { timeout: 4_000 }).toBe(0);
    expect((await client(server.url, key).get('/tasks')).body).toMatchObject({ items: [] });
  });
});

describe('a client that dribbles', () => {
  it('is cut off at the request time-out', async () => {
    const server = await start({
      QUARTERDECK_REQUEST_TIMEOUT_MS: '1000',
      QUARTERDECK_POOL_TIMEOUT_MS: '900',
      QUARTERDECK_STATEMENT_TIMEOUT_MS: '900',
      QUARTERDECK_LOCK_TIMEOUT_MS: '500',
    });
    const socket = await openSocket(server.url);
    socket.write('GET /version HTTP/1.1\r\nHost: localhost\r\n');
    const { status, body } = parse(await text(socket));
    expect(status).toBe(408);
    expect(JSON.parse(body).error.message).toContain('did not arrive in time');
  });
});
