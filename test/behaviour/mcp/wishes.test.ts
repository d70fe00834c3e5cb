/** What clients of 2025 hear over HTTP: changes of the resources that they are subscribed to, and messages from the level that they set. */

import {
  CallToolResultSchema,
  EmptyResultSchema,
  LoggingMessageNotificationSchema,
  ResourceUpdatedNotificationSchema,
} from '@modelcontextprotocol/sdk/types.js';
import { afterAll, beforeAll, expect, onTestFinished, test, vi } from 'vitest';
import type { Principal } from '../../../src/platform/identity/principal.ts';
import { type TestServer, type TestUser, signUp, startTestServer } from '../../support/server.ts';
import { connectFirst, connectSecond } from './support/clients.ts';
import { openKitchen } from './support/kitchen.ts';

const soon = { timeout: 20_000, interval: 50 };
const { instead, open } = openKitchen();
open('open');

let server: TestServer;
let ada: TestUser;
let ben: TestUser;
beforeAll(async () => {
  server = await startTestServer({ instead });
  [ada, ben] = [await signUp(server.url, 'Ada'), await signUp(server.url, 'Ben')];
});
afterAll(() => server.close());

interface Listener {
  /** URIs of resources that changed, and texts of messages. */
  heard: string[];
  client: { request(request: { method: string; params: object }): Promise<unknown> };
}

const endpoint = ({ key }: TestUser) => ({ url: `${server.url}/mcp`, token: key });

async function first(user: TestUser): Promise<Listener> {
  const heard: string[] = [];
  const client = await connectFirst(endpoint(user));
  onTestFinished(() => client.close());
  client.setNotificationHandler(ResourceUpdatedNotificationSchema, ({ params }) => void heard.push(params.uri));
  client.setNotificationHandler(LoggingMessageNotificationSchema, ({ params }) => void heard.push(String(params.data)));
  return {
    heard,
    client: {
      request: (request) => client.request(request as never, request.method === 'tools/call' ? CallToolResultSchema : EmptyResultSchema),
    },
  };
}

async function second(user: TestUser): Promise<Listener> {
  const heard: string[] = [];
  const client = await connectSecond('2025', endpoint(user));
  onTestFinished(() => client.close());
  client.setNotificationHandler('notifications/resources/updated', ({ params }) => void heard.push(params.uri));
  client.setNotificationHandler('notifications/message', ({ params }) => void heard.push(String(params.data)));
  return { heard, client: { request: (request) => client.request(request as never) } };
}

async function newTask({ agent }: TestUser): Promise<{ uri: string; change(): Promise<unknown> }> {
  const { body } = await agent.post<{ task: { id: string } }>('/tasks', { title: 'watched' });
  let changes = 0;
  const change = () => agent.patch(`/tasks/${body.task.id}`, { title: `changed ${++changes} times` });
  return { uri: `quarterdeck://tasks/${body.task.id}`, change };
}

test.each([
  ['second', second],
  ['first', first],
])('with the %s SDK a change is told from subscribing on, until unsubscribing', async (_, listen) => {
  const { heard, client } = await listen(ada);
  const [wanted, other] = [await newTask(ada), await newTask(ada)];
  await client.request({ method: 'resources/subscribe', params: { uri: wanted.uri } });
  // The client opens its stream by itself, some time after the handshake.
  await vi.waitFor(async () => {
    await other.change();
    await wanted.change();
    expect(heard).toContain(wanted.uri);
  }, soon);
  expect(heard).not.toContain(other.uri);

  await client.request({ method: 'resources/subscribe', params: { uri: other.uri } });
  await client.request({ method: 'resources/unsubscribe', params: { uri: wanted.uri } });
  heard.length = 0;
  await wanted.change();
  await other.change();
  await vi.waitFor(() => expect(heard).toContain(other.uri), soon);
  expect(heard).not.toContain(wanted.uri);
});

test('a stranger who subscribes hears nothing of it', async () => {
  const { heard, client } = await second(ben);
  await newTask(ada);
  // Tasks are numbered in each workspace, so this one is another than any of his.
  const [hers, his] = [await newTask(ada), await newTask(ben)];
  await client.request({ method: 'resources/subscribe', params: { uri: hers.uri } });
  await client.request({ method: 'resources/subscribe', params: { uri: his.uri } });
  await hers.change();
  await vi.waitFor(async () => {
    await his.change();
    expect(heard).toContain(his.uri);
  }, soon);
  expect(new Set(heard)).toEqual(new Set([his.uri]));
});

test.each([
  ['second', second],
  ['first', first],
])('with the %s SDK messages are told from the level that was set', async (_, listen) => {
  const { heard, client } = await listen(ada);
  const brew = () => client.request({ method: 'tools/call', params: { name: 'brew_tea', arguments: { gate: 'open' } } });
  await client.request({ method: 'logging/setLevel', params: { level: 'warning' } });
  await brew();
  expect(heard).toEqual([]);
  await client.request({ method: 'logging/setLevel', params: { level: 'info' } });
  await brew();
  await vi.waitFor(() => expect(heard).toEqual(['The water is hot.']), soon);
});

test('a credential is told of a hundred resources at most', async () => {
  const { wishes } = server.platform;
  const principal = { id: ben.key_id, workspace_id: ben.workspace.id, user_id: ben.user.id } as Principal;
  for (let number = 0; number < 100; number += 1)
    await wishes.subscribe(principal, `quarterdeck://tasks/ME-${1_000 + number}`).catch(() => undefined);
  await expect(wishes.subscribe(principal, 'quarterdeck://tasks/ME-5000')).rejects.toThrow('subscribed to 100 resources already');
});
