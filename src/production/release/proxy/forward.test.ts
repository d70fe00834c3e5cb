/** The proxy on real sockets: what it retries, what it never buffers, what it waits for. */

import { once } from 'node:events';
import { type IncomingMessage, type RequestListener, type Server, createServer, request } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { afterEach, describe, expect, test } from 'vitest';
import { createForwarder } from './forward.ts';
import type { Target } from './table.ts';

const servers: Server[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections();
    server.close();
  }
});

async function listen(server: Server): Promise<number> {
  servers.push(server);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
}

async function target(id: string, handler: RequestListener): Promise<Target> {
  return { id, host: '127.0.0.1', port: await listen(createServer(handler)), healthy: true };
}

/** Nobody listens on the port of a server that is closed. */
async function deadTarget(id: string): Promise<Target> {
  const server = createServer();
  const port = await listen(server);
  server.close();
  return { id, host: '127.0.0.1', port, healthy: true };
}

async function proxyTo(...targets: Target[]) {
  const forwarder = createForwarder(() => 0);
  forwarder.use({ routes: [{ version: 'v1', weight: 100, targets }] });
  const server = createServer(forwarder.request);
  server.on('upgrade', forwarder.upgrade);
  const port = await listen(server);
  return { forwarder, port, url: `http://127.0.0.1:${port}` };
}

const echo: RequestListener = (incoming, outgoing) => void text(incoming).then((body) => outgoing.end(body));

describe('a request that a replica refuses', () => {
  test('goes to the next one, with its body', async () => {
    const { url } = await proxyTo(await deadTarget('dead'), await target('alive', echo));
    const body = 'x'.repeat(300_000);
    for (let count = 0; count < 5; count += 1) expect(await (await fetch(url, { method: 'POST', body })).text()).toBe(body);
  });

  test('is answered 503 when there is no other', async () => {
    const { url, forwarder } = await proxyTo(await deadTarget('dead'));
    const response = await fetch(url, { method: 'POST', body: 'x' });
    expect(response.status).toBe(503);
    expect(response.headers.get('retry-after')).toBe('1');
    expect(await response.json()).toMatchObject({ error: { code: 'no_replica', retryable: true } });
    expect(await forwarder.measures.text()).toContain('quarterdeck_proxy_requests_total{version="none",outcome="unserved"} 1');
  });
});

describe('a request whose replica dies with it', () => {
  const dying: RequestListener = (incoming) => void incoming.resume().on('end', () => incoming.socket.destroy());

  test('is repeated elsewhere when its method is safe', async () => {
    const { url, forwarder } = await proxyTo(await target('dying', dying), await target('alive', echo));
    expect((await fetch(url)).status).toBe(200);
    expect(await forwarder.measures.text()).toContain('quarterdeck_proxy_retries_total{version="v1"} 1');
  });

  test('is answered 502 when it may have been carried out', async () => {
    const { url, forwarder } = await proxyTo(await target('dying', dying), await target('alive', echo));
    const response = await fetch(url, { method: 'POST', body: 'x' });
    expect(response.status).toBe(502);
    expect(await response.json()).toMatchObject({ error: { code: 'replica_lost', next: expect.stringContaining('idempotency key') } });
    expect(await forwarder.measures.text()).toContain('quarterdeck_proxy_requests_total{version="v1",outcome="interrupted"} 1');
  });

  test('in the middle of the answer breaks off for the client too', async () => {
    const half: RequestListener = (_incoming, outgoing) => {
      outgoing.writeHead(200, { 'content-length': '100' }).write('half');
      setImmediate(() => outgoing.socket?.destroy());
    };
    const { url, forwarder } = await proxyTo(await target('half', half));
    const response = await fetch(url);
    await expect(response.text()).rejects.toThrow('terminated');
    await expect.poll(() => forwarder.measures.text()).toContain('outcome="interrupted"} 1');
  });
});

test('a body that is still being sent reaches the replica', async () => {
  const first = Promise.withResolvers<string>();
  const taking: RequestListener = (incoming, outgoing) => {
    incoming.once('data', (chunk: Buffer) => first.resolve(chunk.toString()));
    incoming.on('end', () => outgoing.end('done'));
  };
  const { port } = await proxyTo(await target('taking', taking));
  const sent = request({ port, host: '127.0.0.1', method: 'POST' });
  sent.write('first');
  expect(await first.promise).toBe('first');
  sent.end('last');
  const [answer] = (await once(sent, 'response')) as [IncomingMessage];
  expect(await text(answer)).toBe('done');
});

test('the client is named to the replica after those that forwarded it before', async () => {
  const seen = Promise.withResolvers<IncomingMessage['headers']>();
  const looking: RequestListener = (incoming, outgoing) => {
    seen.resolve(incoming.headers);
    outgoing.end();
  };
  const { url } = await proxyTo(await target('looking', looking));
  await fetch(url, { headers: { 'x-forwarded-for': '203.0.113.9' } });
  expect(await seen.promise).toMatchObject({ 'x-forwarded-for': '203.0.113.9, 127.0.0.1', 'x-forwarded-proto': 'http' });
});

describe('an MCP session', () => {
  test('stays with the replica where it began', async () => {
    const named =
      (id: string): RequestListener =>
      (incoming, outgoing) => {
        if (incoming.headers['mcp-session-id'] === undefined) outgoing.setHeader('Mcp-Session-Id', `session-of-${id}`);
        outgoing.end(id);
      };
    let draw = 0;
    const targets = [await target('a', named('a')), await target('b', named('b'))];
    const forwarder = createForwarder(() => draw);
    forwarder.use({ routes: [{ version: 'v1', weight: 100, targets }] });
    const url = `http://127.0.0.1:${await listen(createServer(forwarder.request))}`;
    draw = 0.9;
    const session = (await fetch(url, { method: 'POST' })).headers.get('mcp-session-id') ?? '';
    expect(session).toBe('session-of-b');
    draw = 0;
    expect(await (await fetch(url, { method: 'POST', headers: { 'mcp-session-id': session } })).text()).toBe('b');
    await fetch(url, { method: 'DELETE', headers: { 'mcp-session-id': session } });
    expect(await (await fetch(url, { method: 'POST', headers: { 'mcp-session-id': session } })).text()).toBe('a');
  });
});

describe('an event stream', () => {
  const streaming: RequestListener = (incoming, outgoing) => {
    outgoing.writeHead(200, { 'content-type': 'text/event-stream' });
    outgoing.write('data: first\n\n');
    incoming.resume();
    if (incoming.method === 'POST' && incoming.headers['mcp-method'] !== 'subscriptions/listen')
      setTimeout(() => outgoing.end('data: last\n\n'), 300);
  };

  test('arrives event by event', async () => {
    const { url } = await proxyTo(await target('a', streaming));
    const { body } = await fetch(url);
    const { value } = (await body?.getReader().read()) ?? {};
    expect(new TextDecoder().decode(value)).toBe('data: first\n\n');
  });

  test.each([
    ['of GET', { method: 'GET' }],
    ['of a subscription', { method: 'POST', headers: { 'mcp-method': 'subscriptions/listen' } }],
  ])('%s is ended whole when its replica goes', async (_of, init) => {
    const { url, forwarder } = await proxyTo(await target('a', streaming));
    const response = await fetch(url, init);
    const drained = forwarder.exchanges.drain(new Set(['a']), 5_000);
    expect(await response.text()).toBe('data: first\n\n');
    expect(await drained).toEqual({ finished: 0, cut: 0, streams: 1 });
  });

  test('keeps no request from the replica that has it', async () => {
    const either: RequestListener = (incoming, outgoing) =>
      incoming.url === '/stream' ? streaming(incoming, outgoing) : void outgoing.end('a');
    const { url, forwarder } = await proxyTo(await target('a', either), await target('b', echo));
    const stream = await fetch(`${url}/stream`);
    expect(await (await fetch(url)).text()).toBe('a');
    await stream.body?.cancel();
    await expect.poll(() => forwarder.exchanges.inFlight('a')).toBe(0);
    expect(forwarder.exchanges.waiting('a')).toBe(0);
  });

  test('that answers a call is waited for', async () => {
    const { url, forwarder } = await proxyTo(await target('a', streaming));
    const response = await fetch(url, { method: 'POST', body: '{}' });
    const drained = forwarder.exchanges.drain(new Set(['a']), 5_000);
    expect(await response.text()).toBe('data: first\n\ndata: last\n\n');
    expect(await drained).toEqual({ finished: 1, cut: 0, streams: 0 });
  });
});

test('what is in flight for too long is cut when its replica goes', async () => {
  const { url, forwarder } = await proxyTo(await target('a', () => undefined));
  const hanging = fetch(url);
  await expect.poll(() => forwarder.exchanges.inFlight('a')).toBe(1);
  expect(await forwarder.exchanges.drain(new Set(['a']), 50)).toEqual({ finished: 0, cut: 1, streams: 0 });
  await expect(hanging).rejects.toThrow('fetch failed');
});

test('a WebSocket carries bytes both ways, and nobody waits for it', async () => {
  const server = createServer();
  server.on('upgrade', (_incoming, socket) => {
    socket.write('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n');
    socket.pipe(socket);
  });
  const { port, forwarder } = await proxyTo(await deadTarget('dead'), {
    id: 'a',
    host: '127.0.0.1',
    port: await listen(server),
    healthy: true,
  });
  const socket = connect(port, '127.0.0.1');
  socket.write('GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n');
  let seen = '';
  socket.on('data', (chunk: Buffer) => void (seen += chunk.toString()));
  await expect.poll(() => seen).toContain('101 Switching Protocols');
  socket.write('hello');
  await expect.poll(() => seen).toContain('hello');
  expect(forwarder.exchanges.inFlight('a')).toBe(1);
  expect(await forwarder.exchanges.drain(new Set(['a']), 5_000)).toEqual({ finished: 0, cut: 0, streams: 0 });
  socket.destroy();
  await expect.poll(() => forwarder.exchanges.inFlight('a')).toBe(0);
});

test('a client that goes away is no error of the version', async () => {
  const { url, forwarder } = await proxyTo(await target('a', () => undefined));
  const controller = new AbortController();
  const gone = fetch(url, { signal: controller.signal });
  await expect.poll(() => forwarder.exchanges.inFlight('a')).toBe(1);
  controller.abort();
  await expect(gone).rejects.toThrow('aborted');
  await expect.poll(() => forwarder.measures.text()).toContain('outcome="left"} 1');
});
