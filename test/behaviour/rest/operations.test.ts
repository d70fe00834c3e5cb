import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type TestServer, type TestUser, signUp, startTestServer } from '../../support/server.ts';

let server: TestServer;
let ada: TestUser;

beforeAll(async () => {
  server = await startTestServer();
  ada = await signUp(server.url);
  await ada.person.post('/projects', { key: 'WEB', name: 'Website' });
});

afterAll(() => server.close());

type Task = { task: { id: string; version: number; title: string } };
type List = { items: { id: string }[]; next_cursor: string | null };

const create = async (fields: object = {}) =>
  (await ada.agent.post<Task>('/tasks', { title: 'A task', project: 'WEB', ...fields })).body.task;

describe('a route', () => {
  it('answers with the status of its operation', async () => {
    expect((await ada.agent.post('/tasks', { title: 'One', project: 'WEB' })).status).toBe(201);
    expect((await ada.agent.get('/tasks')).status).toBe(200);
  });

  it('with fixed words wins over one with a parameter', async () => {
    await create();
    expect(await ada.agent.get('/tasks/next?project=WEB')).toMatchObject({
      status: 200,
      body: { task: { id: expect.stringMatching(/^WEB-/) } },
    });
  });

  it('takes path parameters into the input', async () => {
    const { id } = await create({ title: 'Named' });
    expect((await ada.agent.get(`/tasks/${id}`)).body).toMatchObject({ task: { id, title: 'Named' } });
    expect((await ada.agent.patch(`/tasks/${id}`, { title: 'Renamed' })).body).toMatchObject({ task: { id, title: 'Renamed' } });
    expect((await ada.agent.delete(`/tasks/${id}?force=true`)).body).toMatchObject({ task_id: id, status: 'deleted' });
  });

  it('accepts the same field in path and body only with the same value', async () => {
    const { id } = await create();
    expect((await ada.agent.patch(`/tasks/${id}`, { task_id: id, title: 'Twice' })).status).toBe(200);
    const { status, body } = await ada.agent.patch(`/tasks/${id}`, { task_id: 'WEB-9999', title: 'Other' });
    expect({ status, body }).toMatchObject({ status: 422, body: { error: { message: expect.stringContaining('task_id') } } });
  });
});

describe('query parameters', () => {
  it('become numbers and booleans where the input has them', async () => {
    await create();
    await create();
    const { body } = await ada.agent.get<List>('/tasks?limit=1&ready=true&project=WEB');
    expect(body).toMatchObject({ items: [expect.any(Object)], next_cursor: expect.any(String) });
    const next = await ada.agent.get<List>(`/tasks?limit=1&ready=true&project=WEB&cursor=${body.next_cursor}`);
    expect(next.body.items[0]?.id).not.toBe(body.items[0]?.id);
  });

  it.each([
    'limit=',
    'limit=ten',
    'limit=0x10',
    'limit=1.5',
    'limit=201',
    'limit=1&limit=2',
    'ready=maybe',
    'status=lost',
    'cursor=forged',
  ])('%s is refused by name', async (query) => {
    const { status, body } = await ada.agent.get(`/tasks?${query}`);
    expect(status).toBe(422);
    expect(JSON.stringify(body)).toContain(query.split('=')[0]);
  });

  it('that nobody knows are refused, also those that name a prototype', async () => {
    for (const name of ['nope', '__proto__', 'constructor'])
      expect(await ada.agent.get(`/tasks?${name}=1`)).toMatchObject({
        status: 422,
        body: { error: { message: expect.stringContaining(name) } },
      });
  });

  it('are text where the input is text, commas and all', async () => {
    await create({ labels: ['a,b'] });
    expect((await ada.agent.get<List>('/tasks?label=a,b')).body.items).toHaveLength(1);
  });
});

describe('entity tags', () => {
  it('save sending what the client has', async () => {
    const { id } = await create();
    const first = await ada.agent.get(`/tasks/${id}`);
    const etag = first.headers.get('etag') ?? '';
    expect(first.headers.get('cache-control')).toBe('private, no-cache');
    expect(await ada.agent.get(`/tasks/${id}`, { 'if-none-match': etag })).toMatchObject({ status: 304, body: '' });
    expect(await ada.agent.get(`/tasks/${id}`, { 'if-none-match': `"other", W/${etag}` })).toMatchObject({ status: 304 });
    await ada.agent.patch(`/tasks/${id}`, { title: 'Changed' });
    expect(await ada.agent.get(`/tasks/${id}`, { 'if-none-match': etag })).toMatchObject({
      status: 200,
      body: { task: { title: 'Changed' } },
    });
  });

  it('of a list change with the list', async () => {
    const etag = (await ada.agent.get('/tasks?limit=200')).headers.get('etag') ?? '';
    expect((await ada.agent.get('/tasks?limit=200', { 'if-none-match': etag })).status).toBe(304);
    await create();
    expect((await ada.agent.get('/tasks?limit=200', { 'if-none-match': etag })).status).toBe(200);
  });

  it('never answer 304 to somebody who may not see the thing', async () => {
    const { id } = await create();
    const etag = (await ada.agent.get(`/tasks/${id}`)).headers.get('etag') ?? '';
    const eve = await signUp(server.url, 'Eve');
    expect((await eve.agent.get(`/tasks/${id}`, { 'if-none-match': etag })).status).toBe(404);
  });
});

describe('If-Match', () => {
  it('with a version is expected_version', async () => {
    const { id, version } = await create();
    expect((await ada.agent.patch(`/tasks/${id}`, { title: 'New' }, { 'if-match': `"${version}"` })).status).toBe(200);
    expect(await ada.agent.patch(`/tasks/${id}`, { title: 'Newer' }, { 'if-match': `"${version}"` })).toMatchObject({
      status: 409,
      body: { error: { code: 'version_conflict' } },
    });
  });

  it('that cannot be honoured is refused rather than ignored', async () => {
    const { id } = await create();
    expect((await ada.agent.patch(`/tasks/${id}`, { title: 'New' }, { 'if-match': '"abc"' })).status).toBe(422);
    expect((await ada.agent.post('/tasks', { title: 'New' }, { 'if-match': '"1"' })).status).toBe(422);
    expect((await ada.agent.get(`/tasks/${id}`)).body).toMatchObject({ task: { title: 'A task' } });
  });
});

describe('Idempotency-Key', () => {
  it('replays the answer instead of writing twice', async () => {
    const headers = { 'idempotency-key': 'once-1' };
    const first = await ada.agent.post<Task>('/tasks', { title: 'Once', project: 'WEB' }, headers);
    const second = await ada.agent.post<Task>('/tasks', { project: 'WEB', title: 'Once' }, headers);
    expect([second.status, second.body]).toEqual([201, first.body]);
    expect(await ada.agent.post('/tasks', { title: 'Twice', project: 'WEB' }, headers)).toMatchObject({
      status: 409,
      body: { error: { code: 'idempotency_mismatch' } },
    });
  });
});
