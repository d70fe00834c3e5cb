/** What the metrics count, read as a scraper reads them, and how many series a hostile caller can make. */

import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Sample, scrape, sumOf } from '../../support/prometheus.ts';
import { type TestServer, type TestUser, client, signUp, startTestServer } from '../../support/server.ts';
import { connect } from '../mcp/support/clients.ts';

let server: TestServer;
let ada: TestUser;

beforeAll(async () => {
  server = await startTestServer({
    environment: { QUARTERDECK_LEASE_SECONDS: '1', QUARTERDECK_SWEEP_MS: '100', QUARTERDECK_RATE_LIMIT: 'off' },
  });
  ada = await signUp(server.url);
});
afterAll(() => server.close());

/** How much these calls added; a request is counted when its connection has seen the end of the answer, so the caller polls. */
async function since(before: Sample[], name: string, labels: Record<string, string>): Promise<number> {
  return sumOf(await scrape(server.url), name, labels) - sumOf(before, name, labels);
}

test('the life of a claim', async () => {
  const before = await scrape(server.url);
  const claims = (event: string) => since(before, 'quarterdeck_claims_total', { event });
  for (const title of ['finished', 'run out']) await ada.agent.post('/tasks', { title });
  const { claim, task } = (
    await ada.agent.post<{ claim: { fence: number }; task: { id: string } }>('/queue/claim', { project: 'ME', lease_seconds: 600 })
  ).body;
  await ada.agent.post('/queue/renew', { task_id: task.id, fence: claim.fence, lease_seconds: 600 });
  expect((await ada.agent.post('/queue/finish', { task_id: task.id, fence: claim.fence + 1 })).status).toBe(409);
  await ada.agent.post('/queue/finish', { task_id: task.id, fence: claim.fence });
  await ada.agent.post('/queue/claim', { project: 'ME' });
  await expect.poll(() => claims('expired'), { timeout: 20_000 }).toBe(1);
  expect([await claims('taken'), await claims('renewed'), await claims('finished'), await claims('stale')]).toEqual([2, 1, 1, 1]);
  expect(await since(before, 'quarterdeck_swept_total', { sweep: 'expired_claims' })).toBe(1);
});

test('what the database did', async () => {
  const before = await scrape(server.url);
  await ada.agent.post('/tasks', { title: 'one' });
  await ada.agent.get('/tasks/ME-9999');
  const count = (name: string, labels = {}) => since(before, `quarterdeck_database_${name}_count`, labels);
  expect(await count('transaction_duration_seconds', { mode: 'write', outcome: 'ok' })).toBeGreaterThan(0);
  expect(await count('transaction_duration_seconds', { mode: 'read', outcome: 'not_found' })).toBe(1);
  expect(await count('statement_duration_seconds', { statement: 'insert', outcome: 'ok' })).toBeGreaterThan(0);
  expect(await count('connection_wait_seconds')).toBeGreaterThan(0);
  const after = await scrape(server.url);
  expect(sumOf(after, 'quarterdeck_database_connections')).toBeGreaterThan(0);
  for (const name of ['quarterdeck_backlog', 'quarterdeck_backlog_oldest_seconds'])
    expect(after.filter((sample) => sample.name === name).map(({ labels }) => labels['backlog'])).toEqual(['events', 'claims', 'jobs']);
});

describe('failed sign-ins and credentials are counted by cause', () => {
  const [header = '', payload = ''] = ['{"alg":"EdDSA"}', '{}'].map((text) => Buffer.from(text).toString('base64url'));
  test.each([
    ['missing', undefined],
    ['malformed', 'qd_short'],
    ['malformed', 'not.a.token'],
    ['unknown', `qd_${'x'.repeat(43)}`],
    ['unknown', `${header}.${payload}.${'A'.repeat(86)}`],
  ])('%s', async (cause, token) => {
    const before = await scrape(server.url);
    expect((await client(server.url, token).get('/me')).status).toBe(401);
    expect(await since(before, 'quarterdeck_auth_failures_total', { cause })).toBe(1);
  });

  test('wrong_signature, wrong_password', async () => {
    const before = await scrape(server.url);
    const forged = `${ada.token.slice(0, ada.token.lastIndexOf('.'))}.${'A'.repeat(86)}`;
    expect((await client(server.url, forged).get('/me')).status).toBe(401);
    expect((await client(server.url).post('/api/auth/signin', { email: ada.email, password: 'not the password' })).status).toBe(401);
    for (const cause of ['wrong_signature', 'wrong_password'])
      expect(await since(before, 'quarterdeck_auth_failures_total', { cause })).toBe(1);
  });
});

test('MCP requests by method, tool, revision and outcome', async () => {
  const before = await scrape(server.url);
  const count = (labels: Record<string, string>) => since(before, 'quarterdeck_mcp_request_duration_seconds_count', labels);
  for (const kind of ['2026-07-28', '2025'] as const) {
    const agent = await connect(kind, { url: `${server.url}/mcp`, token: ada.key });
    await agent.callTool('whoami');
    expect((await agent.callTool('get_task', { task_id: 'ME-9999' })).isError).toBe(true);
    await agent.callTool('find_tools', { query: 'claim a task' });
    await agent.close();
  }
  for (const protocol of ['2026-07-28', '2025-11-25']) {
    await expect.poll(() => count({ protocol, tool: 'whoami', method: 'tools/call', outcome: 'ok' })).toBe(1);
    await expect.poll(() => count({ protocol, tool: 'get_task', outcome: 'tool_error' })).toBe(1);
    await expect.poll(() => count({ protocol, tool: 'find_tools', outcome: 'ok' })).toBe(1);
  }
});

test('requests in flight, without event streams, whose life is no latency', async () => {
  const before = await scrape(server.url);
  const flying = async () => sumOf(await scrape(server.url), 'quarterdeck_http_requests_in_flight');
  const over = new AbortController();
  const stream = await fetch(`${server.url}/mcp`, {
    headers: { authorization: `Bearer ${ada.key}`, accept: 'text/event-stream' },
    signal: over.signal,
  });
  expect(stream.status).toBe(200);
  const body = new TransformStream<Uint8Array, Uint8Array>();
  const answer = fetch(`${server.url}/projects`, {
    method: 'POST',
    headers: { authorization: `Bearer ${ada.key}`, 'content-type': 'application/json' },
    body: body.readable,
    duplex: 'half',
  });
  const writer = body.writable.getWriter();
  await writer.write(Buffer.from('{'));
  await expect.poll(flying).toBe(1);
  expect(sumOf(await scrape(server.url), 'quarterdeck_event_streams')).toBe(1);
  await writer.close();
  await answer;
  await expect.poll(flying).toBe(0);
  over.abort();
  const streams = { route: '/mcp', method: 'GET' };
  await expect.poll(() => since(before, 'quarterdeck_http_requests_total', streams)).toBe(1);
  expect(await since(before, 'quarterdeck_http_request_duration_seconds_count', streams)).toBe(0);
});

test('hostile names make no series', async () => {
  const attack = async (round: number) => {
    const word = `x${round}"\n\\{}`;
    const anyone = client(server.url);
    await anyone.get(`/${encodeURIComponent(word)}/${round}`);
    await anyone.get('/me', { authorization: `Bearer ${round}`, 'user-agent': `agent ${round}` });
    await ada.agent.get(`/tasks/${encodeURIComponent(word)}`);
    const meta = {
      'io.modelcontextprotocol/protocolVersion': word,
      'io.modelcontextprotocol/clientInfo': { name: word, version: word },
      'io.modelcontextprotocol/clientCapabilities': {},
    };
    for (const method of ['tools/call', word, '__proto__', 'constructor'])
      await ada.agent.post(
        '/mcp',
        { jsonrpc: '2.0', id: 1, method, params: { name: word, _meta: meta } },
        { 'mcp-protocol-version': `v${round}` },
      );
    await ada.agent.post(
      '/mcp',
      { jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name: `tool_${round}` } },
      { accept: 'application/json, text/event-stream' },
    );
    await ada.agent.request(round % 2 === 0 ? 'PROPFIND' : 'REPORT', '/tasks');
  };
  const series = async () =>
    new Set(
      (await scrape(server.url))
        .filter(({ name }) => name.startsWith('quarterdeck_'))
        .map(({ name, labels }) => name + JSON.stringify(labels)),
    );
  await attack(0);
  const first = await series();
  for (let round = 1; round <= 20; round += 1) await attack(round);
  const last = await series();
  expect([...last].filter((name) => !first.has(name))).toEqual([]);
  expect([...last].join('\n')).not.toMatch(/x\d+"|tool_\d|v\d/);
});
