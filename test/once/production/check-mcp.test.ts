/** `check mcp` on our own server in both eras, on the reference server from npm, and on what is no MCP server. */

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { containsAssertion, jsonAssertion } from '../../../src/cli/check/assertions.ts';
import { type McpQuestion, type McpWishes, checkMcp } from '../../../src/production/check/mcp.ts';
import type { CheckResult } from '../../../src/production/check/result.ts';
import { quarterdeck } from '../../support/quarterdeck.ts';
import { type TestServer, type TestUser, signUp, startTestServer } from '../../support/server.ts';

const common = { version: '0', timeoutMs: 30_000, signal: new AbortController().signal };
const nothing: McpWishes = { tools: [], call: undefined };

function look(question: Pick<McpQuestion, 'url'> & Partial<McpQuestion>, wishes: Partial<McpWishes> = {}): Promise<CheckResult> {
  return checkMcp({ ...common, protocol: 'auto', token: undefined, ...question }, { ...nothing, ...wishes });
}

/** What is not as wanted, by name. */
function wrong({ evidence }: CheckResult): Record<string, unknown> {
  return Object.fromEntries(evidence.filter(({ ok }) => ok !== true).map(({ what, found }) => [what, found]));
}

describe('on our own server', () => {
  let server: TestServer;
  let ada: TestUser;
  let url: string;
  beforeAll(async () => {
    server = await startTestServer();
    ada = await signUp(server.url);
    url = `${server.url}/mcp`;
  });
  afterAll(() => server.close());

  test.each([
    ['auto', '2026-07-28'],
    ['2026-07-28', '2026-07-28'],
    ['2025', '2025-11-25'],
  ] as const)('passes with protocol %s, and asserts on the result of a tool', async (protocol, spoken) => {
    const call = { name: 'list_tasks', input: { limit: 1 }, result: [jsonAssertion('.items exists'), containsAssertion('items')] };
    const result = await look({ url, token: ada.key, protocol }, { tools: ['claim_task'], call });
    expect(wrong(result)).toEqual({});
    expect(result).toMatchObject({
      outcome: 'passed',
      measured: { protocol: spoken, tools: expect.any(Number), call_ms: expect.any(Number) },
    });
  });

  test('fails when a tool is missing, an assertion is wrong, or the tool says that it failed', async () => {
    const missing = await look({ url, token: ada.key }, { tools: ['nonsense'] });
    expect(missing).toMatchObject({ outcome: 'failed', next: expect.stringContaining('claim_task') });
    expect(wrong(missing)).toEqual({ 'tool nonsense': null });
    const call = { name: 'list_tasks', input: {}, result: [jsonAssertion('.items[0].id == ME-77')] };
    expect(wrong(await look({ url, token: ada.key }, { call }))).toEqual({ 'result .items[0].id == ME-77': 'there is no .items[0].id' });
    const failing = { name: 'get_task', input: { task_id: 'ME-9999' }, result: [] };
    expect(wrong(await look({ url, token: ada.key }, { call: failing }))).toEqual({
      'call get_task': expect.stringContaining('not_found'),
    });
  });

  test.each(['2026-07-28', '2025'] as const)('says that the credential is refused, with protocol %s', async (protocol) => {
    expect(wrong(await look({ url, protocol }))).toEqual({ protocol: expect.stringContaining('401') });
    expect(wrong(await look({ url, protocol, token: 'qd_wrong-and-hidden' }))).toEqual({ protocol: expect.stringContaining('401') });
  });

  test('the command takes the credential from the variable that is named', async () => {
    const words = ['check', 'mcp', url, '--token-env', 'KEY', '--call', 'whoami', '--json'];
    const ran = await quarterdeck({ data: process.cwd(), databaseUrl: undefined }, words, { environment: { KEY: ada.key } });
    expect(JSON.parse(ran.stdout)).toMatchObject({ check: 'mcp', outcome: 'passed' });
    expect(ran.code).toBe(0);
    expect(ran.stdout).not.toContain(ada.key);
  });
});

describe('on the reference server', () => {
  let child: ChildProcess;
  let url: string;
  beforeAll(async () => {
    const entry = fileURLToPath(import.meta.resolve('@modelcontextprotocol/server-everything/dist/index.js'));
    const port = await freePort();
    child = spawn(process.execPath, [entry, 'streamableHttp'], {
      env: { ...process.env, PORT: String(port) },
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    url = `http://127.0.0.1:${port}/mcp`;
    for await (const line of child.stderr ?? []) if (String(line).includes('listening')) break;
  });
  afterAll(async () => {
    child.kill();
    await once(child, 'exit');
  });

  test.each(['auto', '2025'] as const)('passes with protocol %s, which comes to a revision of 2025', async (protocol) => {
    const call = { name: 'echo', input: { message: 'over and out' }, result: [containsAssertion('over and out')] };
    const result = await look({ url, protocol }, { tools: ['echo'], call });
    expect(wrong(result)).toEqual({});
    expect(result).toMatchObject({ outcome: 'passed', measured: { protocol: expect.stringMatching(/^2025-/) } });
  });

  test('fails where 2026-07-28 is wanted, because it does not know it', async () => {
    expect(await look({ url, protocol: '2026-07-28' })).toMatchObject({ outcome: 'failed', evidence: [{ what: 'protocol', ok: false }] });
  });
});

test('a server of something else fails, and one that is away is an error', async () => {
  const other = createServer((_request, response) => response.writeHead(404).end('no such page')).listen(0, '127.0.0.1');
  await once(other, 'listening');
  const url = `http://127.0.0.1:${(other.address() as AddressInfo).port}/mcp`;
  expect(await look({ url, protocol: '2025' })).toMatchObject({ outcome: 'failed', evidence: [{ found: 'status 404' }] });
  await new Promise((done) => other.close(done));
  expect(await look({ url, protocol: '2025' })).toMatchObject({
    outcome: 'error',
    evidence: [{ found: expect.stringContaining('ECONNREFUSED') }],
  });
});

async function freePort(): Promise<number> {
  const taken = createServer().listen(0, '127.0.0.1');
  await once(taken, 'listening');
  const { port } = taken.address() as AddressInfo;
  taken.close();
  await once(taken, 'close');
  return port;
}
