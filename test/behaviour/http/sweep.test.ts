import { expect, it, onTestFinished } from 'vitest';
import { signUp, startTestServer } from '../../support/server.ts';

it('a lease that runs out in a quiet project is returned, with an event', async () => {
  const server = await startTestServer({ environment: { QUARTERDECK_SWEEP_MS: '100' } });
  onTestFinished(() => server.close());
  const { agent } = await signUp(server.url);
  await agent.post('/tasks', { title: 'left alone' });
  await agent.post('/queue/claim', { project: 'ME', lease_seconds: 1 });
  const task = async () => (await agent.get<{ task: Record<string, unknown> }>('/tasks/ME-1?detail=full')).body.task;
  expect(await task()).toMatchObject({ status: 'in_progress' });
  await expect.poll(async () => JSON.stringify((await task())['history']), { timeout: 10_000 }).toContain('claim.expired');
  expect(await task()).toMatchObject({ status: 'pending', attempts: 1, claim: null });
});
