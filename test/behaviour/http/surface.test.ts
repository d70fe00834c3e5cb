import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { type TestServer, client, signUp, startTestServer } from '../../support/server.ts';
import { request } from './raw.ts';

let server: TestServer;

beforeAll(async () => {
  server = await startTestServer({ environment: { METRICS_TOKEN: 'a token for the scraper' } });
});

afterAll(() => server.close());

const get = (path: string, headers?: Record<string, string>) => client(server.url).get(path, headers);

describe('probes', () => {
  it('/health says how the parts are', async () => {
    const { status, body } = await get('/health');
    expect(status).toBe(200);
    expect(body).toEqual({
      status: 'healthy',
      version: expect.stringMatching(/^\d+\.\d+\.\d+/),
      database: 'connected',
      uptime_seconds: expect.any(Number),
      checks: { database: { status: 'ok' }, storage: { status: 'ok' } },
    });
  });

  it('/health/live and /health/ready answer 200', async () => {
    expect([(await get('/health/live')).status, (await get('/health/ready')).status]).toEqual([200, 200]);
  });

  it('/version names the protocol revisions', async () => {
    const { body } = await get('/version');
    expect(body).toMatchObject({ version: expect.any(String), protocol_versions: expect.arrayContaining(['2026-07-28', '2025-11-25']) });
    expect(body).toHaveProperty('commit');
    expect(body).toHaveProperty('built_at');
  });
});

describe('/metrics', () => {
  const scrape = async () => (await get('/metrics', { authorization: 'Bearer a token for the scraper' })).body as unknown as string;

  it('with a token set is not there for others', async () => {
    expect((await get('/metrics')).status).toBe(404);
    expect((await get('/metrics', { authorization: 'Bearer another token' })).status).toBe(404);
  });

  it('counts requests by pattern, not by path', async () => {
    const { agent } = await signUp(server.url);
    await agent.get('/tasks/ME-404');
    await get('/no/such/path');
    const text = await scrape();
    expect(text).toMatch(/quarterdeck_http_requests_total\{route="\/tasks\/\{task_id\}",method="GET",status="4xx"\} 1/);
    expect(text).toContain('route="unmatched"');
    expect(text).not.toContain('ME-404');
  });

  it('counts operations by face and outcome, and shows the pool and the process', async () => {
    const { agent } = await signUp(server.url);
    await agent.get('/me');
    const text = await scrape();
    expect(text).toMatch(/quarterdeck_operations_total\{operation="whoami",face="rest",outcome="ok"\} \d/);
    for (const name of [
      'quarterdeck_operation_duration_seconds_bucket',
      'quarterdeck_database_connections{state="in_use"}',
      'quarterdeck_event_streams',
      'nodejs_eventloop_lag_seconds',
      'process_resident_memory_bytes',
    ])
      expect(text).toContain(name);
  });
});

describe('paths and methods', () => {
  it('an unknown path is 404 in the form of errors', async () => {
    const { status, body } = await get('/no/such/path');
    expect(status).toBe(404);
    expect(body).toEqual({
      error: {
        code: 'not_found',
        message: expect.any(String),
        retryable: false,
        next: expect.stringContaining('/openapi.json'),
        details: {},
      },
    });
  });

  it('a wrong method is 405 and says which are right', async () => {
    const { status, headers } = await request(server.url, 'PUT /tasks');
    expect({ status, allow: headers['allow'] }).toEqual({ status: 405, allow: expect.stringMatching(/GET.*HEAD|HEAD.*GET/) });
    expect((await request(server.url, 'DELETE /tasks/next')).status).toBe(405);
  });

  it('HEAD is GET without the body, of a page and of an operation', async () => {
    // Where the HTTP library says that something was sent twice.
    const complaint = vi.spyOn(console, 'error');
    const { key } = await signUp(server.url);
    for (const path of ['/openapi.json', '/tasks']) {
      const { status, body, headers } = await request(server.url, `HEAD ${path}`, { Authorization: `Bearer ${key}` });
      expect({ status, body }).toEqual({ status: 200, body: '' });
      expect(headers['etag']).toBeDefined();
    }
    expect(await request(server.url, 'HEAD /tasks')).toMatchObject({ status: 401, body: '' });
    expect(complaint).not.toHaveBeenCalled();
    complaint.mockRestore();
  });
});

describe('request ids', () => {
  it('are made, and kept when the client sends a sane one', async () => {
    expect((await get('/version')).headers.get('x-request-id')).toMatch(/^[0-9a-f-]{36}$/);
    expect((await get('/version', { 'x-request-id': 'trace-1.2:3' })).headers.get('x-request-id')).toBe('trace-1.2:3');
    expect((await get('/version', { 'x-request-id': 'a b{}' })).headers.get('x-request-id')).toMatch(/^[0-9a-f-]{36}$/);
  });
});

describe('browser files', () => {
  it('the root leads to the page', async () => {
    expect(await request(server.url, 'GET /')).toMatchObject({ status: 302, headers: { location: '/ui/' } });
  });

  it.each(['/ui/', '/docs'])('%s is a page that runs nothing inline and cannot be framed', async (path) => {
    const { status, headers } = await get(path);
    expect(status).toBe(200);
    expect(headers.get('content-type')).toBe('text/html; charset=utf-8');
    const policy = headers.get('content-security-policy') ?? '';
    expect(policy).toContain("script-src 'self'");
    expect(policy).toContain("frame-ancestors 'none'");
    expect(policy).not.toContain('unsafe');
    expect(headers.get('x-content-type-options')).toBe('nosniff');
    expect(headers.get('referrer-policy')).toBe('no-referrer');
  });

  it('a file that has not changed is not sent again', async () => {
    const first = await get('/ui/style.css');
    const etag = first.headers.get('etag') ?? '';
    expect(first.headers.get('content-type')).toBe('text/css; charset=utf-8');
    expect(await get('/ui/style.css', { 'if-none-match': etag })).toMatchObject({ status: 304, body: '' });
    expect(await get('/ui/style.css', { 'if-none-match': 'W/"x", "y"' })).toMatchObject({ status: 200 });
  });

  it.each([
    '/ui/../../package.json',
    '/ui/%2e%2e/%2e%2e/package.json',
    '/ui/..%2f..%2fpackage.json',
    '/ui//etc/passwd',
    '/ui/tsconfig.json',
    '/docs/package.json',
  ])('%s leads nowhere', async (path) => {
    expect((await request(server.url, `GET ${path}`)).status).toBe(404);
  });
});

describe('discovery of the sign-in', () => {
  it.each(['/.well-known/oauth-protected-resource', '/.well-known/oauth-protected-resource/mcp'])('%s names the resource', async (path) => {
    expect((await get(path)).body).toMatchObject({ resource: `${server.url}/mcp`, authorization_servers: [server.url] });
  });

  it('a 401 tells where to look', async () => {
    const { status, headers } = await get('/tasks');
    expect(status).toBe(401);
    expect(headers.get('www-authenticate')).toContain(`resource_metadata="${server.url}/.well-known/oauth-protected-resource/mcp"`);
    const wrong = await get('/tasks', { authorization: 'Bearer qd_wrong' });
    expect(wrong.headers.get('www-authenticate')).toContain('error="invalid_token"');
  });

  it('the public keys are public and hold nothing private', async () => {
    await signUp(server.url);
    const { body } = await get('/api/auth/jwks.json');
    const { keys } = body as unknown as { keys: Record<string, unknown>[] };
    expect(keys[0]).toMatchObject({ kty: 'OKP', crv: 'Ed25519', kid: expect.any(String) });
    expect(keys[0]).not.toHaveProperty('d');
  });
});
