import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type TestServer, startTestServer } from '../../support/server.ts';
import { request, sendRaw } from '../../behaviour/http/raw.ts';

const page = 'https://app.example.org';
let server: TestServer;

beforeAll(async () => {
  const environment = {
    CORS_ORIGINS: page,
    QUARTERDECK_ALLOWED_HOSTS: 'deck.example.org',
    QUARTERDECK_URL: 'https://quarterdeck.example.com',
  };
  server = await startTestServer({ environment });
});

afterAll(() => server.close());

const statusFor = async (headers: Record<string, string>, path = '/version') => (await request(server.url, `GET ${path}`, headers)).status;

describe('the Host header', () => {
  it.each(['localhost', 'localhost:8000', '127.0.0.1:1', '[::1]:80', 'LOCALHOST', 'deck.example.org', 'quarterdeck.example.com:443'])(
    '%s is ours',
    async (host) => {
      expect(await statusFor({ Host: host })).toBe(200);
    },
  );

  it.each(['evil.example', '127.0.0.1.evil.example', 'localhost@evil.example', 'localhost/', '10.0.0.7', 'example.org'])(
    '%s is refused on every face',
    async (host) => {
      expect(await Promise.all(['/version', '/tasks', '/mcp', '/ui/', '/metrics'].map((path) => statusFor({ Host: host }, path)))).toEqual(
        Array.from({ length: 5 }, () => 403),
      );
    },
  );

  it('does not matter to a probe, which calls by address', async () => {
    expect(
      await Promise.all(['/health', '/health/live', '/health/ready'].map((path) => statusFor({ Host: '10.0.0.7:8000' }, path))),
    ).toEqual([200, 200, 200]);
  });
});

describe('the Origin header', () => {
  it.each(['https://evil.example', 'null', 'http://localhost:1', 'https://app.example.org.evil.example', 'http://app.example.org'])(
    '%s is refused',
    async (origin) => {
      const answer = await request(server.url, 'GET /version', { Origin: origin });
      expect(answer.status).toBe(403);
      expect(JSON.parse(answer.body).error).toMatchObject({ code: 'forbidden', next: expect.stringContaining('CORS_ORIGINS') });
      expect(answer.headers['access-control-allow-origin']).toBeUndefined();
    },
  );

  it('of the page that the server itself serves is accepted, under each of its names', async () => {
    const { host } = new URL(server.url);
    expect(await statusFor({ Origin: `http://${host}` })).toBe(200);
    expect(await statusFor({ Host: 'localhost:8000', Origin: 'http://localhost:8000' })).toBe(200);
    expect(await statusFor({ Origin: 'https://quarterdeck.example.com' })).toBe(200);
  });

  it('of an allowed page may read the answer and the headers that it needs', async () => {
    const { status, headers } = await request(server.url, 'GET /version', { Origin: page });
    expect(status).toBe(200);
    expect(headers['access-control-allow-origin']).toBe(page);
    expect(headers['access-control-expose-headers']).toMatch(/WWW-Authenticate.*ETag/);
    expect(headers['vary']).toContain('Origin');
    expect(headers['access-control-allow-credentials']).toBeUndefined();
  });

  it('of an allowed page may read an error', async () => {
    const { status, headers } = await request(server.url, 'GET /tasks', { Origin: page });
    expect({ status, origin: headers['access-control-allow-origin'] }).toEqual({ status: 401, origin: page });
  });
});

describe('a preflight', () => {
  const preflight = (origin: string) =>
    request(server.url, 'OPTIONS /tasks', {
      Origin: origin,
      'Access-Control-Request-Method': 'PATCH',
      'Access-Control-Request-Headers': 'authorization,mcp-param-region',
    });

  it('of an allowed page is answered without a credential', async () => {
    const { status, headers } = await preflight(page);
    expect(status).toBe(204);
    expect(headers['access-control-allow-methods']).toContain('PATCH');
    expect(headers['access-control-allow-headers']).toBe('authorization,mcp-param-region');
  });

  it('of any other page is refused', async () => {
    expect((await preflight('https://evil.example')).status).toBe(403);
  });
});

describe('every answer', () => {
  const headersOf = async (line: string) => (await request(server.url, line)).headers;

  it.each(['GET /health', 'GET /tasks', 'POST /mcp', 'GET /no/such/path', 'GET /openapi.json', 'TRACE /tasks', 'GET *'])(
    'to %s is sealed against browsers',
    async (line) => {
      expect(await headersOf(line)).toMatchObject({
        'x-content-type-options': 'nosniff',
        'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
        'cross-origin-resource-policy': 'same-origin',
        'referrer-policy': 'no-referrer',
        'cache-control': expect.stringMatching(/no-store|no-cache/),
        'strict-transport-security': 'max-age=31536000',
      });
    },
  );

  it.each(['GET /ui/', 'GET /docs', 'GET /ui/style.css'])(
    'to %s, which a browser renders, allows only what comes from here',
    async (line) => {
      const headers = await headersOf(line);
      expect(headers).toMatchObject({
        'x-content-type-options': 'nosniff',
        'cross-origin-opener-policy': 'same-origin',
        'permissions-policy': expect.stringContaining('camera=()'),
        'referrer-policy': 'no-referrer',
      });
      const policy = headers['content-security-policy'] ?? '';
      expect(policy).toMatch(/default-src 'none'.*script-src 'self'.*frame-ancestors 'none'.*base-uri 'none'/);
      expect(policy).not.toMatch(/unsafe|\*|https?:/);
    },
  );

  it('to bytes that are no request is sealed too', async () => {
    expect((await sendRaw(server.url, 'NONSENSE\r\n\r\n')).headers).toMatchObject({
      'x-content-type-options': 'nosniff',
      'cache-control': 'no-store',
    });
  });
});
