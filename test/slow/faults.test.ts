/** What goes wrong in the life of a server, on purpose: each fault has a clear answer, and nothing that was acknowledged is lost. */

import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { connectSecond } from '../behaviour/mcp/support/clients.ts';
import { startProxy } from '../support/proxy.ts';
import { callback, postForm } from '../support/oauth.ts';
import { hasRedis, startRedis } from '../support/redis.ts';
import { type Place, type SpawnedServer, type TestUser, client, createPlace, signUp, spawnServer } from '../support/server.ts';

let place: Place;
beforeAll(async () => void (place = await createPlace('postgres')));
afterAll(() => place.remove());

async function start(environment: Record<string, string> = {}, databaseUrl = place.databaseUrl): Promise<SpawnedServer> {
  // One database for all, so one secret.
  const secret = { BETTER_AUTH_SECRET: 'the secret of every server on this database' };
  const server = await spawnServer({ place: { ...place, databaseUrl }, environment: { ...secret, ...environment } });
  onTestFinished(() => server.close());
  return server;
}

const ready = (url: string) =>
  client(url)
    .get('/health/ready')
    .then(
      ({ status }) => status,
      () => 0,
    );

interface Written {
  /** Titles whose task was acknowledged with 201. */
  acknowledged: string[];
  /** Codes of the refusals, and whether they may be tried again. */
  refusals: Set<string>;
}

/** Creates tasks one after another until it is told to stop. */
async function write({ agent }: TestUser, worker: number, stop: AbortSignal, written: Written): Promise<void> {
  for (let n = 0; !stop.aborted; n += 1) {
    const title = `task ${worker}.${n}`;
    const { status, body } = await agent.post<{ error?: { code: string; retryable: boolean } }>('/tasks', { title });
    if (status === 201) written.acknowledged.push(title);
    else written.refusals.add(`${status} ${body.error?.code} ${body.error?.retryable ? 'retryable' : 'final'}`);
  }
}

/** Ends every connection of the servers, as PostgreSQL does when it is shut down. */
async function endConnections(): Promise<void> {
  const admin = new pg.Client({ connectionString: place.databaseUrl });
  await admin.connect();
  await admin.query(
    'select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()',
  );
  await admin.end();
}

async function titles({ agent }: TestUser): Promise<Set<string>> {
  const found = new Set<string>();
  for (let cursor: string | null = ''; cursor !== null;) {
    const page: { body: { items: { title: string }[]; next_cursor: string | null } } = await agent.get(
      `/tasks?limit=200${cursor === '' ? '' : `&cursor=${cursor}`}`,
    );
    for (const { title } of page.body.items) found.add(title);
    cursor = page.body.next_cursor;
  }
  return found;
}

describe('PostgreSQL goes away under load and comes back', () => {
  test('callers are told to try again, the server recovers by itself, and nothing acknowledged is lost', async () => {
    let proxy = await startProxy(place.databaseUrl ?? '');
    const { port } = proxy;
    const server = await start({}, proxy.url);
    const user = await signUp(server.url);
    const stop = new AbortController();
    const written: Written = { acknowledged: [], refusals: new Set() };
    const workers = Array.from({ length: 8 }, (_, worker) => write(user, worker, stop.signal, written));
    for (let outage = 0; outage < 3; outage += 1) {
      const before = written.acknowledged.length;
      await expect.poll(() => written.acknowledged.length, { timeout: 60_000 }).toBeGreaterThan(before + 50);
      await endConnections();
      await proxy.stop();
      await expect.poll(() => ready(server.url), { timeout: 60_000 }).toBe(503);
      const form = { grant_type: 'authorization_code', code: 'x', client_id: 'x', redirect_uri: callback, code_verifier: 'x'.repeat(43) };
      expect((await postForm(`${server.url}/oauth2/token`, form)).status).toBe(503);
      proxy = await startProxy(place.databaseUrl ?? '', port);
      await expect.poll(() => ready(server.url), { timeout: 60_000 }).toBe(200);
    }
    stop.abort();
    await Promise.all(workers);
    onTestFinished(() => proxy.stop());
    expect([...written.refusals].filter((refusal) => refusal !== '503 unavailable retryable')).toEqual([]);
    const kept = await titles(user);
    expect(written.acknowledged.filter((title) => !kept.has(title))).toEqual([]);
  });
});

describe('a replica is killed with streams open', () => {
  test('its clients notice, and another replica serves them at once', async () => {
    const shared = { QUARTERDECK_REPLICAS: '2', QUARTERDECK_URL: 'http://127.0.0.1:9' };
    const [one, other] = [await start(shared), await start(shared)];
    const { key } = await signUp(one.url);
    const listening = await connectSecond('2026-07-28', { url: `${one.url}/mcp`, token: key });
    const subscription = await listening.listen({ resourcesListChanged: true });
    const ended = new Promise((resolve) => void subscription.closed.then(resolve, resolve));
    await one.kill('SIGKILL');
    await ended;
    const again = await connectSecond('2026-07-28', { url: `${other.url}/mcp`, token: key });
    onTestFinished(() => again.close());
    const changed = new Promise((resolve) => again.setNotificationHandler('notifications/resources/list_changed', () => resolve(true)));
    await again.listen({ resourcesListChanged: true });
    expect((await client(other.url, key).post('/tasks', { title: 'after the crash' })).status).toBe(201);
    expect(await changed).toBe(true);
  });
});

describe('Redis goes away', () => {
  test('calls go on, health says degraded, and it heals by itself', async ({ skip }) => {
    if (!hasRedis()) skip('there is no redis-server on this machine');
    const redis = await startRedis();
    onTestFinished(() => redis.stop());
    const server = await start({ REDIS_URL: redis.url });
    const { agent } = await signUp(server.url);
    const health = async () => (await client(server.url).get<{ status: string }>('/health')).body.status;
    const callAndLook = async () => {
      expect((await agent.get('/tasks')).status).toBe(200);
      return health();
    };
    await expect.poll(callAndLook, { timeout: 60_000 }).toBe('healthy');
    await redis.stop();
    await expect.poll(callAndLook, { timeout: 60_000 }).toBe('degraded');
    await redis.start();
    await expect.poll(callAndLook, { timeout: 60_000 }).toBe('healthy');
    expect(server.output.stderr.match(/call counts cannot be shared/g)).toHaveLength(1);
  });
});

describe('ten thousand connections that do nothing', () => {
  /** Each is one open file here and one in the server. */
  const wanted = 10_000;

  test('leave the server answering, and are closed after the time for a head', async ({ skip }) => {
    const server = await start();
    const { agent } = await signUp(server.url);
    const sockets: Socket[] = [];
    onTestFinished(() => sockets.forEach((socket) => socket.destroy()));
    while (sockets.length < wanted) {
      const batch = await Promise.all(Array.from({ length: 500 }, () => open(server.url)));
      if (batch.includes(undefined)) skip(`this machine allows only ${sockets.length} connections: raise ulimit -n`);
      sockets.push(...batch.filter((socket) => socket !== undefined));
    }
    const alive = () => sockets.filter(({ closed }) => !closed).length;
    expect((await agent.post('/tasks', { title: 'among ten thousand' })).status).toBe(201);
    expect((await client(server.url).get('/health')).status).toBe(200);
    await expect.poll(alive, { timeout: 120_000 }).toBe(0);
    expect((await agent.get('/tasks')).status).toBe(200);
  });
});

/** undefined: the system allows no more. */
async function open(url: string): Promise<Socket | undefined> {
  const socket = connect(Number(new URL(url).port), '127.0.0.1');
  socket.on('error', () => undefined).resume();
  await Promise.race([once(socket, 'connect').catch(() => undefined), once(socket, 'close').catch(() => undefined)]);
  return socket.destroyed ? undefined : socket;
}

describe('hundreds of connections that drip their requests', () => {
  const each = 200;

  test('keep no honest call from its answer, and are ended when their time is over', async () => {
    const server = await start();
    const [honest, sly] = [await signUp(server.url, 'Ada'), await signUp(server.url, 'Eve')];
    const head = `POST /tasks HTTP/1.1\r\nHost: ${new URL(server.url).host}\r\nAuthorization: Bearer ${sly.key}\r\n`;
    const wholeHead = `${head}Content-Type: application/json\r\nContent-Length: 100000\r\n\r\n{"title":"`;
    const begun = [`${head}X-Slow: `, wholeHead].flatMap((part) => Array.from({ length: each }, () => drip(server.url, part)));
    const drips = await Promise.all(begun);
    let calls = 0;
    for (; drips.some(({ socket }) => !socket.closed); calls += 1) {
      expect((await honest.agent.post('/tasks', { title: `between drips ${calls}` })).status).toBe(201);
      expect((await client(server.url).get('/health')).status).toBe(200);
    }
    expect(calls).toBeGreaterThan(10);
    expect(drips.filter(({ answer }) => !/^HTTP\/1.1 (408|503) /.test(answer())).length).toBe(0);
  });

  /** Sends the beginning, then a letter five times a second. */
  async function drip(url: string, beginning: string): Promise<{ socket: Socket; answer(): string }> {
    const socket = await open(url);
    if (socket === undefined) throw new Error('a connection was refused');
    let answer = '';
    socket.on('data', (chunk: Buffer) => (answer += chunk.toString()));
    socket.write(beginning);
    const timer = setInterval(() => socket.write('a'), 200);
    socket.on('close', () => clearInterval(timer));
    onTestFinished(() => void socket.destroy());
    return { socket, answer: () => answer };
  }
});

describe('a thousand subscriptions', () => {
  test('all hear of a change, and one too many is refused with what to do', async () => {
    const server = await start({ QUARTERDECK_MAX_SUBSCRIPTIONS: '1000' });
    const { agent, key } = await signUp(server.url);
    const streams: AbortController[] = [];
    onTestFinished(() => streams.forEach((stream) => stream.abort()));
    const heard: Promise<string>[] = [];
    while (heard.length < 1_000) {
      const batch = await Promise.all(Array.from({ length: 50 }, () => listen(server.url, key, streams)));
      heard.push(...batch.map(({ next }) => next));
    }
    expect(await (await listen(server.url, key, streams)).first).toContain('this replica serves 1000 event streams already');
    expect((await agent.post('/tasks', { title: 'news' })).status).toBe(201);
    for (const message of await Promise.all(heard)) expect(message).toContain('notifications/resources/list_changed');
  });
});

/** Opens a stream. `first`: the first message; `next`: the first about a list. */
async function listen(url: string, key: string, streams: AbortController[]): Promise<{ first: Promise<string>; next: Promise<string> }> {
  const stream = new AbortController();
  streams.push(stream);
  const _meta = {
    'io.modelcontextprotocol/protocolVersion': '2026-07-28',
    'io.modelcontextprotocol/clientInfo': { name: 'test', version: '1' },
    'io.modelcontextprotocol/clientCapabilities': {},
  };
  const response = await fetch(`${url}/mcp`, {
    method: 'POST',
    signal: stream.signal,
    headers: {
      Authorization: `Bearer ${key}`,
      Accept: 'application/json, text/event-stream',
      'Content-Type': 'application/json',
      'MCP-Protocol-Version': '2026-07-28',
      'Mcp-Method': 'subscriptions/listen',
    },
    body: JSON.stringify({
      jsonrpc: '2.0',
      id: 1,
      method: 'subscriptions/listen',
      params: { notifications: { resourcesListChanged: true }, _meta },
    }),
  });
  const first = Promise.withResolvers<string>();
  const next = Promise.withResolvers<string>();
  void (async () => {
    let text = '';
    for await (const chunk of response.body ?? []) {
      text += Buffer.from(chunk).toString();
      first.resolve(text);
      if (text.includes('list_changed')) next.resolve(text);
    }
  })().catch(() => undefined);
  await first.promise;
  return { first: first.promise, next: next.promise };
}
