import { mkdir, rename, stat } from 'node:fs/promises';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { readSettings } from '../../../src/platform/config/read.ts';
import { createLog } from '../../../src/platform/telemetry/log.ts';
import { findServer, openStdioSession, runCommand } from '../../../src/server/attach.ts';
import { findSocket } from '../../../src/system/socket.ts';
import { createTestDatabase } from '../../support/postgres.ts';
import { type Place, type TestServer, client, createPlace, startTestServer } from '../../support/server.ts';

const log = createLog({ logLevel: 'silent' });

async function startOn(place: Place): Promise<TestServer> {
  const server = await startTestServer({ place });
  onTestFinished(() => server.close());
  return server;
}

async function freshPlace(): Promise<Place> {
  const place = await createPlace();
  onTestFinished(() => place.remove());
  return place;
}

/** The settings with which a user would call the command line on this data. */
function settingsOf({ data, databaseUrl }: Place) {
  return readSettings({ environment: { QUARTERDECK_DATA: data, DATABASE_URL: databaseUrl }, folder: data });
}

function run(place: Place, name: string, input: unknown = {}): Promise<unknown> {
  return runCommand({ effective: settingsOf(place), log, name, input });
}

const ada = { email: 'ada@example.org', password: 'correct horse battery' };
const bob = { ...ada, email: 'bob@example.org' };

describe('while a server runs', () => {
  let place: Place;
  let server: TestServer;

  beforeAll(async () => {
    place = await createPlace();
    server = await startTestServer({ place });
  });

  afterAll(async () => {
    await server.close();
    await place.remove();
  });

  it('commands before the first account say what to do', async () => {
    await expect(run(place, 'key create', { name: 'robot' })).rejects.toMatchObject({
      code: 'not_found',
      next: expect.stringContaining('user create'),
    });
  });

  it('commands make accounts and keys that work at once', async () => {
    expect(await run(place, 'user create', { ...ada, name: 'Ada' })).toMatchObject({ user: { email: ada.email, operator: true } });
    const made = (await run(place, 'key create', { name: 'robot', scopes: ['tasks:read'] })) as { id: string; key: string };
    expect(await run(place, 'key list')).toMatchObject({ keys: [{ id: made.id, name: 'robot', scopes: ['tasks:read'] }] });
    expect(JSON.stringify(await run(place, 'key list'))).not.toContain(made.key);
    const rotated = (await run(place, 'key rotate', { key_id: made.id })) as { key: string };
    expect(rotated.key).not.toBe(made.key);
    const status = async () => (await client(server.url, rotated.key).get('/tasks')).status;
    expect(await status()).toBe(200);
    await run(place, 'key revoke', { key_id: made.id, user: ada.email });
    await expect.poll(status, { timeout: 6_000 }).toBe(401);
  });

  it('commands close accounts', async () => {
    await run(place, 'user create', bob);
    expect((await client(server.url).post('/api/auth/signin', bob)).status).toBe(200);
    await run(place, 'user disable', { email: bob.email });
    expect((await client(server.url).post('/api/auth/signin', bob)).status).toBe(401);
    expect(await run(place, 'user list')).toMatchObject({ users: [{ disabled: false }, { email: bob.email, disabled: true }] });
  });

  it('wrong input is refused as everywhere', async () => {
    await expect(run(place, 'user create', { ...ada, password: 'short' })).rejects.toMatchObject({ code: 'invalid_input' });
    await expect(run(place, 'user create', { mail: 'x' })).rejects.toThrow('mail: there is no such field');
  });

  it('its socket tells who runs, and is for this user alone', async () => {
    expect(await findServer(settingsOf(place).settings)).toMatchObject({ pid: process.pid, url: server.url, database: place.kind });
    expect((await stat(join(place.data, 'control.sock'))).mode & 0o777).toBe(0o600);
  });

  it('stdio clients reach it with MCP', async ({ skip }) => {
    if (place.kind === 'postgres') skip('with PostgreSQL, stdio opens the database itself');
    const socket = await openStdioSession(settingsOf(place).settings, {});
    if (socket === undefined) throw new Error('no session');
    const params = { protocolVersion: '2025-06-18', capabilities: {}, clientInfo: { name: 'test', version: '1' } };
    socket.write(`${JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'initialize', params })}\n`);
    const [line] = (await once(socket, 'data')) as [Buffer];
    expect(JSON.parse(line.toString())).toMatchObject({ id: 1, result: { serverInfo: { name: 'quarterdeck' } } });
    socket.end();
    await expect(openStdioSession(settingsOf(place).settings, { user: 'nobody@example.org' })).rejects.toThrow(/account/);
  });

  it('everything is copied to PostgreSQL, with progress', async ({ skip }) => {
    if (place.kind === 'postgres') skip('the data is in PostgreSQL already');
    const target = await createTestDatabase();
    onTestFinished(() => target.drop());
    const steps: string[] = [];
    const onProgress = ({ message }: { message: string }) => void steps.push(message);
    const copied = await runCommand({ effective: settingsOf(place), log, name: 'migrate data', input: { to: target.url }, onProgress });
    expect(copied).toMatchObject({ rows: expect.any(Number), tables: expect.arrayContaining([expect.objectContaining({ rows: 2 })]) });
    expect(steps.length).toBeGreaterThan(0);
    const moved = await startTestServer({
      place: { ...place, kind: 'postgres', databaseUrl: target.url },
    });
    onTestFinished(() => moved.close());
    expect((await client(moved.url).post('/api/auth/signin', ada)).status).toBe(200);
  });

  it('migrations are not undone under it', async ({ skip }) => {
    if (place.kind === 'postgres') skip('with PostgreSQL, the command opens the database itself');
    await expect(run(place, 'migrate down')).rejects.toMatchObject({ code: 'conflict' });
    expect(await run(place, 'doctor facts')).toMatchObject({ serving: true, database: { kind: 'embedded' }, migrations: { pending: [] } });
  });
});

describe('without a server', () => {
  it('commands open the data themselves', async () => {
    const place = await freshPlace();
    await run(place, 'migrate up');
    await run(place, 'user create', ada);
    const { key } = (await run(place, 'key create', { name: 'robot' })) as { key: string };
    const { url } = await startOn(place);
    expect((await client(url, key).get('/tasks')).status).toBe(200);
  });

  it('commands on a database that is not migrated say what to run', async () => {
    const place = await freshPlace();
    await run(place, 'migrate up');
    await run(place, 'migrate down', { steps: 1 });
    await expect(run(place, 'user list')).rejects.toThrow(/pending.*quarterdeck migrate up/);
    expect(await run(place, 'migrate status')).toMatchObject({ pending: [expect.any(String)] });
  });

  it('there is none to find, and no session to open', async () => {
    const { settings } = settingsOf(await freshPlace());
    expect([await findServer(settings), await openStdioSession(settings, {})]).toEqual([undefined, undefined]);
  });
});

describe('the control socket', () => {
  it('is not needed by a second server on PostgreSQL', async ({ skip }) => {
    const place = await freshPlace();
    if (place.kind === 'embedded') skip('the embedded database serves one process');
    const [first, second] = [await startOn(place), await startOn(place)];
    expect((await client(second.url).get('/health')).status).toBe(200);
    expect(await findServer(settingsOf(place).settings)).toMatchObject({ url: first.url });
  });

  it('is taken away at the end', async () => {
    const place = await freshPlace();
    const server = await startTestServer({ place });
    await server.close();
    expect(existsSync(join(place.data, 'control.sock'))).toBe(false);
  });

  it('left by a server that was killed is replaced', async () => {
    const place = await freshPlace();
    const path = join(place.data, 'control.sock');
    const dead = createServer().listen(path);
    await once(dead, 'listening');
    // A socket file without a listener, as SIGKILL leaves it: closing by the handle alone does not unlink a renamed file.
    await rename(path, `${path}.kept`);
    await new Promise((resolve) => dead.close(resolve));
    await rename(`${path}.kept`, path);
    await startOn(place);
    expect(await findServer(settingsOf(place).settings)).toBeDefined();
  });

  it('of a folder with a long name is elsewhere, private, and found', async () => {
    const place = await freshPlace();
    const data = join(place.data, 'long'.repeat(30));
    await mkdir(data, { recursive: true });
    const far = { ...place, data };
    const server = await startTestServer({ place: far });
    const socket = findSocket(data, 'control') ?? '';
    expect(socket).not.toContain('longlong');
    expect((await stat(join(socket, '..'))).mode & 0o777).toBe(0o700);
    expect(await findServer(settingsOf(far).settings)).toMatchObject({ url: server.url });
    await server.close();
    expect([existsSync(socket), existsSync(join(data, 'control.json'))]).toEqual([false, false]);
  });

  it('ends its sessions with the server', async ({ skip }) => {
    const place = await freshPlace();
    if (place.kind === 'postgres') skip('with PostgreSQL, stdio opens the database itself');
    const server = await startTestServer({ place });
    await run(place, 'user create', ada);
    const socket = await openStdioSession(settingsOf(place).settings, {});
    const closed = once(socket ?? process, 'close');
    socket?.resume();
    await server.close();
    await closed;
  });
});
