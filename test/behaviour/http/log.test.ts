import { tmpdir } from 'node:os';
import { Writable } from 'node:stream';
import { sql } from 'kysely';
import { pino } from 'pino';
import { expect, it, onTestFinished } from 'vitest';
import { readSettings } from '../../../src/platform/config/read.ts';
import { openDatabase, waitForDatabase } from '../../../src/platform/database/open.ts';
import { createLog } from '../../../src/platform/telemetry/log.ts';
import { client, signUp, startTestServer } from '../../support/server.ts';
import { connect } from '../mcp/support/clients.ts';

it('each request is one line with its route, status, time, caller and id, and nothing private', async () => {
  const lines: Record<string, unknown>[] = [];
  const stream = new Writable({
    write(chunk, _encoding, done) {
      lines.push(JSON.parse(String(chunk)) as Record<string, unknown>);
      done();
    },
  });
  const server = await startTestServer({ log: pino({}, stream) });
  onTestFinished(() => server.close());
  expect(lines).toContainEqual(expect.objectContaining({ msg: 'listening', url: server.url }));

  const { agent, key, key_id } = await signUp(server.url);
  await agent.post('/tasks', { title: 'a private title' });
  await client(server.url, key).get('/tasks/ME-1?detail=full', { 'x-request-id': 'mine' });
  const line = () => lines.find(({ request_id }) => request_id === 'mine');
  await expect.poll(line).toBeDefined();
  expect(line()).toMatchObject({
    msg: 'request',
    method: 'GET',
    route: '/tasks/{task_id}',
    status: 200,
    ms: expect.any(Number),
    principal: key_id,
  });
  expect(JSON.stringify(lines)).not.toMatch(/a private title|detail=|ME-1|qd_|password/);
});

it('no secret is logged, at any level and whatever fails', async () => {
  const lines: string[] = [];
  const log = createLog({ logLevel: 'trace' }, { write: (line) => void lines.push(line) });
  const server = await startTestServer({ log });
  onTestFinished(() => server.close());
  const ada = await signUp(server.url);
  const anyone = client(server.url);
  const secrets = [ada.password, ada.key, ada.token];
  const send = (...texts: string[]) => {
    secrets.push(...texts);
    return texts;
  };

  await anyone.post('/api/auth/signin', { email: ada.email, password: ada.password });
  const [wrong = ''] = send('a wrong password 1');
  await anyone.post('/api/auth/signin', { email: ada.email, password: wrong });
  await anyone.post('/api/auth/signup', { email: 'x', password: wrong, extra: wrong });
  const [madeUp = '', forged = '', basic = ''] = send(`qd_${'z'.repeat(43)}`, `${ada.token}x`, 'YTpiLXNlY3JldA==');
  for (const header of [`Bearer ${madeUp}`, `Bearer ${forged}`, `Basic ${basic}`]) await anyone.get('/me', { authorization: header });
  const [code = '', verifier = ''] = send('Zk3J9dLq2Zt8VxWn4Rb7Yc1P', 'v3rifier-that-nobody-knows-0123456789');
  await anyone.get(`/callback?code=${code}&state=x&access_token=${ada.token}`);
  await anyone.post('/oauth2/token', { grant_type: 'authorization_code', code, code_verifier: verifier });
  await ada.agent.post('/mcp', {
    jsonrpc: '2.0',
    id: 1,
    method: 'tools/call',
    params: { name: 'whoami', arguments: { token: ada.token } },
  });
  await ada.person.post('/keys', { name: 'spare', expires_in_days: 'soon', key: madeUp });
  const invited = await ada.person.post<{ invitation: { token: string } }>('/invitations', { email: 'ben@example.com', role: 'member' });
  const [invitation = ''] = send(invited.body.invitation.token);
  await ada.person.post(`/invitations/${invitation}/accept`);

  // A mistake of ours, while all of these are around.
  const [databasePassword = ''] = send('p4ssw0rd-of-the-database');
  const error = new Error(`connect postgres://deck:${databasePassword}@127.0.0.1/deck with ${ada.key} and {"password":"${wrong}"}`);
  log.error({ err: error, headers: { authorization: `Bearer ${ada.token}` }, query: { code } }, `failed with ${ada.token}`);

  await expect.poll(() => lines.filter((line) => line.includes('"msg":"request"')).length).toBeGreaterThan(12);
  const text = lines.join('');
  expect(secrets.filter((secret) => text.includes(secret))).toEqual([]);
  expect(lines.map((line) => JSON.parse(line) as object)).toHaveLength(lines.length);
});

it('a database that cannot be reached is named without its password', async () => {
  const lines: string[] = [];
  const log = createLog({ logLevel: 'trace' }, { write: (line) => void lines.push(line) });
  const { settings } = readSettings({ environment: { DATABASE_URL: 'postgres://deck:hunter2@127.0.0.1:9/deck' }, folder: tmpdir() });
  const database = await openDatabase({ settings, log });
  onTestFinished(() => database.close());
  const stop = new AbortController();
  const waiting = waitForDatabase(database, log, stop.signal).then(() => 'connected', String);
  await expect.poll(() => lines.join('')).toContain('waiting for the database');
  stop.abort();
  expect(`${await waiting} ${lines.join('')}`).toMatch(/127\.0\.0\.1:9\/deck/);
  expect(`${await waiting} ${lines.join('')}`).not.toContain('hunter2');
});

it('a request over MCP says which tool, revision and client it was; a mistake has its stack in the log alone', async () => {
  const lines: Record<string, unknown>[] = [];
  const log = createLog({ logLevel: 'info' }, { write: (line) => void lines.push(JSON.parse(line) as Record<string, unknown>) });
  const server = await startTestServer({ log });
  onTestFinished(() => server.close());
  const ada = await signUp(server.url);
  const agent = await connect('2026-07-28', { url: `${server.url}/mcp`, token: ada.key });
  await agent.callTool('whoami');
  await agent.close();
  const line = () => lines.find(({ operation }) => operation === 'whoami');
  await expect
    .poll(line)
    .toMatchObject({ mcp: 'tools/call', protocol: '2026-07-28', client: 'test', principal: ada.key_id, route: '/mcp' });

  await sql`alter table tasks rename to tasks_gone`.execute(server.platform.database.owner);
  const { status, body } = await ada.agent.get('/tasks', { 'x-request-id': 'broken' });
  expect({ status, body: JSON.stringify(body) }).toMatchObject({
    status: 500,
    body: expect.not.stringMatching(/tasks_gone|relation|at .*\.ts/),
  });
  const bug = lines.find(({ msg }) => msg === 'an operation failed with a bug');
  expect(bug).toMatchObject({
    request_id: 'broken',
    operation: 'list_tasks',
    principal: ada.key_id,
    err: { stack: expect.stringMatching(/\n +at /) },
  });
});
