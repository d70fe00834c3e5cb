/** A server that is not ours, the reference server of MCP from npm, is released and rolled back with a session of the 2025 revisions open. */

import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import { type TestRelease, createRelease } from '../../support/release.ts';

let release: TestRelease;

const entry = fileURLToPath(import.meta.resolve('@modelcontextprotocol/server-everything/dist/index.js'));

beforeAll(async () => {
  release = await createRelease();
  await release.start();
});
afterAll(() => release.remove());

const deploy = (version: string) =>
  release.done([
    'deploy',
    '--version',
    version,
    '--command',
    `node ${entry} streamableHttp`,
    '--health',
    'mcp:/mcp',
    '--replicas',
    '2',
    '--strategy',
    'blue-green',
    '--deploy-timeout',
    '2m',
  ]);

async function connect(): Promise<Client> {
  const client = new Client({ name: 'test', version: '1.0.0' });
  await client.connect(new StreamableHTTPClientTransport(new URL(`${release.url}/mcp`)));
  return client;
}

const echo = async (client: Client, message: string): Promise<unknown> =>
  (await client.callTool({ name: 'echo', arguments: { message } })).content;

test('blue-green and rollback, with clients at work', async () => {
  await deploy('v1');
  const early = await connect();
  expect(await echo(early, 'before')).toMatchObject([{ text: expect.stringContaining('before') }]);

  expect(await deploy('v2')).toMatchObject({ live: 'v2', previous: 'v1' });
  // The session lives in the memory of its replica, which still runs.
  expect(await echo(early, 'after the switch')).toMatchObject([{ text: expect.stringContaining('after the switch') }]);
  const late = await connect();
  expect(await echo(late, 'on v2')).toMatchObject([{ text: expect.stringContaining('on v2') }]);

  expect(await release.done(['rollback'])).toMatchObject({ live: 'v1', previous: null });
  expect(await echo(early, 'after the rollback')).toMatchObject([{ text: expect.stringContaining('after the rollback') }]);
  // What was rolled back takes its sessions with it; clients begin anew.
  await expect(echo(late, 'lost')).rejects.toThrow(/session/i);
  const again = await connect();
  expect(await echo(again, 'again')).toMatchObject([{ text: expect.stringContaining('again') }]);
  await Promise.all([early, late, again].map((client) => client.close()));
});
