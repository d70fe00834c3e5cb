/** Long calls of a replica that is killed, as another replica tells of them. */

import { join } from 'node:path';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { send } from '../behaviour/mcp/support/send.ts';
import { type Place, type SpawnedServer, createPlace, signUp, spawnServer } from '../support/server.ts';

let place: Place;
beforeAll(async () => void (place = await createPlace('postgres')));
afterAll(() => place.remove());

async function start(): Promise<SpawnedServer> {
  const server = await spawnServer({
    place,
    command: [join(import.meta.dirname, '..', 'behaviour', 'mcp', 'support', 'kitchen-program.ts')],
    environment: {
      BETTER_AUTH_SECRET: 'the secret of every server on this database',
      QUARTERDECK_REPLICAS: '2',
      QUARTERDECK_URL: 'http://127.0.0.1:9',
      QUARTERDECK_LONG_CALL_LEASE_SECONDS: '6',
    },
  });
  onTestFinished(() => server.close());
  return server;
}

test('what it worked on has failed, what had ended is there, and what waits for an answer is answered elsewhere', async () => {
  const [one, other] = [await start(), await start()];
  const { key: token } = await signUp(one.url);
  const ask = async (server: SpawnedServer, method: string, params: Record<string, unknown>) =>
    (await send(`${server.url}/mcp`, method, params, { token })).result;
  const brew = async (input: object) => (await ask(one, 'tools/call', { name: 'brew_tea', arguments: input })).taskId as string;
  const reach = async (taskId: string, status: string) => {
    await expect.poll(async () => (await ask(other, 'tasks/get', { taskId })).status as unknown, { timeout: 60_000 }).toBe(status);
    return ask(other, 'tasks/get', { taskId });
  };

  const [lost, ended, asking] = [await brew({ gate: 'closed' }), await brew({ gate: 'open' }), await brew({ gate: 'open', ask: true })];
  await reach(ended, 'completed');
  const { inputRequests } = await reach(asking, 'input_required');
  // As long as its replica lives the call goes on, however long the lease.
  await new Promise((resolve) => setTimeout(resolve, 7_000));
  await reach(lost, 'working');

  await one.kill('SIGKILL');
  expect((await reach(lost, 'failed')).error).toMatchObject({ code: -32603, message: expect.stringContaining('is gone') });
  expect((await reach(ended, 'completed')).result).toMatchObject({ structuredContent: { tea: 'green' } });
  const [question = ''] = Object.keys(inputRequests as object);
  const inputResponses = { [question]: { action: 'accept', content: { sure: true } } };
  await ask(other, 'tasks/update', { taskId: asking, inputResponses });
  expect((await reach(asking, 'completed')).result).toMatchObject({ structuredContent: { tea: 'green' } });
});
