/** The same path in short with every other client: three tasks in a row are claimed and finished in their order. */

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { type TestServer, signUp, startTestServer } from '../support/server.ts';
import { type Agent, curlMcpAgent, curlRestAgent, hasCurl, inspectorAgent, sdkAgent } from '../support/story-agents.ts';
import { claim, finish } from '../support/story.ts';

let server: TestServer;
let home: string;

beforeAll(async () => {
  [server, home] = await Promise.all([startTestServer(), mkdtemp(join(tmpdir(), 'quarterdeck-home-'))]);
});
afterAll(async () => {
  await server?.close();
  if (home !== undefined) await rm(home, { recursive: true, force: true });
});

/** A new account, whose own tasks (`ME`) are the queue. */
async function account() {
  const { key } = await signUp(server.url);
  return { url: server.url, key };
}

async function tellShortly(agent: Agent): Promise<void> {
  const ids: string[] = [];
  for (const title of ['Plan', 'Build', 'Ship']) {
    const { task } = await agent.call('create_task', { title, depends_on: ids.slice(-1) });
    ids.push(task?.id ?? '');
  }
  const [first, ...others] = ids;
  expect(await claim(agent, 'ME', 60)).toEqual({ task_id: first, fence: 1 });
  // The others wait for this one.
  expect(await claim(agent, 'ME', 60)).toBeUndefined();
  await expect(agent.call('finish_task', { task_id: first, fence: 2 })).rejects.toMatchObject({ code: 'stale_claim' });
  await finish(agent, { task_id: first ?? '', fence: 1 });
  for (const id of others) {
    expect(await claim(agent, 'ME', 60)).toEqual({ task_id: id, fence: 1 });
    await finish(agent, { task_id: id, fence: 1 });
  }
  expect(await claim(agent, 'ME', 60)).toBeUndefined();
  await agent.close();
}

test('the client of the first SDK', async () => tellShortly(await sdkAgent('2025, first SDK', await account())));

/** The inspector starts a process of a second for each of its twelve calls. */
const inspectorTimeoutMs = 120_000;

/** One of them on each database: the era does not depend on the database, and the inspector is slow. */
const era = inject('databaseKind') === 'postgres' ? 'modern' : 'legacy';

test(
  `the inspector on the command line, in the ${era} era`,
  async () => tellShortly(inspectorAgent(era, await account(), home)),
  inspectorTimeoutMs,
);

test('curl alone, over REST', async ({ skip }) => {
  if (!(await hasCurl())) skip('curl is not installed');
  await tellShortly(curlRestAgent(await account()));
});

test('curl alone, over MCP', async ({ skip }) => {
  if (!(await hasCurl())) skip('curl is not installed');
  await tellShortly(curlMcpAgent(await account()));
});
