import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { insertJob } from '../../../src/platform/jobs/store.ts';
import { connectSecond } from '../mcp/support/clients.ts';
import { type TestServer, type TestUser, signUp, startTestServer } from '../../support/server.ts';

let server: TestServer;
let ada: TestUser;

beforeAll(async () => {
  server = await startTestServer({ environment: { QUARTERDECK_INGEST_AT_ONCE: '1000' } });
  ada = await signUp(server.url, 'Ada');
});
afterAll(() => server.close());

test('over REST what goes on as a job is 202, and what is done at once 201', async () => {
  const { agent } = ada;
  const large = await agent.post<{ job: { id: string } }>('/ingest', { content: 'Another sentence about the sea. '.repeat(100) });
  expect(large).toMatchObject({ status: 202, body: { job: { status: 'queued' } } });
  expect(await agent.get(`/jobs/${large.body.job.id}`)).toMatchObject({ status: 200, body: { job: { id: large.body.job.id } } });
  expect(await agent.post('/ingest', { content: 'A sentence.' })).toMatchObject({ status: 201, body: { change: 'created' } });
});

const agentOf = ({ key }: TestUser) => connectSecond('2026-07-28', { url: `${server.url}/mcp`, token: key });

test('over MCP a job is a resource, which says how far it is and how it ended', async () => {
  const agent = await agentOf(ada);
  const called = await agent.callTool({ name: 'ingest_source', arguments: { content: 'A sentence about the sea. '.repeat(100) } });
  const { job } = called.structuredContent as { job: { id: string } };
  const uri = `quarterdeck://jobs/${job.id}`;
  await vi.waitFor(
    async () => {
      const [read] = (await agent.readResource({ uri })).contents;
      expect(JSON.parse((read as { text: string }).text)).toMatchObject({ id: job.id, status: 'done', result: { change: 'created' } });
    },
    { timeout: 60_000, interval: 100 },
  );
  const stranger = await agentOf(await signUp(server.url, 'Eve'));
  await expect(stranger.readResource({ uri })).rejects.toThrow(/not.found|no job/i);
  await Promise.all([agent.close(), stranger.close()]);
});

test('whoever subscribed to it is told when something happens to it', async () => {
  const agent = await agentOf(ada);
  const { database, identity } = server.platform;
  const principal = await identity.principalOf(ada.email);
  // Of a kind that nobody works on, so that nothing happens before it is subscribed to.
  const id = crypto.randomUUID();
  await database.transaction(principal, { mode: 'write' }, (scope) => insertJob(scope, { id, kind: 'unknown', principal, input: {} }));
  const uri = `quarterdeck://jobs/${id}`;
  const heard: string[] = [];
  agent.setNotificationHandler('notifications/resources/updated', ({ params }) => void heard.push(params.uri));
  await agent.listen({ resourceSubscriptions: [uri] });
  await agent.callTool({ name: 'call_tool', arguments: { name: 'cancel_job', arguments: { job_id: id } } });
  await vi.waitFor(() => expect(heard).toEqual([uri]), { timeout: 60_000 });
  await agent.close();
});
