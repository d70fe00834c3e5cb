import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type ModelServer, startModelServer } from '../../../test/support/models.ts';
import { listen, openTestModels, patient, problemOf } from '../../../test/support/opened-models.ts';
import type { ChatRequest } from './types.ts';

let server: ModelServer;
beforeEach(async () => void (server = await startModelServer()));
afterEach(() => server.close());

const providers: Record<string, Record<string, string>> = {
  openai: { QUARTERDECK_CHAT_MODEL: 'openai:gpt-test', OPENAI_API_KEY: 'sk-openai-0123456789abcdef' },
  anthropic: { QUARTERDECK_CHAT_MODEL: 'anthropic:claude-test', ANTHROPIC_API_KEY: 'sk-ant-0123456789abcdef' },
  compatible: { QUARTERDECK_CHAT_MODEL: 'compatible:llama', QUARTERDECK_CHAT_MODEL_KEY: 'own-key-0123456789' },
};

const open = (provider = 'compatible', environment: Record<string, string> = {}, clock?: () => number) =>
  openTestModels({ QUARTERDECK_CHAT_MODEL_URL: server.url, ...providers[provider], ...environment }, clock);

const question = (content = 'Hello there', more: Partial<ChatRequest> = {}): ChatRequest => ({
  system: 'Be brief.',
  messages: [{ role: 'user', content }],
  signal: patient(),
  ...more,
});

describe.each(Object.keys(providers))('a chat model of %s', (provider) => {
  test('answers in pieces as they are written, then says why it ended and what it took', async () => {
    const { chat } = await open(provider);
    server.reply({ pieces: ['One ', 'two ', 'three.'] });
    expect(await listen(chat.stream(question()))).toEqual({
      pieces: ['One ', 'two ', 'three.'],
      end: { type: 'end', finish: 'stop', usage: { input_tokens: 11, output_tokens: 5 } },
      problem: undefined,
    });
  });

  test('has given a piece before the next one is written', async () => {
    const { chat } = await open(provider);
    server.reply({ pieces: ['One '], ending: 'silence' });
    const stream = chat.stream(question());
    expect(await stream.next()).toEqual({ done: false, value: { type: 'text', text: 'One ' } });
    await stream.return();
    expect(await server.requests[0]?.ended).toBe(false);
  });

  test('gets what we say apart from what others say, its own key, and the limit of the answer', async () => {
    const { chat } = await open(provider);
    await chat.generate(question('Which?', { maxOutputTokens: 50 }));
    const [first] = server.requests;
    if (first === undefined) throw new Error('nothing was sent');
    const { headers, body } = first;
    const sent = JSON.stringify(body.messages);
    expect(sent).toContain('Which?');
    if (provider === 'anthropic') {
      expect(headers['x-api-key']).toBe('sk-ant-0123456789abcdef');
      expect(body).toMatchObject({ model: 'claude-test', max_tokens: 50, system: [{ type: 'text', text: 'Be brief.' }] });
    } else {
      expect(headers.authorization).toBe(provider === 'openai' ? 'Bearer sk-openai-0123456789abcdef' : 'Bearer own-key-0123456789');
      expect(body.messages[0]).toEqual({ role: 'system', content: 'Be brief.' });
      expect(body).toMatchObject(provider === 'openai' ? { max_completion_tokens: 50 } : { max_tokens: 50 });
      expect(Object.keys(body)).not.toContain(provider === 'openai' ? 'max_tokens' : 'max_completion_tokens');
    }
  });

  test('that breaks off is a problem, also after some text, and not the end of the answer', async () => {
    const { chat } = await open(provider, { QUARTERDECK_MODEL_RETRIES: '0' });
    for (const ending of ['cut', 'end'] as const) {
      server.reply({ pieces: ['One '], ending });
      const { pieces, end, problem } = await listen(chat.stream(question()));
      expect({ pieces, end }).toEqual({ pieces: ['One '], end: undefined });
      expect(problem).toMatchObject({ code: 'model_unavailable', retryable: true });
    }
  });

  test('that tells an error in the middle of its answer is a problem', async () => {
    const { chat } = await open(provider);
    const error = { type: 'error', error: { type: 'overloaded_error', message: 'Overloaded' } };
    server.reply({ pieces: ['One '], ending: { event: error } });
    const { pieces, problem } = await listen(chat.stream(question()));
    expect(pieces).toEqual(['One ']);
    expect(problem).toMatchObject({ code: 'model_unavailable' });
  });

  test('has its key in no line of the log and in no problem, though the other side repeats it', async () => {
    const { chat, lines } = await open(provider);
    const key = Object.values(providers[provider] ?? {})[1] ?? '';
    server.always = {
      status: 401,
      body: { type: 'error', error: { message: `Incorrect API key provided: ${key}. You sent: ${key}`, type: 'auth' } },
    };
    const problem = await problemOf(chat.generate(question()));
    expect(problem).toMatchObject({ code: 'model_failed', status: 502, retryable: false });
    expect(problem.message).toMatch(/^The chat model \S+ at 127\.0\.0\.1:\d+ refused the call \(status 401\)\.$/);
    expect(
      `${problem.message} ${problem.next} ${JSON.stringify(problem.details)} ${String(problem.cause)} ${lines.join('')}`,
    ).not.toContain(key);
    expect(String(problem.cause)).toContain('Incorrect API key provided: [redacted]');
    expect(problem.next).toContain(
      { openai: 'OPENAI_API_KEY', anthropic: 'ANTHROPIC_API_KEY', compatible: 'QUARTERDECK_CHAT_MODEL_KEY' }[provider] ?? '-',
    );
  });
});

describe('an answer', () => {
  test('that was cut at its limit, or by a filter, says so', async () => {
    const { chat } = await open();
    server.reply({ pieces: ['Half of'], finish: 'length' }, { pieces: [], finish: 'content_filter' });
    expect(await chat.generate(question())).toMatchObject({ text: 'Half of', finish: 'length' });
    expect(await chat.generate(question())).toMatchObject({ text: '', finish: 'filtered' });
  });

  test('comes whole as well', async () => {
    const { chat } = await open();
    server.answer = (message) => `Answer to ${message}`;
    expect(await chat.generate(question('this'))).toEqual({
      text: 'Answer to this',
      finish: 'stop',
      usage: { input_tokens: 11, output_tokens: 5 },
    });
  });

  test.each([
    ['an event that is not JSON', { pieces: [], ending: { event: '<html>secret page</html>' } }, 'model_failed'],
    ['an event that is other JSON', { pieces: [], ending: { event: { choices: 'secret page' } } }, 'model_failed'],
    ['a page in place of the events', { status: 200, body: '<html>secret page</html>' }, 'model_unavailable'],
  ])('with %s is refused, and that text goes to nobody', async (_what, reply, code) => {
    const { chat, lines } = await open('compatible', { QUARTERDECK_MODEL_RETRIES: '0' });
    server.reply(reply);
    const problem = await problemOf(chat.generate(question()));
    expect(problem.code).toBe(code);
    expect(`${problem.message}${problem.next}${String(problem.cause)}${lines.join('')}`).not.toContain('secret page');
  });
});

describe('the budget', () => {
  test('refuses what is too long before it is sent, and says how long it may be', async () => {
    const { chat } = await open('compatible', { QUARTERDECK_CHAT_MAX_INPUT_TOKENS: '256' });
    const problem = await problemOf(chat.generate(question('word '.repeat(250))));
    expect(problem).toMatchObject({ code: 'model_input_too_long', status: 422, details: { limit: 256, tokens: 261 } });
    expect(problem.message).toContain('About 261 tokens are more than the 256');
    expect(server.requests).toEqual([]);
    await chat.generate(question('word '.repeat(140)));
  });

  test('of the answer is never more than the settings allow', async () => {
    const { chat } = await open('compatible', { QUARTERDECK_CHAT_MAX_OUTPUT_TOKENS: '100' });
    await chat.generate(question('a', { maxOutputTokens: 5_000 }));
    await chat.generate(question('a'));
    expect(server.requests.map(({ body }) => body.max_tokens)).toEqual([100, 100]);
  });

  test('of the model itself is worded the same way', async () => {
    const { chat } = await open();
    server.reply({
      status: 400,
      body: { error: { message: "This model's maximum context length is 4096 tokens.", code: 'context_length_exceeded' } },
    });
    expect(await problemOf(chat.generate(question()))).toMatchObject({ code: 'model_input_too_long' });
    expect(chat.failure).toBeUndefined();
  });
});

test('models are told apart from the vendors: none gets the key of another', async () => {
  const { chat } = await open('compatible', { OPENAI_API_KEY: 'sk-openai-0123456789abcdef', ANTHROPIC_API_KEY: 'sk-ant-0123456789abcdef' });
  await chat.generate(question());
  expect(JSON.stringify(server.requests[0]?.headers)).not.toMatch(/sk-/);
});

test('a redirect is not followed: the text goes nowhere else', async () => {
  const other = await startModelServer();
  try {
    const { chat } = await open('compatible', { QUARTERDECK_MODEL_RETRIES: '0' });
    server.reply({ status: 307, headers: { location: `${other.url}/chat/completions` } });
    expect(await problemOf(chat.generate(question()))).toMatchObject({ code: 'model_unavailable' });
    expect(other.requests).toEqual([]);
  } finally {
    await other.close();
  }
});
