/** Subscriptions of the whole server: what anybody does is heard by those who may see it, on every replica. */

import { rm } from 'node:fs/promises';
import type { Client } from '@modelcontextprotocol/client';
import { afterAll, afterEach, beforeAll, expect, test, vi } from 'vitest';
import { type Place, type TestServer, type TestUser, createPlace, signUp, startTestServer } from '../../support/server.ts';
import { createDataFolder } from '../../support/data-folder.ts';
import { connectSecond } from './support/clients.ts';

/** What is promised for a revoked credential. */
const promisedMs = 5_000;

/** Long enough for an event that would arrive wrongly: wake-ups take milliseconds, the poll a second. */
const soon = { timeout: 5_000 };

let place: Place;
/** Each server has a folder of its own for its control socket. */
let replicaData: string;
let servers: TestServer[];
let ada: TestUser;
const open: Client[] = [];

beforeAll(async () => {
  [place, replicaData] = [await createPlace(), await createDataFolder()];
  const secret = { BETTER_AUTH_SECRET: 'a secret that both replicas share, for tests', QUARTERDECK_URL: 'http://127.0.0.1:8000' };
  servers = [await startTestServer({ place, environment: secret })];
  // The embedded database serves one process; PostgreSQL serves as many replicas as there are.
  if (place.kind === 'postgres') servers.push(await startTestServer({ place: { ...place, data: replicaData }, environment: secret }));
  ada = await signUp(servers[0]?.url ?? '', 'Ada');
});
afterEach(async () => {
  await Promise.all(open.splice(0).map((client) => client.close()));
});
afterAll(async () => {
  await Promise.all(servers.map((server) => server.close()));
  await Promise.all([place.remove(), rm(replicaData, { recursive: true, force: true })]);
});

/** A subscriber at the last replica, while everything else happens at the first. */
async function subscriber(token: string) {
  const client = await connectSecond('2026-07-28', { url: `${servers.at(-1)?.url}/mcp`, token });
  open.push(client);
  const heard: string[] = [];
  client.setNotificationHandler('notifications/resources/updated', ({ params }) => void heard.push(params.uri));
  client.setNotificationHandler('notifications/resources/list_changed', () => void heard.push('list'));
  return { client, heard };
}

async function createTask(user: TestUser, title: string): Promise<string> {
  const { body } = await user.agent.post<{ task: { id: string } }>('/tasks', { title });
  return body.task.id;
}

test('a change over REST is heard by a subscriber over MCP, at another replica where there is one', async () => {
  const id = await createTask(ada, 'watched');
  const uri = `quarterdeck://tasks/${id}`;
  const { client, heard } = await subscriber(ada.key);
  await client.listen({ resourceSubscriptions: [uri], resourcesListChanged: true });
  await ada.agent.patch(`/tasks/${id}`, { priority: 'high' });
  await vi.waitFor(() => expect(heard).toEqual([uri]), soon);
  await createTask(ada, 'new');
  await vi.waitFor(() => expect(heard).toEqual([uri, 'list']), soon);
});

test('the same name is another task for everybody else, and is not heard', async () => {
  const ben = await signUp(servers[0]?.url ?? '', 'Ben');
  const mine = await createTask(ada, 'mine');
  const { client, heard } = await subscriber(ben.key);
  await client.listen({ resourceSubscriptions: [`quarterdeck://tasks/${mine}`], resourcesListChanged: true });
  await ada.agent.patch(`/tasks/${mine}`, { priority: 'high' });
  await createTask(ben, "Ben's own");
  // Ben's own event comes after Ada's in the outbox, so hers would have been heard before it.
  await vi.waitFor(() => expect(heard).toContain('list'), soon);
  expect(heard).toEqual(['list']);
});

test('a stream ends in order within five seconds after its key was revoked', async () => {
  const made = await ada.person.post<{ id: string; key: string }>('/keys', { name: 'short-lived' });
  const { client } = await subscriber(made.body.key);
  const { closed } = await client.listen({ resourcesListChanged: true });
  const started = performance.now();
  expect((await ada.person.delete(`/keys/${made.body.id}`)).status).toBe(200);
  expect(await closed).toBe('graceful');
  expect(performance.now() - started).toBeLessThan(promisedMs);
});
