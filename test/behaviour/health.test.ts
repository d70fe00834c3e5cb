import { afterAll, beforeAll, expect, test } from 'vitest';
import { client, signUp, startTestServer, type TestServer } from '../support/server.ts';

let server: TestServer;

beforeAll(async () => {
  server = await startTestServer();
});

afterAll(() => server.close());

test('a fresh server is healthy', async () => {
  const { status, body } = await client(server.url).get('/health');
  expect({ status, body }).toMatchObject({ status: 200, body: { status: 'healthy', database: 'connected' } });
});

test('a person and their agent are in the same workspace', async () => {
  const { person, agent, workspace } = await signUp(server.url);
  const answers = await Promise.all([person.get('/me'), agent.get('/me')]);
  expect(answers.map(({ status }) => status)).toEqual([200, 200]);
  expect(answers.map(({ body }) => body)).toEqual([
    expect.objectContaining({ workspace: expect.objectContaining({ id: workspace.id }) }),
    expect.objectContaining({ workspace: expect.objectContaining({ id: workspace.id }) }),
  ]);
});
