import { Writable } from 'node:stream';
import { pino } from 'pino';
import { expect, it, onTestFinished } from 'vitest';
import { client, signUp, startTestServer } from '../../support/server.ts';

it('each request is one line with its route, status, time, caller and id, and nothing private', async () => {
  const lines: Record<string, unknown>[] = [];
  const stream = new Writable({
    write(chunk, _encoding, done) {
      lines.push(JSON.parse(String(chunk)) as Record<string, unknown>);
      done();
    },
  });
  const server = await startTestServer({ log: pino({}, stream) });
  onTestFinished(() => server.close());
  expect(lines).toContainEqual(expect.objectContaining({ msg: 'listening', url: server.url }));

  const { agent, key, key_id } = await signUp(server.url);
  await agent.post('/tasks', { title: 'a private title' });
  await client(server.url, key).get('/tasks/ME-1?detail=full', { 'x-request-id': 'mine' });
  const line = () => lines.find(({ request_id }) => request_id === 'mine');
  await expect.poll(line).toBeDefined();
  expect(line()).toMatchObject({
    msg: 'request',
    method: 'GET',
    route: '/tasks/{task_id}',
    status: 200,
    ms: expect.any(Number),
    principal: key_id,
  });
  expect(JSON.stringify(lines)).not.toMatch(/a private title|detail=|ME-1|qd_|password/);
});
