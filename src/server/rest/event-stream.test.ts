import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import type { Progress } from '../../operations/types.ts';
import { unavailable } from '../../platform/problem.ts';
import { streamCall, wantsEvents } from './event-stream.ts';

type Call = (progress: (progress: Progress) => void) => Promise<Record<string, unknown>>;

/** What a client reads of the call; what it throws before its first piece is answered with 500. */
async function answerOf(call: Call, keepAliveMs = 10_000): Promise<Response> {
  const server = createServer((_, outgoing) => {
    streamCall(outgoing, keepAliveMs, call).catch(() => outgoing.writeHead(500).end());
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  onTestFinished(() => void server.close());
  return fetch(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
}

const part = (text: string) => ({ done: 1, parts: [{ event: 'token', data: { text } }] });

test('pieces come as events, then all of it; progress without a piece is none', async () => {
  const answer = await answerOf(async (progress) => {
    progress({ done: 0 });
    progress(part('one\n'));
    return { answer: 'one' };
  });
  expect(answer.headers.get('content-type')).toBe('text/event-stream');
  expect(await answer.text()).toBe('event: token\ndata: {"text":"one\\n"}\n\nevent: done\ndata: {"answer":"one"}\n\n');
});

test('what fails after the first piece is an event', async () => {
  const answer = await answerOf(async (progress) => {
    progress(part('one'));
    throw unavailable({ message: 'It is away.', next: 'Try again.' });
  });
  expect(answer.status).toBe(200);
  expect(await answer.text()).toMatch(/event: error\ndata: {"error":{"code":"unavailable","message":"It is away\.",.*}}\n\n$/);
});

test('what takes time has comments, and its failure is an event then', async () => {
  const gate = Promise.withResolvers<Record<string, unknown>>();
  const answer = await answerOf(() => gate.promise, 20);
  expect(answer.status).toBe(200);
  gate.reject(unavailable({ message: 'It is away.', next: 'Try again.' }));
  expect(await answer.text()).toMatch(/^(?:: keep-alive\n\n)+event: error\ndata: /);
});

test('what fails before it is for others to answer', async () => {
  expect((await answerOf(() => Promise.reject(unavailable({ message: 'It is away.', next: 'Try again.' })))).status).toBe(500);
});

test('only who asks for events gets them', () => {
  expect(wantsEvents({ headers: { accept: 'text/event-stream' } })).toBe(true);
  expect(wantsEvents({ headers: { accept: 'application/json, text/event-stream' } })).toBe(true);
  expect(wantsEvents({ headers: { accept: '*/*' } })).toBe(false);
  expect(wantsEvents({ headers: {} })).toBe(false);
});
