/** Clients that hold what they do not use: half a request, an answer that they do not take, connections without a request. */

import type { Socket } from 'node:net';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { type TestServer, client, signUp, startTestServer } from '../../support/server.ts';
import { openSocket, parse } from '../http/raw.ts';

let server: TestServer;

beforeAll(async () => {
  server = await startTestServer({
    environment: {
      QUARTERDECK_REQUEST_TIMEOUT_MS: '1500',
      QUARTERDECK_STATEMENT_TIMEOUT_MS: '1200',
      QUARTERDECK_LOCK_TIMEOUT_MS: '1000',
      QUARTERDECK_POOL_TIMEOUT_MS: '1000',
      QUARTERDECK_MAX_CONNECTIONS: '20',
    },
  });
});
afterAll(() => server.close());

async function open(): Promise<Socket> {
  const socket = await openSocket(server.url);
  onTestFinished(() => void socket.destroy());
  return socket.on('error', () => undefined);
}

describe('a client that is slow', () => {
  it('with the body gets 408 at the request time-out, however long it goes on dribbling', async () => {
    const { key } = await signUp(server.url);
    const socket = await open();
    const head = [
      'POST /tasks HTTP/1.1',
      'Host: localhost',
      `Authorization: Bearer ${key}`,
      'Content-Type: application/json',
      'Content-Length: 1000',
    ];
    socket.write(`${head.join('\r\n')}\r\n\r\n{"title":"`);
    const dribble = setInterval(() => void socket.write('x'), 100);
    const answer = await text(socket).finally(() => clearInterval(dribble));
    expect(parse(answer).status).toSatisfy((status: number) => status === 408 || status === 503);
  });

  it('to take its answer is cut off', async () => {
    const socket = await open();
    socket.pause();
    // More than the buffers of the network between the two can hold.
    socket.write('GET /openapi.json HTTP/1.1\r\nHost: localhost\r\n\r\n'.repeat(400));
    const closed = new Promise((resolve) => socket.once('close', resolve));
    const push = setInterval(() => void socket.write('GET /version HTTP/1.1\r\nHost: localhost\r\n\r\n'), 200);
    await closed.finally(() => clearInterval(push));
    expect((await client(server.url).get('/health')).status).toBe(200);
  });
});

describe('more connections than there may be', () => {
  it('are closed, and idle ones make room for the next', async () => {
    const sockets = await Promise.all(Array.from({ length: 30 }, open));
    for (const socket of sockets) socket.resume().write('GET /version HTTP/1.1\r\nHost: localhost\r\n\r\n');
    await expect
      .poll(() => sockets.filter(({ closed, destroyed }) => closed || destroyed).length, { timeout: 10_000 })
      .toBeGreaterThanOrEqual(10);
    await expect
      .poll(
        () =>
          client(server.url)
            .get('/health')
            .then(
              ({ status }) => status,
              () => 0,
            ),
        { timeout: 10_000 },
      )
      .toBe(200);
    expect((await client(server.url).get<string>('/metrics')).body).toMatch(/quarterdeck_limits_hit_total\{limit="connections"\} [1-9]/);
  });
});
