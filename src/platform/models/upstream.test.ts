import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type ModelServer, startModelServer } from '../../../test/support/models.ts';
import { listen, openTestModels, patient, problemOf } from '../../../test/support/opened-models.ts';
import type { ChatRequest } from './types.ts';

let server: ModelServer;
beforeEach(async () => void (server = await startModelServer()));
afterEach(() => server.close());

const model = 'compatible:llama';
const open = (environment: Record<string, string> = {}, clock?: () => number) =>
  openTestModels({ QUARTERDECK_CHAT_MODEL: model, QUARTERDECK_CHAT_MODEL_URL: server.url, ...environment }, clock);

const question = (signal = patient()): ChatRequest => ({ system: '', messages: [{ role: 'user', content: 'Why?' }], signal });

describe('a call is tried again', () => {
  test.each([
    ['an error of the server', { status: 500 }],
    ['an overload', { status: 529 }],
    ['a limit of its rate', { status: 429, headers: { 'retry-after': '0' } }],
    ['a connection that is cut', 'cut' as const],
    ['an answer that breaks off before its first word', { pieces: [], ending: 'cut' as const }],
  ])('after %s', async (_what, reply) => {
    const { chat, metric } = await open();
    server.reply(reply, { pieces: ['Because.'] });
    expect(await chat.generate(question())).toMatchObject({ text: 'Because.' });
    expect(server.requests.length).toBe(2);
    expect(await metric('quarterdeck_model_retries_total', { model })).toBe(1);
    expect(chat.failure).toBeUndefined();
  });

  test('as often as the settings say, then the caller is told', async () => {
    const { chat, metric } = await open({ QUARTERDECK_MODEL_RETRIES: '1' });
    server.always = { status: 503, headers: { 'retry-after': '0' } };
    expect(await problemOf(chat.generate(question()))).toMatchObject({ code: 'model_unavailable', status: 503, retryable: true });
    expect(server.requests.length).toBe(2);
    expect(await metric('quarterdeck_model_call_duration_seconds_count', { model, outcome: 'server_error' })).toBe(1);
  });

  test('not before the time that the other side names', async () => {
    const { chat } = await open();
    server.reply({ status: 429, headers: { 'retry-after': '1' } });
    const started = performance.now();
    await chat.generate(question());
    // Timers may be a millisecond early.
    expect(performance.now() - started).toBeGreaterThan(990);
  });

  test('by the caller, where the other side wants a longer wait', async () => {
    const { chat } = await open();
    server.reply({ status: 429, headers: { 'retry-after': '90' } });
    const problem = await problemOf(chat.generate(question()));
    expect(problem).toMatchObject({ code: 'model_unavailable', next: 'Try again in 90 seconds.', details: { retry_after_seconds: 90 } });
    expect(problem.message).toContain('has reached its rate limit');
    expect(server.requests.length).toBe(1);
  });

  test.each([400, 401, 403, 404, 422])('never after status %i', async (status) => {
    const { chat } = await open();
    server.always = { status, body: { error: { message: 'No.' } } };
    expect(await problemOf(chat.generate(question()))).toMatchObject({ code: 'model_failed', retryable: false });
    expect(server.requests.length).toBe(1);
  });

  test('never after its first word', async () => {
    const { chat } = await open();
    server.reply({ pieces: ['Be'], ending: 'cut' });
    const { pieces, problem } = await listen(chat.stream(question()));
    expect(pieces).toEqual(['Be']);
    expect(problem).toMatchObject({ code: 'model_unavailable' });
    expect(server.requests.length).toBe(1);
  });
});

describe('a caller who goes', () => {
  test('ends the call upstream, with the reason of the signal', async () => {
    const { chat, metric } = await open();
    server.reply({ pieces: ['One '], ending: 'silence' });
    const leaving = new AbortController();
    const stream = chat.stream(question(leaving.signal));
    await stream.next();
    const rest = stream.next();
    leaving.abort(new Error('gone home'));
    await expect(rest).rejects.toThrow('gone home');
    expect(await server.requests[0]?.ended).toBe(false);
    expect(await metric('quarterdeck_model_call_duration_seconds_count', { model, outcome: 'cancelled' })).toBe(1);
  });

  test('does not wait for the next attempt', async () => {
    const { chat } = await open();
    server.reply({ status: 503, headers: { 'retry-after': '15' } });
    const leaving = new AbortController();
    const answer = chat.generate(question(leaving.signal));
    await expect.poll(() => server.requests.length, { timeout: 15_000 }).toBe(1);
    leaving.abort(new Error('gone home'));
    await expect(answer).rejects.toThrow('gone home');
  });

  test('before it has begun sends nothing', async () => {
    const { chat } = await open();
    await expect(chat.generate(question(AbortSignal.abort(new Error('never came'))))).rejects.toThrow('never came');
    expect(server.requests).toEqual([]);
  });
});

describe('a model that is slow', () => {
  test('to begin is given up after its silence, and the call upstream ends', async () => {
    const { chat } = await open({ QUARTERDECK_MODEL_SILENCE_MS: '200' });
    server.reply('silence');
    const problem = await problemOf(chat.generate(question()));
    expect(problem).toMatchObject({ code: 'model_unavailable' });
    expect(problem.message).toContain('took too long: nothing came within 200 ms.');
    expect(await server.requests[0]?.ended).toBe(false);
    expect(server.requests.length).toBe(1);
  });

  test('to go on is given up too', async () => {
    const { chat } = await open({ QUARTERDECK_MODEL_SILENCE_MS: '200' });
    server.reply({ pieces: ['One '], ending: 'silence' });
    const { pieces, problem } = await listen(chat.stream(question()));
    expect(pieces).toEqual(['One ']);
    expect(String(problem)).toContain('nothing came within 200 ms');
  });

  test('is not blamed for a caller who takes its time with a piece', async () => {
    const { chat } = await open({ QUARTERDECK_MODEL_SILENCE_MS: '100' });
    const rest = Promise.withResolvers<void>();
    server.reply({ pieces: ['One ', rest.promise, 'two '] });
    const stream = chat.stream(question());
    await stream.next();
    await new Promise((resolve) => setTimeout(resolve, 300));
    rest.resolve();
    expect(await listen(stream)).toMatchObject({ pieces: ['two '], problem: undefined });
  });

  test('in all is given up, with the attempts and their waits', async () => {
    const { chat } = await open({ QUARTERDECK_MODEL_SILENCE_MS: '300', QUARTERDECK_MODEL_TOTAL_MS: '300' });
    server.always = { status: 503, headers: { 'retry-after': '15' } };
    const problem = await problemOf(chat.generate(question()));
    expect(problem.message).toContain('no end of the answer within 300 ms');
  });
});

describe('a model that fails several times in a row', () => {
  /** Opened with two failures, by calls that are not repeated. */
  async function openBroken() {
    let now = 0;
    const environment = { QUARTERDECK_MODEL_RETRIES: '0', QUARTERDECK_MODEL_BREAKER_FAILURES: '2', QUARTERDECK_MODEL_BREAKER_MS: '30000' };
    const opened = await open(environment, () => now);
    server.reply({ status: 500 }, { status: 500 });
    for (const _ of [1, 2]) await problemOf(opened.chat.generate(question()));
    const { chat, lines, metric } = opened;
    return { chat, lines, metric, later: (ms: number) => void (now += ms) };
  }

  test('is not called for a while: callers are told at once, and when to try again', async () => {
    const { chat, later, lines, metric } = await openBroken();
    later(10_000);
    const problem = await problemOf(chat.generate(question()));
    expect(problem).toMatchObject({ code: 'model_unavailable', next: 'Try again in 20 seconds.', details: { retry_after_seconds: 20 } });
    expect(problem.message).toMatch(
      /^The chat model compatible:llama at \S+ failed several times in a row \(status 500\), and is not called for a while\.$/,
    );
    expect(server.requests.length).toBe(2);
    expect(chat.failure).toBe('The chat model failed several times in a row (status 500). It is tried again in 20 seconds.');
    expect(lines.filter((line) => line.includes('failed several times in a row'))).toHaveLength(1);
    expect(await metric('quarterdeck_model_call_duration_seconds_count', { model, outcome: 'not_called' })).toBe(1);
  });

  test('is not tried again by the call that was the last straw, which tells what it met', async () => {
    const { chat } = await open({ QUARTERDECK_MODEL_BREAKER_FAILURES: '2' });
    server.always = { status: 500, headers: { 'retry-after': '0' } };
    expect((await problemOf(chat.generate(question()))).message).toContain('failed (status 500)');
    expect(server.requests.length).toBe(2);
  });

  test('is tried by one call when the time is over, and by all when that one succeeds', async () => {
    const { chat, later, lines } = await openBroken();
    later(30_000);
    server.reply({ pieces: ['One '], ending: 'silence' });
    const trying = chat.stream(question());
    await trying.next();
    expect(await problemOf(chat.generate(question()))).toMatchObject({ code: 'model_unavailable', details: { retry_after_seconds: 1 } });
    await trying.return();
    // It left without the end, which says nothing; the next one may try.
    expect(await chat.generate(question())).toMatchObject({ finish: 'stop' });
    expect(chat.failure).toBeUndefined();
    expect(lines.join('')).toContain('a model answers again');
    await chat.generate(question());
  });

  test('is left alone for as long again when that call fails', async () => {
    const { chat, later } = await openBroken();
    later(31_000);
    server.reply({ status: 502 });
    await problemOf(chat.generate(question()));
    expect(await problemOf(chat.generate(question()))).toMatchObject({ details: { retry_after_seconds: 30 } });
  });

  test('does not take the other model with it', async () => {
    const { chat, embedding } = await open({
      QUARTERDECK_MODEL_RETRIES: '0',
      QUARTERDECK_MODEL_BREAKER_FAILURES: '1',
      QUARTERDECK_EMBEDDING_MODEL: 'compatible:nomic-embed-text',
      QUARTERDECK_EMBEDDING_MODEL_URL: server.url,
    });
    server.reply({ status: 500 });
    await problemOf(chat.generate(question()));
    expect(chat.failure).toContain('failed several times');
    expect(await embedding.dimension(patient())).toBe(256);
    expect(embedding.failure).toBeUndefined();
  });

  test('is not one that refuses: the settings are wrong, and health says which, until a call succeeds', async () => {
    const { chat } = await open({ QUARTERDECK_MODEL_BREAKER_FAILURES: '1' });
    server.reply({ status: 404, body: { error: { message: 'model "llama" not found' } } });
    expect((await problemOf(chat.generate(question()))).next).toBe(
      'Whoever runs the server must check the name in QUARTERDECK_CHAT_MODEL, and QUARTERDECK_CHAT_MODEL_URL.',
    );
    expect(chat.failure).toBe(
      'The chat model refused the last call (status 404). Whoever runs the server must check the name in QUARTERDECK_CHAT_MODEL, and QUARTERDECK_CHAT_MODEL_URL.',
    );
    await chat.generate(question());
    expect(chat.failure).toBeUndefined();
  });
});

test('no more calls are under way at once than the settings allow; the others wait for their turn', async () => {
  const { chat } = await open({ QUARTERDECK_MODEL_CONCURRENCY: '2' });
  server.reply({ pieces: ['One '], ending: 'silence' }, { pieces: ['One '], ending: 'silence' });
  const [first, second] = [chat.stream(question()), chat.stream(question())];
  await Promise.all([first.next(), second.next()]);
  const third = chat.generate(question());
  await new Promise((resolve) => setTimeout(resolve, 50));
  expect(server.requests.length).toBe(2);
  await first.return();
  expect(await third).toMatchObject({ finish: 'stop' });
  await second.return();
});

describe('a caller with less time than the settings allow', () => {
  test('is told that the model took too long', async () => {
    const { chat, metric } = await open();
    server.always = 'silence';
    const problem = await problemOf(chat.generate({ ...question(), withinMs: 50 }));
    expect(problem).toMatchObject({ code: 'model_unavailable', message: expect.stringContaining('took too long') as string });
    expect(await metric('quarterdeck_model_call_duration_seconds_count', { model, outcome: 'timed_out' })).toBe(1);
    expect(await server.requests[0]?.ended).toBe(false);
  });

  test('does not wait longer for a place either', async () => {
    const { chat } = await open({ QUARTERDECK_MODEL_CONCURRENCY: '1' });
    const gate = Promise.withResolvers<void>();
    server.always = { pieces: [gate.promise, 'Because.'] };
    const first = chat.generate(question());
    await expect.poll(() => server.requests.length).toBe(1);
    const problem = await problemOf(chat.generate({ ...question(), withinMs: 50 }));
    expect(problem).toMatchObject({ code: 'model_unavailable', message: expect.stringContaining('is busy') as string });
    gate.resolve();
    expect(await first).toMatchObject({ text: 'Because.' });
    expect(server.requests.length).toBe(1);
  });
});

test('closing ends the calls under way', async () => {
  const { chat, models } = await open();
  server.reply({ pieces: ['One '], ending: 'silence' });
  const stream = chat.stream(question());
  await stream.next();
  const rest = problemOf(stream.next());
  await models.close();
  expect(await rest).toMatchObject({ code: 'model_unavailable', message: 'The server is stopping.' });
  expect(await server.requests[0]?.ended).toBe(false);
});

test('tokens, calls and their time are counted by model', async () => {
  const { chat, metric } = await open();
  await chat.generate(question());
  await chat.generate(question());
  expect(await metric('quarterdeck_model_tokens_total', { model, direction: 'input' })).toBe(22);
  expect(await metric('quarterdeck_model_tokens_total', { model, direction: 'output' })).toBe(10);
  expect(await metric('quarterdeck_model_call_duration_seconds_count', { model, outcome: 'ok' })).toBe(2);
});
