/** The short path and the SDK answer the same: requests of all kinds, right, wrong and odd, go to a server with it and to one without. */

import { type ClientRequest, type IncomingHttpHeaders, request as httpRequest } from 'node:http';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type TestServer, type TestUser, signUp, startTestServer } from '../../support/server.ts';

interface Side {
  server: TestServer;
  ada: TestUser;
}

/** What is sent. Headers are given as they go over the wire, and may come twice. */
interface Sent {
  method: string;
  path: string;
  headers: [string, string][];
  body: string;
}

interface Got {
  status: number;
  headers: IncomingHttpHeaders;
  body: unknown;
}

let sides: { short: Side; sdk: Side };

async function open(shortPath: 'on' | 'off'): Promise<Side> {
  const server = await startTestServer({ environment: { QUARTERDECK_SHORT_PATH: shortPath, QUARTERDECK_RATE_LIMIT: 'off' } });
  const ada = await signUp(server.url);
  await ada.agent.post('/projects', { key: 'WEB', name: 'Web' });
  await ada.agent.post('/tasks/batch', { tasks: [1, 2, 3].map((number) => ({ project: 'WEB', title: `Task ${number}` })) });
  return { server, ada };
}

beforeAll(async () => {
  const [short, sdk] = await Promise.all([open('on'), open('off')]);
  sides = { short, sdk };
});
afterAll(async () => {
  await Promise.all([sides?.short.server.close(), sides?.sdk.server.close()]);
});

const revision = '2026-07-28';
const envelope = {
  'io.modelcontextprotocol/protocolVersion': revision,
  'io.modelcontextprotocol/clientCapabilities': {},
  'io.modelcontextprotocol/clientInfo': { name: 'test', version: '1.0.0' },
};

const text = fc.oneof(fc.string({ maxLength: 20 }), fc.string({ unit: 'grapheme', maxLength: 20 }), fc.constant('__proto__'));
const odd = fc.oneof(
  text,
  fc.integer(),
  fc.double(),
  fc.boolean(),
  fc.constant(null),
  fc.constant([]),
  fc.constant({}),
  fc.object({ maxDepth: 2 }),
);

/** Calls that are right, and wrong in what the tool itself refuses. */
const toolCall = fc.oneof(
  fc.record({ name: fc.constant('whoami'), arguments: fc.constant({}) }),
  fc.record({ name: fc.constant('get_task'), arguments: fc.record({ task_id: fc.constantFrom('WEB-1', 'WEB-2', 'WEB-99', 'web', '') }) }),
  fc.record({
    name: fc.constant('list_tasks'),
    arguments: fc.record({ limit: fc.integer({ min: -1, max: 3 }), project: fc.constantFrom('WEB', 'ME', 'NO') }, { requiredKeys: [] }),
  }),
  fc.record({
    name: fc.constantFrom('create_task', 'add_task'),
    arguments: fc.record(
      { title: text, project: fc.constant('WEB'), labels: fc.array(text, { maxLength: 2 }) },
      { requiredKeys: ['title'] },
    ),
  }),
  fc.record({
    name: fc.constant('update_task'),
    arguments: fc.record(
      { task_id: fc.constantFrom('WEB-1', 'WEB-2'), notes: text, expected_version: fc.integer({ min: 0, max: 5 }) },
      { requiredKeys: ['task_id'] },
    ),
  }),
  fc.record({ name: fc.constant('claim_task'), arguments: fc.record({ project: fc.constantFrom('WEB', 'NO') }) }),
  fc.record({
    name: fc.constant('finish_task'),
    arguments: fc.record({ task_id: fc.constantFrom('WEB-1', 'WEB-3'), fence: fc.integer({ min: 0, max: 3 }) }),
  }),
  fc.record({
    name: fc.constant('find_tools'),
    arguments: fc.record({ query: text, limit: fc.integer({ min: 0, max: 4 }) }, { requiredKeys: ['query'] }),
  }),
  fc.record({
    name: fc.constant('call_tool'),
    arguments: fc.record({ name: fc.constantFrom('whoami', 'delete_task', 'nothing'), arguments: fc.constant({}) }),
  }),
  fc.record({ name: fc.constantFrom('delete_project', 'unknown_tool', '', 'toString'), arguments: fc.constant({}) }),
  fc.record({ name: fc.constantFrom('get_task', 'whoami'), arguments: odd }),
);

const id = fc.oneof(
  { weight: 6, arbitrary: fc.integer({ min: 0, max: 1_000_000 }) },
  { weight: 3, arbitrary: fc.uuid() },
  { weight: 2, arbitrary: fc.oneof(text, fc.double(), fc.constantFrom(null, true, -1, 2 ** 60, {}, [])) },
);

const plain = fc.oneof(
  { weight: 5, arbitrary: fc.record({ id, method: fc.constant('tools/call'), params: toolCall }) },
  { weight: 1, arbitrary: fc.record({ id, method: fc.constant('tools/list'), params: fc.constant({}) }) },
);

type Message = Record<string, unknown> & { method: string; params: Record<string, unknown> | undefined };

/** A change to a request that is right: to its message, to its headers, or to the bytes. */
type Twist = {
  message?: (message: Message) => unknown;
  headers?: (headers: [string, string][]) => [string, string][];
  path?: string;
  verb?: string;
  body?: (body: string) => string;
};

const meta = (changes: object) => ({
  message: (message: Message) => ({
    ...message,
    params: { ...message.params, _meta: { ...(message.params?.['_meta'] as object), ...changes } },
  }),
});
const without = (name: string) => ({ headers: (headers: [string, string][]) => headers.filter(([key]) => key !== name) });
const header = (name: string, value: string) => ({
  headers: (headers: [string, string][]): [string, string][] => [...headers.filter(([key]) => key !== name), [name, value]],
});

const twist: fc.Arbitrary<Twist> = fc.oneof(
  fc.constantFrom<Twist>(
    without('mcp-protocol-version'),
    without('mcp-method'),
    without('mcp-name'),
    without('accept'),
    without('authorization'),
    header('mcp-protocol-version', '2025-11-25'),
    header('mcp-protocol-version', '2030-01-01'),
    header('mcp-method', 'tools/list'),
    header('mcp-method', 'TOOLS/CALL'),
    header('mcp-name', 'whoami'),
    header('mcp-name', '  get_task '),
    header('mcp-name', '=?base64?Z2V0X3Rhc2s=?='),
    header('mcp-name', '=?base64?%%%?='),
    header('accept', 'text/html'),
    header('content-type', 'text/plain'),
    header('content-type', 'application/json; charset=utf-8'),
    header('content-encoding', 'gzip'),
    header('mcp-session-id', 'abc'),
    header('mcp-param-region', 'x'),
    header('authorization', 'Bearer qd_nobody'),
    { headers: (headers) => [...headers, ['mcp-name', 'get_task']] },
    { path: '/mcp?toolsets=queue' },
    { path: '/mcp?toolsets=nothing' },
    { path: '/mcp/' },
    { verb: 'GET' },
    { verb: 'DELETE' },
    { verb: 'PUT' },
    { body: (body) => body.slice(0, -1) },
    { body: (body) => `${body} ` },
    { body: (body) => `[${body}]` },
    { body: (body) => body.replace('"jsonrpc"', '"jsonrpc":"1.0","jsonrpc"') },
    { body: () => '' },
    { body: (body) => body.replace('{', `{"x":"${'x'.repeat(5 * 1024 * 1024)}",`) },
    { body: (body) => body.replace('"params":{', `"params":{"deep":${'['.repeat(100)}${']'.repeat(100)},`) },
    meta({ progressToken: 'p' }),
    meta({ progressToken: 7 }),
    meta({ 'io.modelcontextprotocol/logLevel': 'debug' }),
    meta({ 'io.modelcontextprotocol/logLevel': 'loud' }),
    meta({ 'io.modelcontextprotocol/clientCapabilities': { elicitation: {}, extensions: { 'io.modelcontextprotocol/ui': {} } } }),
    meta({ 'io.modelcontextprotocol/clientCapabilities': 'none' }),
    meta({ 'io.modelcontextprotocol/clientCapabilities': { sampling: 'yes' } }),
    meta({ 'io.modelcontextprotocol/clientCapabilities': undefined }),
    meta({ 'io.modelcontextprotocol/clientInfo': undefined }),
    meta({ 'io.modelcontextprotocol/clientInfo': { name: 7 } }),
    meta({ 'io.modelcontextprotocol/protocolVersion': '2025-06-18' }),
    meta({ 'io.modelcontextprotocol/protocolVersion': 7 }),
    meta({ traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01' }),
    meta({ 'quarterdeck/idempotency_key': 'same' }),
    meta({ 'quarterdeck/idempotency_key': '' }),
    meta({ 'quarterdeck/idempotency_key': 7 }),
    meta({ other: { any: 'thing' } }),
    { message: (message) => ({ ...message, params: { ...message.params, _meta: undefined } }) },
    { message: (message) => ({ ...message, params: { ...message.params, _meta: [] } }) },
    { message: (message) => ({ ...message, params: undefined }) },
    { message: (message) => ({ ...message, id: undefined }) },
    { message: (message) => ({ ...message, extra: 1 }) },
    { message: (message) => ({ ...message, result: {} }) },
    { message: (message) => ({ ...message, params: { ...message.params, cursor: 'next' } }) },
    { message: (message) => ({ ...message, params: { ...message.params, cursor: 7 } }) },
    { message: (message) => ({ ...message, params: { ...message.params, requestState: 'x' } }) },
    { message: (message) => ({ ...message, params: { ...message.params, inputResponses: {} } }) },
    { message: (message) => ({ ...message, params: { ...message.params, task: { ttl: 1 } } }) },
    { message: (message) => ({ ...message, params: { ...message.params, unknown: 1 } }) },
    { message: (message) => ({ ...message, method: 'tools/destroy' }) },
    { message: (message) => ({ ...message, method: 'server/discover' }) },
    { message: (message) => ({ ...message, jsonrpc: 2 }) },
  ),
  odd.map((value): Twist => ({ message: (message) => ({ ...message, params: { ...message.params, name: value } }) })),
);

function toSent(message: Message, twists: readonly Twist[], key: string): Sent {
  const full: Message = { jsonrpc: '2.0', ...message, params: { ...message.params, _meta: envelope } };
  const twisted = twists.reduce<unknown>((value, { message: change }) => change?.(value as Message) ?? value, full);
  const name = message.params?.['name'];
  const headers: [string, string][] = [
    ['authorization', `Bearer ${key}`],
    ['content-type', 'application/json'],
    ['accept', 'application/json, text/event-stream'],
    ['mcp-protocol-version', revision],
    ['mcp-method', message.method],
    ...(typeof name === 'string' ? [['mcp-name', name] satisfies [string, string]] : []),
  ];
  return {
    method: twists.find(({ verb }) => verb !== undefined)?.verb ?? 'POST',
    path: twists.find(({ path }) => path !== undefined)?.path ?? '/mcp',
    headers: twists.reduce((all, { headers: change }) => change?.(all) ?? all, headers),
    body: twists.reduce((bytes, { body: change }) => change?.(bytes) ?? bytes, JSON.stringify(twisted)),
  };
}

/** Opens the request; given as a list, headers go out exactly so, and Node adds none. */
function begin({ server }: Side, { method, path, headers, body }: Sent): ClientRequest {
  const url = new URL(path, server.url);
  const own = [
    ['host', url.host],
    ['connection', 'close'],
    ['content-length', String(Buffer.byteLength(body))],
  ];
  return httpRequest(url, { method, headers: [...own, ...headers].flat(), agent: false });
}

function send(side: Side, given: Sent): Promise<Got> {
  const request = begin(side, given);
  return new Promise((resolve, reject) => {
    request.on('response', (answer) => {
      // The stream of an older client: it has no end.
      if (given.method === 'GET' && answer.statusCode === 200) {
        resolve({ status: 200, headers: answer.headers, body: 'a stream' });
        request.destroy();
        return;
      }
      const chunks: Buffer[] = [];
      answer.on('data', (chunk: Buffer) => chunks.push(chunk));
      answer.on('error', reject);
      answer.on('end', () =>
        resolve({ status: answer.statusCode ?? 0, headers: answer.headers, body: readBody(Buffer.concat(chunks).toString()) }),
      );
    });
    request.on('error', reject);
    request.end(given.body);
  });
}

/** What two servers never share: their ids, clocks, keys and addresses. */
function readBody(body: string): unknown {
  const same = body
    .replace(/[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/g, 'ID')
    .replace(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, 'TIME')
    .replace(/Wy[IJ][\w-]+/g, 'CURSOR')
    .replace(/127\.0\.0\.1:\d+/g, 'HOST');
  try {
    return JSON.parse(same);
  } catch {
    return same;
  }
}

/** How the body is framed is each path's own; whether a client may read it, and as what, is not. */
const ownHeaders = new Set(['date', 'x-request-id', 'content-length', 'transfer-encoding', 'connection', 'keep-alive']);

function comparable({ status, headers, body }: Got): Got {
  const shared = Object.entries(headers).filter(([name]) => !ownHeaders.has(name));
  return {
    status,
    headers: JSON.parse(JSON.stringify(Object.fromEntries(shared)).replace(/127\.0\.0\.1:\d+/g, 'HOST')) as IncomingHttpHeaders,
    body,
  };
}

async function compare(message: Message, twists: readonly Twist[]): Promise<Got> {
  const { short, sdk } = sides;
  const [one, other] = await Promise.all([
    send(short, toSent(message, twists, short.ada.key)),
    send(sdk, toSent(message, twists, sdk.ada.key)),
  ]);
  expect(comparable(one)).toEqual(comparable(other));
  return one;
}

describe('the short path answers as the SDK does', () => {
  test('plain requests, hundreds of them', async () => {
    const statuses = new Map<number, number>();
    await fc.assert(
      fc.asyncProperty(plain, async (message) => {
        const { status } = await compare(message, []);
        statuses.set(status, (statuses.get(status) ?? 0) + 1);
      }),
      { numRuns: 500 },
    );
    expect(statuses.get(200)).toBeGreaterThan(250);
  }, 120_000);

  test('requests with something odd about them, hundreds of them', async () => {
    const statuses = new Set<number>();
    await fc.assert(
      fc.asyncProperty(plain, fc.array(twist, { minLength: 1, maxLength: 3 }), async (message, twists) => {
        statuses.add((await compare(message, twists)).status);
      }),
      { numRuns: 500 },
    );
    expect([...statuses]).toEqual(expect.arrayContaining([200, 400, 401]));
  }, 120_000);

  test('and takes the plain ones: only its answers say how long they are', async () => {
    const call: Message = { id: 1, method: 'tools/call', params: { name: 'whoami', arguments: {} } };
    const list: Message = { id: 'x', method: 'tools/list', params: {} };
    for (const message of [call, list]) {
      const taken = await send(sides.short, toSent(message, [], sides.short.ada.key));
      const passed = await send(sides.short, toSent(message, [meta({ progressToken: 'p' })], sides.short.ada.key));
      expect([taken.headers['content-length'], passed.headers['content-length']]).toEqual([expect.any(String), undefined]);
    }
  });

  test('callers that go away leave both serving', async () => {
    const message: Message = { id: 1, method: 'tools/call', params: { name: 'list_tasks', arguments: {} } };
    for (const side of Object.values(sides)) {
      const given = toSent(message, [], side.ada.key);
      for (let times = 0; times < 50; times += 1) {
        const request = begin(side, given);
        request.on('error', () => undefined);
        request.end(given.body, () => setTimeout(() => request.destroy(), times % 5));
      }
    }
    const { status } = await compare(message, []);
    expect(status).toBe(200);
  });
});
