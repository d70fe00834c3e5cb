/** An answer as a stream of events: pieces, the end, what keeps the connection, and how long it may take. */

import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { type Answer, type Caller, houseOf } from '../../support/house.ts';
import { type ModelServer, startModelServer } from '../../support/models.ts';
import { type TestServer, startTestServer } from '../../support/server.ts';

const requestMs = 1_000;
const answerMs = 2_500;

let upstream: ModelServer;
let server: TestServer;
let ada: Caller;

beforeAll(async () => {
  upstream = await startModelServer();
  const environment = {
    QUARTERDECK_CHAT_MODEL: 'compatible:scripted',
    QUARTERDECK_CHAT_MODEL_URL: upstream.url,
    QUARTERDECK_MODEL_RETRIES: '0',
    QUARTERDECK_MODEL_BREAKER_FAILURES: '1000',
    QUARTERDECK_ANSWER_MS: String(answerMs),
    QUARTERDECK_KEEP_ALIVE_MS: '50',
    QUARTERDECK_REQUEST_TIMEOUT_MS: String(requestMs),
    QUARTERDECK_STATEMENT_TIMEOUT_MS: '900',
    QUARTERDECK_POOL_TIMEOUT_MS: '900',
    QUARTERDECK_LOCK_TIMEOUT_MS: '500',
  };
  server = await startTestServer({ environment });
  ada = await houseOf(server.platform).person('Ada');
});
afterAll(async () => {
  await server.close();
  await upstream.close();
});
beforeEach(() => {
  upstream.requests.length = 0;
  upstream.always = undefined;
});

const question = 'How long is the lease of a claim?';
const sentence = 'It is 15 minutes [1: "a lease of 15 minutes"]. ';

let projects = 0;
async function project(): Promise<string> {
  projects += 1;
  const key = `S${projects}`;
  await ada.call('create_project', { key, name: key });
  const content = 'A claim has a lease of 15 minutes. When it runs out, the task is free again.';
  await ada.call('ingest_source', { project: key, title: 'Leases', content });
  return key;
}

const stream = (body: object, signal?: AbortSignal) =>
  fetch(new URL('/ask', server.url), {
    method: 'POST',
    headers: { authorization: `Bearer ${ada.token}`, 'content-type': 'application/json', accept: 'text/event-stream' },
    body: JSON.stringify(body),
    ...(signal === undefined ? {} : { signal }),
  });

test('an answer comes sentence by sentence, each once it is checked', async () => {
  const key = await project();
  const gate = Promise.withResolvers<void>();
  upstream.always = {
    pieces: [
      'It is 15 min',
      'utes [1: "a lease of',
      ' 15 minutes"]. It is lo',
      'ng [2: "no such thing"]. ',
      gate.promise,
      'Then it is free [1: "free again"].',
    ],
  };
  const response = await stream({ question, project: key });
  expect(response.headers.get('content-type')).toBe('text/event-stream');
  const events = eventsOf(response);
  expect((await events.next()).value).toMatchObject({ event: 'citation', data: { n: 1, quote: 'a lease of 15 minutes' } });
  expect((await events.next()).value).toEqual({ event: 'token', data: { text: 'It is 15 minutes [1]. ' } });
  gate.resolve();
  const rest = await all(events);
  expect(rest.map(({ event }) => event)).toEqual(['citation', 'token', 'done']);
  expect(rest.at(-1)?.data).toMatchObject({
    answer: 'It is 15 minutes [1]. Then it is free [2].',
    dropped_citations: 1,
    mode: 'generated',
  });
});

test('what fails before the first piece has a status of its own', async () => {
  const response = await stream({ question, project: 'NONE' });
  expect([response.status, response.headers.get('content-type')]).toEqual([404, 'application/json']);
});

test('the call of the model ends when the reader goes', async () => {
  const key = await project();
  upstream.always = { pieces: ['It is 15 minutes [1: "a lease of 15 minutes"]. Then'], ending: 'silence' };
  const leaving = new AbortController();
  const events = eventsOf(await stream({ question, project: key, conversation_id: 'left' }, leaving.signal));
  await events.next();
  leaving.abort();
  expect(await upstream.requests[0]?.ended).toBe(false);
});

test('comments keep the connection while the model thinks, for longer than a request may take', async () => {
  const key = await project();
  upstream.always = { pieces: [sleep(requestMs + 300), sentence] };
  const comments: string[] = [];
  const events = await all(eventsOf(await stream({ question, project: key }), comments));
  expect(comments.length).toBeGreaterThan(5);
  expect(new Set(comments)).toEqual(new Set([': keep-alive']));
  expect(events.map(({ event }) => event)).toEqual(['citation', 'token', 'done']);
  expect(events.at(-1)?.data).toMatchObject({ answer: 'It is 15 minutes [1].', mode: 'generated' });
});

test('a model that says nothing has its own time, then there are quotes', async () => {
  const key = await project();
  upstream.always = 'silence';
  const started = performance.now();
  const events = await all(eventsOf(await stream({ question, project: key })));
  expect(performance.now() - started).toBeGreaterThan(answerMs - 100);
  expect(events.at(-1)).toMatchObject({
    event: 'done',
    data: { mode: 'extractive', degraded: expect.stringContaining('took too long') as string },
  });
  expect(await upstream.requests[0]?.ended).toBe(false);
});

test('a reader that goes before the first piece ends the call of the model as well', async () => {
  const key = await project();
  upstream.always = 'silence';
  const leaving = new AbortController();
  const response = await stream({ question, project: key }, leaving.signal);
  expect(response.headers.get('content-type')).toBe('text/event-stream');
  await expect.poll(() => upstream.requests).toHaveLength(1);
  leaving.abort();
  const left = performance.now();
  expect(await upstream.requests[0]?.ended).toBe(false);
  expect(performance.now() - left).toBeLessThan(answerMs / 2);
});

interface Streamed {
  event: string;
  data: Answer;
}

async function all(events: AsyncIterable<Streamed>): Promise<Streamed[]> {
  const found: Streamed[] = [];
  for await (const event of events) found.push(event);
  return found;
}

async function* eventsOf(response: Response, comments: string[] = []): AsyncGenerator<Streamed> {
  let text = '';
  for await (const chunk of (response.body ?? new ReadableStream<Uint8Array>()).pipeThrough(new TextDecoderStream())) {
    text += chunk;
    const events = text.split('\n\n');
    text = events.pop() ?? '';
    comments.push(...events.filter((one) => one.startsWith(':')));
    for (const one of events.filter((other) => !other.startsWith(':'))) {
      const [, event = '', data = ''] = /^event: (.*)\ndata: (.*)$/.exec(one) ?? [];
      yield { event, data: JSON.parse(data) };
    }
  }
}
