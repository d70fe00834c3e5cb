/** What the server does with models: none without the settings; with them an operation can call one, and health and metrics tell how it is. */

import { request } from 'node:http';
import { Writable } from 'node:stream';
import { afterEach, beforeEach, expect, onTestFinished, test } from 'vitest';
import { z } from 'zod';
import { type Operation, defineOperation } from '../../src/operations/operation.ts';
import { createLog } from '../../src/platform/telemetry/log.ts';
import { offersOf } from '../../src/server/mcp/offers.ts';
import { toolsets } from '../../src/toolsets/index.ts';
import { startCollector } from '../support/collector.ts';
import { type ModelServer, startModelServer } from '../support/models.ts';
import { createTestDatabase } from '../support/postgres.ts';
import { client, signUp, spawnServer, startTestServer } from '../support/server.ts';

const key = 'sk-0123456789abcdefghij';
const chat = { QUARTERDECK_CHAT_MODEL: 'openai:gpt-test', OPENAI_API_KEY: key, QUARTERDECK_MODEL_RETRIES: '0' };

const answerQuestion: unknown = defineOperation({
  name: 'answer_question',
  title: 'Test',
  description: 'Lets the chat model answer.',
  access: 'read',
  scope: 'tasks:read',
  transaction: 'none',
  input: z.strictObject({ question: z.string() }),
  output: z.object({ answer: z.string() }),
  http: { method: 'POST', path: '/test/answer' },
  async handler({ models, signal }, { question }) {
    if (models.chat === undefined) return { answer: 'there is no model' };
    const { text } = await models.chat.generate({ system: 'Be brief.', messages: [{ role: 'user', content: question }], signal });
    return { answer: text };
  },
});

const instead = {
  toolsets: [...toolsets, { name: 'answers', description: 'Test.', operations: [answerQuestion as Operation] }],
  offers: offersOf,
  questions: <Same>(ours: Same) => ours,
};

let upstream: ModelServer;
beforeEach(async () => void (upstream = await startModelServer()));
afterEach(() => upstream.close());

async function start(environment: Record<string, string>) {
  const lines: string[] = [];
  const output = new Writable({ write: (line: Buffer, _encoding, done) => (lines.push(line.toString()), done()) });
  const server = await startTestServer({ kind: 'embedded', instead, environment, log: createLog({ logLevel: 'debug' }, output) });
  onTestFinished(() => server.close());
  return { server, lines, user: await signUp(server.url) };
}

/** Prints the name of each package of models that the process loads. */
const watcher = `import { registerHooks } from 'node:module';
registerHooks({ resolve(name, context, next) {
  if (/^@(ai-sdk|huggingface)\\/(?!provider)/.test(name)) process.stderr.write('loaded ' + name + '\\n');
  return next(name, context);
} });`;

test.each([
  ['nothing of models is loaded without the settings, even with a key', { OPENAI_API_KEY: key }, undefined],
  ['what is switched on is loaded, and the start says where text goes', chat, '@ai-sdk/openai-compatible'],
])('%s', async (_what, environment, loaded) => {
  const hook = `--import=data:text/javascript;base64,${Buffer.from(watcher).toString('base64')}`;
  // A start that called the model would have to reach this address.
  const address: Record<string, string> = loaded === undefined ? {} : { QUARTERDECK_CHAT_MODEL_URL: upstream.url };
  const server = await spawnServer({ kind: 'embedded', environment: { ...environment, ...address, NODE_OPTIONS: hook } });
  onTestFinished(() => server.close());
  const { body } = await client(server.url).get<{ status: string; checks: object }>('/health');
  await server.kill();
  expect(body.status).toBe('healthy');
  expect(Object.keys(body.checks)).toEqual(loaded === undefined ? ['database', 'storage'] : ['database', 'storage', 'chat_model']);
  const { stdout, stderr } = server.output;
  expect([...stderr.matchAll(/^loaded (\S+)$/gm)].map(([, name]) => name)).toEqual(loaded === undefined ? [] : [loaded]);
  const told = `openai:gpt-test: text goes to ${new URL(upstream.url).host}`;
  expect(stdout.includes(told)).toBe(loaded !== undefined);
  expect(stderr.includes('text is sent to this place')).toBe(loaded !== undefined);
  expect(stdout + stderr).not.toContain(key);
  expect(upstream.requests).toEqual([]);
});

test('an operation gets no model where none is switched on', async () => {
  const { user } = await start({ OPENAI_API_KEY: key });
  expect((await user.agent.post('/test/answer', { question: 'Why?' })).body).toEqual({ answer: 'there is no model' });
});

test('an operation calls the model, and the metrics count its tokens', async () => {
  const { server, user } = await start({ ...chat, QUARTERDECK_CHAT_MODEL_URL: upstream.url });
  upstream.answer = () => 'Because.';
  expect((await user.agent.post('/test/answer', { question: 'Why?' })).body).toEqual({ answer: 'Because.' });
  const { body: metrics } = await client(server.url).get<string>('/metrics');
  expect(metrics).toContain('quarterdeck_model_tokens_total{model="openai:gpt-test",direction="input"} 11');
});

test('a model that is down degrades health and fails with a clear error; nobody is told the key', async () => {
  const { server, user, lines } = await start({
    ...chat,
    QUARTERDECK_CHAT_MODEL_URL: upstream.url,
    QUARTERDECK_MODEL_BREAKER_FAILURES: '1',
  });
  upstream.always = { status: 500, body: { error: { message: `secret ${key} of <b>the other side</b>` } } };
  const failed = await user.agent.post('/test/answer', { question: 'Why?' });
  expect(failed).toMatchObject({ status: 503, body: { error: { code: 'model_unavailable', retryable: true } } });
  const open = await user.agent.post('/test/answer', { question: 'Why?' });
  expect(open.headers.get('retry-after')).toMatch(/^\d+$/);
  const health = await client(server.url).get<{ status: string; checks: Record<string, { message?: string }> }>('/health');
  expect(health).toMatchObject({ status: 200, body: { status: 'degraded', checks: { chat_model: { status: 'failed' } } } });
  expect(health.body.checks['chat_model']?.message).toMatch(
    /^The chat model failed several times in a row \(status 500\)\. It is tried again in \d+ seconds\.$/,
  );
  expect(JSON.stringify([failed.body, open.body, health.body])).not.toMatch(/other side|sk-/);
  expect(lines.join('')).toContain('status 500: secret [redacted] of');
  expect(lines.join('')).not.toContain(key);
  expect(upstream.requests.length).toBe(1);
});

test('a collector gets a span for the call, within that of the operation, without any text', async () => {
  const collector = await startCollector();
  onTestFinished(() => collector.close());
  const { server, user } = await start({
    ...chat,
    QUARTERDECK_CHAT_MODEL_URL: upstream.url,
    OTEL_EXPORTER_OTLP_ENDPOINT: collector.url,
    OTEL_EXPORTER_OTLP_PROTOCOL: 'http/json',
  });
  upstream.answer = () => 'Because of the weather.';
  await user.agent.post('/test/answer', { question: 'Why is it late?' });
  await server.close();
  const span = collector.spans.find(({ name }) => name === 'chat gpt-test');
  const operation = collector.spans.find(({ name }) => name === 'answer_question');
  expect(span).toMatchObject({
    parentSpanId: operation?.spanId,
    attributes: { 'gen_ai.provider.name': 'openai', 'gen_ai.request.model': 'gpt-test' },
    status: 0,
  });
  expect(Number(span?.attributes['gen_ai.usage.input_tokens'])).toBe(11);
  const sent = collector.requests.map(({ body }) => body.toString()).join('');
  expect(sent).toContain('gen_ai.client.operation.duration');
  expect(sent).not.toMatch(/weather|late\?/);
});

test('a request that is dropped ends the call of the model', async () => {
  const { server, user } = await start({ ...chat, QUARTERDECK_CHAT_MODEL_URL: upstream.url });
  upstream.always = { pieces: ['One '], ending: 'silence' };
  const headers = { authorization: `Bearer ${user.key}`, 'content-type': 'application/json' };
  const asked = request(new URL('/test/answer', server.url), { method: 'POST', headers, agent: false }).end('{"question":"Why?"}');
  asked.on('error', () => undefined);
  await expect.poll(() => upstream.requests.length, { timeout: 15_000 }).toBe(1);
  asked.destroy();
  expect(await upstream.requests[0]?.ended).toBe(false);
});

const embedding = () => ({ QUARTERDECK_EMBEDDING_MODEL: 'compatible:hashed-words', QUARTERDECK_EMBEDDING_MODEL_URL: upstream.url });
const healthOf = async (url: string) =>
  (await client(url).get<{ status: string; checks: Record<string, { message?: string }> }>('/health')).body;

test('with an embedding model, what was taken in is soon found by what it means', async () => {
  const { server, user } = await start(embedding());
  await user.agent.post('/ingest', { title: 'Hamlet', content: 'To be or not to be, that is the question.' });
  const search = async () => (await user.agent.post<{ mode: string; items: object[] }>('/search', { query: 'to be or not' })).body;
  await expect.poll(search, { timeout: 30_000 }).toMatchObject({ mode: 'hybrid', items: [{ title: 'Hamlet' }] });
  expect(await healthOf(server.url)).toMatchObject({ status: 'healthy', checks: { vectors: { status: 'ok' } } });
});

test('a database without pgvector searches by words, and health says what is missing', async ({ skip }) => {
  const database = await createTestDatabase();
  onTestFinished(() => database.drop());
  const { server, user } = await start({ DATABASE_URL: database.url, ...embedding() });
  const vectors = async () => (await healthOf(server.url)).checks['vectors']?.message ?? '';
  await user.agent.post('/ingest', { title: 'Hamlet', content: 'To be or not to be, that is the question.' });
  const search = async () => (await user.agent.post<{ mode: string; items: object[] }>('/search', { query: 'question' })).body;
  expect(await search()).toMatchObject({ mode: 'lexical', items: [{ title: 'Hamlet' }] });
  await expect.poll(vectors, { timeout: 30_000 }).not.toContain('are being embedded');
  skip((await vectors()) === '', 'this PostgreSQL has pgvector');
  expect(await vectors()).toContain('The database has no pgvector');
  expect((await healthOf(server.url)).status).toBe('degraded');
});
