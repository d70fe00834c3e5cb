import { mkdtemp, rm } from 'node:fs/promises';
import { type Server, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import { type Endpoint, clientKinds, connect, connectFirst, connectSecond } from '../../../test/behaviour/mcp/support/clients.ts';
import { type TestWorkspace, principal, startWorkspace } from '../../../test/behaviour/mcp/support/workspace.ts';
import { createLog } from '../../platform/telemetry/log.ts';
import { type McpStdio, serveMcpStdio } from './stdio.ts';

const program = fileURLToPath(new URL('../../../test/behaviour/mcp/support/stdio-program.ts', import.meta.url));
const log = createLog({ logLevel: 'silent' });

let workspace: TestWorkspace;
let folder: string;
let sockets: Server;
const served: McpStdio[] = [];
const open: { close(): Promise<void> }[] = [];

beforeAll(async () => {
  workspace = await startWorkspace();
  folder = await mkdtemp(join(tmpdir(), 'quarterdeck-stdio-'));
  sockets = createServer((socket) => {
    const backend = workspace.backends({ principal: principal() });
    const connection = serveMcpStdio({ backend, version: '9.8.7', log, input: socket, output: socket });
    served.push(connection);
    void connection.closed.then(() => socket.end());
  });
  await new Promise<void>((resolve) => sockets.listen(join(folder, 'socket'), resolve));
});
afterEach(async () => {
  await Promise.all(open.splice(0).map((client) => client.close()));
});
afterAll(async () => {
  sockets.close();
  await workspace.close();
  await rm(folder, { recursive: true });
});

const places = {
  'with a workspace of its own': (): Endpoint => ({ program, args: [] }),
  'attached to a running server': (): Endpoint => ({ program, args: [join(folder, 'socket')] }),
};

describe.each(Object.entries(places))('over stdio %s', (_, endpoint) => {
  test.each(clientKinds)('a client of %s lists, calls and reads as over HTTP', async (kind) => {
    const client = await connect(kind, endpoint());
    open.push(client);
    expect((await client.listTools()).map(({ name }) => name)).toContain('find_tools');
    const created = await client.callTool('create_task', { title: 'Write it' });
    const { id } = { ...(created.structured?.['task'] as { id: string } | undefined) };
    expect(await client.readResource(`quarterdeck://tasks/${id}`)).toContain('Write it');
    expect((await client.callTool('get_task', { task_id: 'WEB-404' })).text).toMatch(/^not_found: /);
    await expect(client.callTool('fly_to_moon')).rejects.toMatchObject({ code: -32602 });
    expect(client.resourceCapabilities()).toEqual({ subscribe: true, listChanged: true });
  });

  test('a client of 2026-07-28 hears of the changes it subscribed to', async () => {
    const client = await connectSecond('2026-07-28', endpoint());
    open.push(client);
    const heard: string[] = [];
    client.setNotificationHandler('notifications/resources/updated', ({ params }) => void heard.push(params.uri));
    const id = await createTask(client);
    await client.listen({ resourceSubscriptions: [`quarterdeck://tasks/${id}`] });
    await createTask(client);
    await client.callTool({ name: 'update_task', arguments: { task_id: id, status: 'completed' } });
    await vi.waitFor(() => expect(heard).toEqual([`quarterdeck://tasks/${id}`]));
  });

  test('a client of 2025 hears of the resources it subscribed to, until it no longer does', async () => {
    const client = await connectFirst(endpoint());
    open.push(client);
    const heard: string[] = [];
    client.fallbackNotificationHandler = async ({ method, params }) =>
      void heard.push(method === 'notifications/resources/updated' ? String(params?.['uri']) : method);
    const id = await createTask(client);
    const uri = `quarterdeck://tasks/${id}`;
    await client.subscribeResource({ uri });
    await client.callTool({ name: 'update_task', arguments: { task_id: id, status: 'completed' } });
    await client.unsubscribeResource({ uri });
    await client.callTool({ name: 'update_task', arguments: { task_id: id, status: 'pending' } });
    await createTask(client);
    const listChanged = 'notifications/resources/list_changed';
    await vi.waitFor(() => expect(heard).toEqual([listChanged, uri, listChanged]));
  });
});

test('the server learns that its client has gone, and stops listening for it', async () => {
  const client = await connect('2026-07-28', { program, args: [join(folder, 'socket')] });
  await client.listTools();
  const connection = served.at(-1);
  expect(workspace.events.subscribers).toBeGreaterThan(0);
  await client.close();
  await connection?.closed;
  await vi.waitFor(() => expect(workspace.events.subscribers).toBe(0));
});

interface Caller {
  callTool(call: { name: string; arguments: Record<string, unknown> }): Promise<unknown>;
}

async function createTask(client: Caller): Promise<string> {
  const result = await client.callTool({ name: 'create_task', arguments: { title: 'Write it' } });
  return (result as { structuredContent: { task: { id: string } } }).structuredContent.task.id;
}
