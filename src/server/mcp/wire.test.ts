/** The bytes of the protocol, as a client without an SDK meets them. */

import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type TestWorkspace, startWorkspace } from '../../../test/behaviour/mcp/support/workspace.ts';

let workspace: TestWorkspace;

beforeAll(async () => {
  workspace = await startWorkspace();
});
afterAll(() => workspace.close());

interface Answer {
  status: number;
  headers: Headers;
  body: { id?: unknown; result?: Record<string, unknown>; error?: { code: number; message: string; data?: unknown } };
}

async function post(body: unknown, headers: Record<string, string> = {}, query = ''): Promise<Answer> {
  const response = await fetch(workspace.url + query, {
    method: 'POST',
    headers: {
      authorization: 'Bearer ada',
      'content-type': 'application/json',
      accept: 'application/json, text/event-stream',
      ...headers,
    },
    body: JSON.stringify(body),
  });
  const text = await response.text();
  const json = text.startsWith('event:') ? text.slice(text.indexOf('{')) : text;
  return { status: response.status, headers: response.headers, body: JSON.parse(json === '' ? '{}' : json) as Answer['body'] };
}

const modernMeta = { 'io.modelcontextprotocol/protocolVersion': '2026-07-28', 'io.modelcontextprotocol/clientCapabilities': {} };

function modern(method: string, params: Record<string, unknown> = {}, headers: Record<string, string> = {}, query = '') {
  const name = params['name'] ?? params['uri'];
  return post(
    { jsonrpc: '2.0', id: 1, method, params: { ...params, _meta: modernMeta } },
    {
      'mcp-protocol-version': '2026-07-28',
      'mcp-method': method,
      ...(typeof name === 'string' ? { 'mcp-name': name } : {}),
      ...headers,
    },
    query,
  );
}

describe('2026-07-28', () => {
  test('a call is answered with one JSON body that says who answers', async () => {
    const { status, headers, body } = await modern('tools/call', { name: 'whoami' });
    expect([status, headers.get('content-type')]).toEqual([200, 'application/json']);
    expect(body.result).toMatchObject({
      resultType: 'complete',
      structuredContent: { name: 'builder' },
      _meta: { 'io.modelcontextprotocol/serverInfo': { name: 'quarterdeck', version: '9.8.7' } },
    });
  });

  test.each(['server/discover', 'tools/list', 'resources/templates/list'])(
    'the answer to %s may be kept for five minutes, by this client alone',
    async (method) => {
      const { body } = await modern(method);
      expect(body.result).toMatchObject({ ttlMs: 300_000, cacheScope: 'private' });
    },
  );

  test('the list of resources is never kept', async () => {
    expect((await modern('resources/list')).body.result).toMatchObject({ ttlMs: 0, cacheScope: 'private' });
  });

  test('discovery names the revision and what is served', async () => {
    const { body } = await modern('server/discover');
    expect(body.result).toMatchObject({
      supportedVersions: ['2026-07-28'],
      capabilities: { tools: {}, resources: { subscribe: true, listChanged: true } },
      instructions: expect.stringContaining('claim_task') as string,
    });
  });

  test('headers that do not fit the body are refused', async () => {
    const { status, body } = await modern('tools/call', { name: 'whoami' }, { 'mcp-name': 'delete_task' });
    expect([status, body.error?.code]).toEqual([400, -32020]);
  });

  test('a revision that is not served is refused with those that are', async () => {
    const _meta = { ...modernMeta, 'io.modelcontextprotocol/protocolVersion': '2031-01-01' };
    const { status, body } = await post(
      { jsonrpc: '2.0', id: 1, method: 'tools/list', params: { _meta } },
      { 'mcp-protocol-version': '2031-01-01', 'mcp-method': 'tools/list' },
    );
    expect([status, body.error?.code]).toEqual([400, -32022]);
    expect(body.error?.data).toMatchObject({ supported: ['2026-07-28'] });
  });

  test('a method that the revision removed is not found', async () => {
    const { status, body } = await modern('ping');
    expect([status, body.error?.code]).toEqual([404, -32601]);
  });

  test.each([
    ['tools/list', { cursor: 'x' }],
    ['resources/templates/list', { cursor: 'x' }],
    ['resources/list', { cursor: 'x' }],
    ['resources/list', { cursor: '7:' }],
    ['resources/read', {}],
    ['tools/call', {}],
    ['tools/call', { name: 'whoami', arguments: [] }],
  ])('%s with the parameters %j is refused as wrong parameters', async (method, params) => {
    const { body } = await modern(method, params);
    // The SDK finds some of these before the face does, and then by the missing header.
    expect([-32602, -32020]).toContain(body.error?.code);
    expect(body.error?.message).not.toMatch(/at .*\.ts/);
  });

  test('an unknown toolset is refused with the names that there are', async () => {
    const { status, body } = await modern('tools/list', {}, {}, '?toolsets=tusks');
    expect([status, body.error?.code, body.id]).toEqual([400, -32602, 1]);
    expect(body.error?.message).toContain('workspace, tasks');
  });
});

describe('2025', () => {
  test('a call needs no session and no handshake', async () => {
    const { status, body } = await post(
      { jsonrpc: '2.0', id: 5, method: 'tools/call', params: { name: 'whoami', arguments: {} } },
      { 'mcp-protocol-version': '2025-06-18' },
    );
    expect([status, body.id]).toEqual([200, 5]);
    expect(body.result).toMatchObject({ structuredContent: { name: 'builder' } });
    expect(body.result).not.toHaveProperty('resultType');
  });

  test.each(['2025-11-25', '2025-06-18', '2025-03-26'])('the handshake agrees on %s', async (protocolVersion) => {
    const clientInfo = { name: 'curl', version: '0' };
    const { body } = await post({ jsonrpc: '2.0', id: 1, method: 'initialize', params: { protocolVersion, capabilities: {}, clientInfo } });
    expect(body.result).toMatchObject({ protocolVersion, serverInfo: { name: 'quarterdeck' }, capabilities: { tools: {}, resources: {} } });
  });

  test('a notification is accepted without an answer', async () => {
    expect((await post({ jsonrpc: '2.0', method: 'notifications/initialized' })).status).toBe(202);
  });

  test.each([
    ['DELETE', '2025-11-25', 'text/event-stream'],
    ['GET', '2026-07-28', 'text/event-stream'],
    ['GET', '2025-11-25', 'text/html'],
  ])('%s of %s for %s is refused: there are no sessions', async (method, revision, accept) => {
    const headers = { authorization: 'Bearer ada', accept, 'mcp-protocol-version': revision };
    const response = await fetch(workspace.url, { method, headers });
    expect([response.status, response.headers.get('allow')]).toEqual([405, 'POST']);
  });
});
