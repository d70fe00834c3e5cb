import { once } from 'node:events';
import { type Server, createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import { type KnownTask, askServer } from './questions.ts';

const task: KnownTask = { id: 'WEB-7', project: 'WEB', title: 'Draw the page', workspace_id: 'w', email: 'a@example.org' };

let server: Server;

afterEach(() => server.close());

async function answering(answers: Record<string, unknown>): Promise<string> {
  server = createServer((incoming, outgoing) => {
    const body = answers[new URL(incoming.url ?? '/', 'http://x').pathname];
    if (body === undefined) outgoing.destroy();
    else outgoing.end(JSON.stringify(body));
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

const passed = async (answers: Record<string, unknown>, about: KnownTask | null = task) =>
  (await askServer({ url: await answering(answers), task: about, key: 'qd_x', signal: undefined })).map((question) => question.passed);

const right = {
  '/health': { status: 'healthy' },
  '/tasks/WEB-7': { task: { title: task.title } },
  '/tasks': { items: [{ id: 'WEB-9' }, { id: 'WEB-7' }] },
};

test('the right answers pass', async () => {
  expect(await passed(right)).toEqual([true, true, true]);
});

test('a server that is not well, another title, and a list without the task do not', async () => {
  expect(
    await passed({ '/health': { status: 'degraded' }, '/tasks/WEB-7': { task: { title: 'Other' } }, '/tasks': { items: [] } }),
  ).toEqual([false, false, false]);
});

test('an error and no answer at all do not', async () => {
  expect(await passed({ '/health': { error: {} }, '/tasks': 'no list' })).toEqual([false, false, false]);
});

test('without a task there is only its health to ask for', async () => {
  expect(await passed(right, null)).toEqual([true]);
});
