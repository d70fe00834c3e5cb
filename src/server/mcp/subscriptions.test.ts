import type { Client } from '@modelcontextprotocol/client';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { connect, connectSecond } from '../../../test/behaviour/mcp/support/clients.ts';
import { type TestWorkspace, principal, startWorkspace } from '../../../test/behaviour/mcp/support/workspace.ts';

/** What the server promises for revoked and expired credentials. */
const promisedMs = 5_000;

let workspace: TestWorkspace;
const open: Client[] = [];

beforeEach(async () => {
  workspace = await startWorkspace({ maxSubscriptions: 2, keepAliveMs: 50 });
});
afterEach(async () => {
  await Promise.all(open.splice(0).map((connected) => connected.close()));
  await workspace.close();
});

async function subscriber(token = 'ada') {
  const connected = await connectSecond('2026-07-28', { url: workspace.url, token });
  open.push(connected);
  const heard: string[] = [];
  connected.setNotificationHandler('notifications/resources/updated', ({ params }) => void heard.push(params.uri));
  connected.setNotificationHandler('notifications/resources/list_changed', () => void heard.push('list'));
  return { connected, heard };
}

const first = { resourceSubscriptions: ['quarterdeck://tasks/WEB-1'] };

test('a subscriber hears of its resource and of the list, and of nothing else', async () => {
  const { connected, heard } = await subscriber();
  const subscription = await connected.listen({ ...first, resourcesListChanged: true, toolsListChanged: true });
  expect(subscription.honoredFilter).toEqual({ ...first, resourcesListChanged: true });
  await connected.callTool({ name: 'create_task', arguments: { title: 'one' } });
  await connected.callTool({ name: 'create_task', arguments: { title: 'two' } });
  await connected.callTool({ name: 'update_task', arguments: { task_id: 'WEB-2', status: 'completed' } });
  await connected.callTool({ name: 'update_task', arguments: { task_id: 'WEB-1', status: 'completed' } });
  await vi.waitFor(() => expect(heard).toEqual(['quarterdeck://tasks/WEB-1', 'list', 'list', 'quarterdeck://tasks/WEB-1']));
});

test('nobody hears of the same name in another workspace, or of what belongs to another person', async () => {
  const { connected, heard } = await subscriber();
  await connected.listen({ ...first, resourcesListChanged: true });
  const resource = 'quarterdeck://tasks/WEB-1';
  workspace.events.tell('workspace-2', { type: 'task.created', subject: 'WEB-1', resource });
  workspace.events.tell('workspace-1', { type: 'task.created', subject: 'WEB-1', resource, owner_id: 'user-2' });
  workspace.events.tell('workspace-1', { type: 'key.created', subject: 'key-2' });
  workspace.events.tell('workspace-1', { type: 'task.updated', subject: 'WEB-1', resource });
  await vi.waitFor(() => expect(heard).toEqual([resource]));
});

test('a credential that may not read tasks does not hear of them', async () => {
  workspace.credentials.set('blind', principal({ scopes: ['workspace:read'] }));
  const { connected, heard } = await subscriber('blind');
  await connected.listen({ ...first, resourcesListChanged: true });
  workspace.events.tell('workspace-1', { type: 'task.created', subject: 'WEB-1', resource: 'quarterdeck://tasks/WEB-1' });
  await connected.callTool({ name: 'whoami', arguments: {} });
  expect(heard).toEqual([]);
});

test('no more streams than the limit are open, and a place becomes free when one ends', async () => {
  const { connected } = await subscriber();
  const subscriptions = [await connected.listen(first), await connected.listen(first)];
  expect(workspace.face.openStreams).toBe(2);
  await expect(connected.listen(first)).rejects.toThrow(/serves 2 event streams already.*Try again later/);
  await subscriptions[0]?.close();
  await vi.waitFor(() => expect(workspace.face.openStreams).toBe(1));
  await connected.listen(first);
});

test('a client that goes away leaves nothing behind', async () => {
  const { connected } = await subscriber();
  await connected.listen(first);
  expect(workspace.events.subscribers).toBe(1);
  await connected.close();
  await vi.waitFor(() => expect([workspace.face.openStreams, workspace.events.subscribers]).toEqual([0, 0]));
});

test('a stream ends in order within five seconds after its credential was revoked', async () => {
  const { connected } = await subscriber();
  const { closed } = await connected.listen(first);
  workspace.credentials.delete('ada');
  const started = performance.now();
  expect(await closed).toBe('graceful');
  expect(performance.now() - started).toBeLessThan(promisedMs);
});

test('a stream ends in order within five seconds after its credential has expired', async () => {
  workspace.credentials.set('short', principal({ expires_at: new Date(Date.now() + 500) }));
  const { connected } = await subscriber('short');
  const { closed } = await connected.listen(first);
  const started = performance.now();
  expect(await closed).toBe('graceful');
  expect(performance.now() - started).toBeLessThan(promisedMs);
});

test('streams end in order when the server stops, and no new one is opened; calls are still answered', async () => {
  const { connected } = await subscriber();
  const { closed } = await connected.listen(first);
  await workspace.face.close();
  expect(await closed).toBe('graceful');
  await expect(connected.listen(first)).rejects.toThrow(/shutting down/);
  expect(await connected.callTool({ name: 'whoami', arguments: {} })).toMatchObject({ structuredContent: { name: 'builder' } });
});

test('an idle stream is kept alive, and proxies are told not to buffer it', async () => {
  const response = await fetch(workspace.url, {
    method: 'POST',
    headers: {
      authorization: 'Bearer ada',
      'content-type': 'application/json',
      'mcp-protocol-version': '2026-07-28',
      'mcp-method': 'subscriptions/listen',
    },
    body: JSON.stringify({
      jsonrpc: '2.0',
      id: 'stream',
      method: 'subscriptions/listen',
      params: {
        notifications: first,
        _meta: { 'io.modelcontextprotocol/protocolVersion': '2026-07-28', 'io.modelcontextprotocol/clientCapabilities': {} },
      },
    }),
  });
  expect(response.headers.get('x-accel-buffering')).toBe('no');
  let seen = '';
  for await (const chunk of response.body ?? []) {
    seen += Buffer.from(chunk as Uint8Array).toString();
    if (seen.split(': keepalive').length > 2) break;
  }
  expect(seen).toMatch(/^event: message\ndata: .*notifications\/subscriptions\/acknowledged/);
});

test('a client of 2025 is promised subscriptions as well', async () => {
  const legacy = await connect('2025', { url: workspace.url, token: 'ada' });
  expect(legacy.resourceCapabilities()).toEqual({ subscribe: true, listChanged: true });
  await legacy.close();
});
