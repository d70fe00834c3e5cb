import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { type TestServer, type TestUser, client, signUp, startTestServer } from '../../support/server.ts';
import { type RawAnswer, request, sendRaw } from './raw.ts';

let server: TestServer;
let user: TestUser;

beforeAll(async () => {
  server = await startTestServer();
  user = await signUp(server.url);
});

afterAll(() => server.close());

afterEach(async () => {
  const { body } = await client(server.url).get('/health');
  expect(body).toMatchObject({ status: 'healthy' });
});

const megabyte = 1024 * 1024;
const deep = (depth: number) => `{"title":"x","inputs":${'{"a":'.repeat(depth)}1${'}'.repeat(depth)}}`;

const bodies: { name: string; body: string | Uint8Array; status: number; code: string; says: RegExp }[] = [
  { name: 'is malformed', body: '{"title": "secret-text", }', status: 400, code: 'unreadable', says: /line 1, column 26/ },
  { name: 'ends too early', body: '{"title": "secret-text"', status: 400, code: 'unreadable', says: /ends too early/ },
  { name: 'is not JSON at all', body: 'title=secret-text', status: 400, code: 'unreadable', says: /not valid JSON/ },
  { name: 'is white space alone', body: '   ', status: 400, code: 'unreadable', says: /not valid JSON/ },
  { name: 'has 20,000 levels', body: deep(20_000), status: 400, code: 'unreadable', says: /deeper than 64 levels/ },
  { name: 'opens 200,000 brackets', body: '['.repeat(200_000), status: 400, code: 'unreadable', says: /deeper than 64 levels/ },
  {
    name: 'is not UTF-8',
    body: Buffer.from([...Buffer.from('{"title":"'), 0xff, 0xfe, ...Buffer.from('"}')]),
    status: 400,
    code: 'unreadable',
    says: /not valid UTF-8/,
  },
  {
    name: 'has half a character',
    body: Buffer.from('{"title":"\u{1f600}"}').subarray(0, 13),
    status: 400,
    code: 'unreadable',
    says: /UTF-8/,
  },
  { name: 'is an array', body: '[{"title":"x"}]', status: 422, code: 'invalid_input', says: /must be a JSON object/ },
  { name: 'is null', body: 'null', status: 422, code: 'invalid_input', says: /must be a JSON object/ },
  { name: 'is a text', body: '"secret-text"', status: 422, code: 'invalid_input', says: /must be a JSON object/ },
  { name: 'has the wrong types', body: '{"title":7,"labels":"a"}', status: 422, code: 'invalid_input', says: /title.*labels/s },
  {
    name: 'has an unknown field',
    body: '{"title":"x","titel":"y"}',
    status: 422,
    code: 'invalid_input',
    says: /titel: there is no such field/,
  },
  { name: 'reaches for the prototype', body: '{"title":"x","__proto__":{"x":1}}', status: 422, code: 'invalid_input', says: /__proto__/ },
  {
    name: 'has a value that is too long',
    body: JSON.stringify({ title: 'x'.repeat(201) }),
    status: 422,
    code: 'invalid_input',
    says: /title/,
  },
  { name: 'has the character U+0000', body: '{"title":"a\\u0000b"}', status: 422, code: 'invalid_input', says: /title.*U\+0000/ },
];

describe.each([
  { face: 'REST', path: '/tasks' },
  { face: 'sign-in', path: '/api/auth/signin' },
])('over $face, a body that', ({ path }) => {
  const readable = path === '/tasks' ? bodies : bodies.filter(({ status }) => status === 400);
  it.each(readable)('$name is refused', async ({ body, status, code, says }) => {
    const answer = await request(server.url, `POST ${path}`, { Authorization: `Bearer ${user.key}` }, body);
    expect(answer.status).toBe(status);
    const { error } = JSON.parse(answer.body);
    expect(error).toEqual({
      code,
      message: expect.stringMatching(says),
      retryable: false,
      next: expect.any(String),
      details: expect.any(Object),
    });
    expect(answer.body).not.toMatch(/secret-text|at file:|\.ts:|select |insert /);
  });
});

describe('over MCP, a body that', () => {
  it.each(bodies.filter(({ status }) => status === 400))('$name is a parse error', async ({ body }) => {
    const answer = await request(server.url, 'POST /mcp', { Authorization: `Bearer ${user.key}` }, body);
    expect(answer.status).toBe(400);
    expect(JSON.parse(answer.body)).toMatchObject({ jsonrpc: '2.0', id: null, error: { code: -32_700 } });
    expect(answer.body).not.toContain('secret-text');
  });
});

describe('over MCP, JSON that is no request', () => {
  const send = async (body: string, headers: Record<string, string> = {}) => {
    const accepted = { Accept: 'application/json, text/event-stream', 'Content-Type': 'application/json' };
    const init = { method: 'POST', headers: { Authorization: `Bearer ${user.key}`, ...accepted, ...headers }, body };
    const response = await fetch(`${server.url}/mcp`, init);
    return { status: response.status, body: await response.text() };
  };

  it.each([
    '',
    'null',
    '[]',
    '7',
    '"secret-text"',
    '{}',
    '{"jsonrpc":"1.0","id":1,"method":"tools/list"}',
    '{"jsonrpc":"2.0","id":{},"method":7}',
  ])('%j is a JSON-RPC error', async (body) => {
    const answer = await send(body);
    expect(answer.status).toBe(400);
    expect(JSON.parse(answer.body)).toMatchObject({ jsonrpc: '2.0', error: { code: expect.any(Number), message: expect.any(String) } });
    expect(answer.body).not.toMatch(/secret-text|at file:|\.ts:/);
  });

  // The SDK drops `__proto__` before we see it, which is harmless.
  const asArguments = bodies.filter(({ status, body }) => status === 422 && /^\{(?!.*__proto__)/.test(String(body)));
  it.each(asArguments)('as the arguments of a tool, a body that $name is a tool error that says what to do', async ({ body, says }) => {
    const call = `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"create_task","arguments":${String(body)}}}`;
    const answer = await send(call, { 'MCP-Protocol-Version': '2025-06-18' });
    expect(answer.status).toBe(200);
    const data = answer.body.split('\n').find((line) => line.startsWith('data: {')) ?? '';
    const { result } = JSON.parse(data.slice('data: '.length));
    expect(result).toMatchObject({ isError: true, content: [{ text: expect.stringMatching(/^invalid_input: /) }] });
    expect(result.content[0].text).toMatch(says);
    expect(result).not.toHaveProperty('structuredContent');
  });
});

describe('a request without a body', () => {
  it('is an empty input', async () => {
    const { status, body } = await user.agent.post('/tasks');
    expect({ status, body }).toMatchObject({ status: 422, body: { error: { message: expect.stringMatching(/title: is required/) } } });
  });

  it('needs no Content-Type', async () => {
    const answer = await request(server.url, 'POST /api/auth/signout', { Authorization: 'Bearer nothing', 'Content-Length': '0' });
    expect(answer.status).toBe(401);
  });
});

describe('a Content-Type', () => {
  it.each(['text/plain', 'application/x-www-form-urlencoded', 'application/jsonp', 'application/json; charset=latin1'])(
    '%s is refused',
    async (type) => {
      const answer = await request(
        server.url,
        'POST /tasks',
        { Authorization: `Bearer ${user.key}`, 'Content-Type': type },
        '{"title":"x"}',
      );
      expect(answer.status).toBe(415);
      expect(JSON.parse(answer.body).error.code).toBe('unsupported_media_type');
    },
  );

  it.each(['application/json; charset=utf-8', 'Application/JSON;charset="UTF-8"'])('%s is accepted', async (type) => {
    const answer = await request(server.url, 'POST /tasks', { Authorization: `Bearer ${user.key}`, 'Content-Type': type }, '{"title":"x"}');
    expect(answer.status).toBe(201);
  });

  it('is refused together with a compression', async () => {
    const headers = { Authorization: `Bearer ${user.key}`, 'Content-Encoding': 'gzip' };
    expect((await request(server.url, 'POST /tasks', headers, '{"title":"x"}')).status).toBe(415);
  });
});

describe('64 MB', () => {
  const tooMuch = Buffer.alloc(64 * megabyte, 'a');
  const check = ({ status, headers, body }: RawAnswer) => {
    expect({ status, connection: headers['connection'] }).toEqual({ status: 413, connection: 'close' });
    expect(body).toContain('QUARTERDECK_MAX_BODY_BYTES');
  };

  it.each(['/tasks', '/api/auth/signup'])('announced for %s are refused before they are read', async (path) => {
    check(await request(server.url, `POST ${path}`, { Authorization: `Bearer ${user.key}` }, tooMuch));
  });

  it('without an announced length are refused at the limit', async () => {
    const head = `POST /tasks HTTP/1.1\r\nHost: ${new URL(server.url).host}\r\nAuthorization: Bearer ${user.key}\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n`;
    const chunk = `${tooMuch.length.toString(16)}\r\n`;
    check(await sendRaw(server.url, Buffer.concat([Buffer.from(head + chunk), tooMuch, Buffer.from('\r\n0\r\n\r\n')])));
  });

  it('for MCP are refused as well', async () => {
    const { status, body } = await request(server.url, 'POST /mcp', { Authorization: `Bearer ${user.key}` }, tooMuch);
    expect(status).toBe(413);
    expect(JSON.parse(body)).toMatchObject({ jsonrpc: '2.0', id: null });
  });

  it('are not even sent by a client that asks first', async () => {
    const headers = { Authorization: `Bearer ${user.key}`, Expect: '100-continue', 'Content-Length': String(tooMuch.length) };
    const { status } = await request(server.url, 'POST /tasks', { ...headers, 'Content-Type': 'application/json' });
    expect(status).toBe(413);
  });

  it('from a stranger are 401, not 413', async () => {
    expect((await request(server.url, 'POST /tasks', {}, tooMuch)).status).toBe(401);
  });
});

it('a client that asks first and may send is told to go on', async () => {
  const body = '{"title":"welcome"}';
  const answer = await request(server.url, 'POST /tasks', { Authorization: `Bearer ${user.key}`, Expect: '100-continue' }, body);
  expect(answer.status).toBe(100);
  expect(answer.body).toMatch(/^HTTP\/1\.1 201/);
});

describe('bytes that are not HTTP', () => {
  it.each([
    ['nonsense', 'NONSENSE\r\n\r\n', 400],
    ['a header without end', `GET / HTTP/1.1\r\nHost: x\r\nX: ${'a'.repeat(100_000)}\r\n\r\n`, 431],
    ['two lengths', 'POST /tasks HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n', 400],
  ])('%s are answered in the form of errors and closed', async (_, bytes, status) => {
    const answer = await sendRaw(server.url, bytes);
    expect(answer.status).toBe(status);
    expect(JSON.parse(answer.body).error).toMatchObject({ code: 'unreadable', message: expect.any(String), next: expect.any(String) });
  });

  it.each(['//', '/%', '/tasks/%E0%A4%A', '/tasks/%00', '*', 'http://elsewhere.example/tasks', '/tasks/..%2f..%2fetc'])(
    'a target such as %s does no harm',
    async (target) => {
      const answer = await request(server.url, `GET ${target}`, { Authorization: `Bearer ${user.key}` });
      expect(answer.status).toBeGreaterThanOrEqual(400);
      expect(answer.status).toBeLessThan(500);
    },
  );
});
