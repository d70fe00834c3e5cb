/** Limits a minute, as callers meet them. The server counts each replica's own; how counts are shared is tested beside the code. */

import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type TestServer, client, signUp, startTestServer } from '../../support/server.ts';

let server: TestServer;

beforeAll(async () => {
  server = await startTestServer({
    environment: { QUARTERDECK_RATE_LIMIT: '6/3', QUARTERDECK_ADDRESS_LIMIT: '40', QUARTERDECK_TRUST_PROXY: '1' },
  });
});
afterAll(() => server.close());

/** Everybody comes from an address of their own, so that no test uses up the limit of another. */
const from = (address: string) => ({ 'X-Forwarded-For': address });

/** A call over MCP in the form of one era. */
function mcp(key: string, era: 'modern' | 'legacy', method: string, params: Record<string, unknown>) {
  const version = era === 'modern' ? '2026-07-28' : '2025-06-18';
  const name = params['name'];
  const _meta = {
    'io.modelcontextprotocol/protocolVersion': version,
    'io.modelcontextprotocol/clientInfo': { name: 'test', version: '1' },
    'io.modelcontextprotocol/clientCapabilities': {},
  };
  const headers = {
    Accept: 'application/json, text/event-stream',
    'MCP-Protocol-Version': version,
    ...(era === 'modern' ? { 'Mcp-Method': method, ...(typeof name === 'string' ? { 'Mcp-Name': name } : {}) } : {}),
  };
  const message = { jsonrpc: '2.0', id: 7, method, params: era === 'modern' ? { ...params, _meta } : params };
  return client(server.url, key).post<unknown>('/mcp', message, headers);
}

describe('the limit of a credential', () => {
  it('answers 429 over REST with the time to wait, for its reads and its writes apart', async () => {
    const { agent, person } = await signUp(server.url);
    const first = await agent.get('/tasks');
    expect([first.headers.get('ratelimit-policy'), first.headers.get('ratelimit')]).toEqual(['"read";q=6;w=60', '"read";r=5;t=60']);
    const reads = await Promise.all(Array.from({ length: 9 }, () => agent.get('/tasks')));
    expect(reads.filter(({ status }) => status === 200)).toHaveLength(5);
    const refused = reads.find(({ status }) => status === 429);
    const wait = Number(refused?.headers.get('retry-after'));
    expect(wait).toBeGreaterThan(0);
    expect(refused?.body).toEqual({
      error: {
        code: 'rate_limited',
        message: 'This credential has made 6 reads within a minute, which is the limit.',
        retryable: true,
        next: `Wait ${wait} ${wait === 1 ? 'second' : 'seconds'}, then try again.`,
        details: { retry_after_seconds: wait, limit_per_minute: 6 },
      },
    });
    expect((await agent.post('/tasks', { title: 'writes are counted apart' })).status).toBe(201);
    expect((await person.get('/tasks')).status).toBe(200);
  });

  it.each(['modern', 'legacy'] as const)('tells a model over MCP in the %s era, as the error of the tool', async (era) => {
    const { key } = await signUp(server.url);
    const call = () => mcp(key, era, 'tools/call', { name: 'create_project', arguments: { key: 'NOPE!', name: '' } });
    for (let calls = 0; calls < 3; calls += 1) expect((await call()).headers.get('retry-after')).toBeNull();
    const { status, headers, body } = await call();
    expect(status).toBe(200);
    expect(Number(headers.get('retry-after'))).toBeGreaterThan(0);
    expect(JSON.stringify(body)).toMatch(
      /rate_limited: This credential has made 3 writes within a minute, which is the limit\. Wait \d+ seconds?, then try again\./,
    );
    expect(JSON.stringify(body)).toMatch(/isError\\?":true/);
  });

  it.each(['modern', 'legacy'] as const)('counts what is no tool call as a read in the %s era, and answers it with 429', async (era) => {
    const { key, agent } = await signUp(server.url);
    for (const method of ['tools/list', 'resources/list', 'resources/templates/list', 'tools/list', 'tools/list', 'tools/list'])
      expect((await mcp(key, era, method, {})).status).toBe(200);
    const { status, headers, body } = await mcp(key, era, 'tools/list', {});
    expect(status).toBe(429);
    expect(Number(headers.get('retry-after'))).toBeGreaterThan(0);
    expect(body).toMatchObject({ jsonrpc: '2.0', id: 7, error: { code: -32_603, data: { code: 'rate_limited', retryable: true } } });
    expect((await agent.get('/tasks')).status).toBe(429);
  });

  it('counts a call through call_tool as the operation that it calls', async () => {
    const { key, agent } = await signUp(server.url);
    for (let calls = 0; calls < 3; calls += 1)
      await mcp(key, 'legacy', 'tools/call', { name: 'call_tool', arguments: { name: 'create_task', arguments: {} } });
    expect((await agent.post('/tasks', { title: 'one too many' })).status).toBe(429);
    expect((await agent.get('/tasks')).status).toBe(200);
  });

  it('is shown in the metrics', async () => {
    expect((await client(server.url).get<string>('/metrics')).body).toMatch(/quarterdeck_limits_hit_total\{limit="write"\} [1-9]/);
  });
});

describe('the limit of an address', () => {
  it('turns refused credentials into 429, and lets those that are good pass', async () => {
    const { key } = await signUp(server.url);
    const guess = () => client(server.url, `qd_${'x'.repeat(43)}`).get('/me', from('198.51.100.1'));
    const answers = await Promise.all(Array.from({ length: 60 }, guess));
    // One more for each second and a half of a new minute.
    expect(answers.filter(({ status }) => status === 401).length).toBeGreaterThanOrEqual(40);
    const refused = answers.find(({ status }) => status === 429);
    expect(refused?.body).toMatchObject({ error: { code: 'rate_limited', message: expect.stringContaining('from your address') } });
    expect(refused?.headers.get('retry-after')).toMatch(/^\d+$/);
    expect((await client(server.url, key).get('/me', from('198.51.100.1'))).status).toBe(200);
  });

  it('holds for sign-in and OAuth before anything is looked at, and for nobody else', async () => {
    const signIn = (address: string) =>
      client(server.url).post('/api/auth/signin', { email: 'nobody@example.com', password: 'x' }, from(address));
    await expect
      .poll(async () => (await client(server.url, 'wrong').get('/me', from('198.51.100.2'))).status, { interval: 1, timeout: 20_000 })
      .toBe(429);
    expect((await signIn('198.51.100.2')).status).toBe(429);
    const oauth = ['GET authorize', 'POST sign-in', 'POST token', 'POST revoke', 'POST register'];
    for (const [method = '', path = ''] of oauth.map((line) => line.split(' '))) {
      const call = () => client(server.url).request(method, `/oauth2/${path}`, undefined, from('198.51.100.2'));
      // As time goes on another one passes now and then.
      await expect.poll(async () => (await call()).status, { interval: 1, timeout: 20_000 }).toBe(429);
    }
    expect((await signIn('198.51.100.3')).status).toBe(401);
  });
});
