import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type ModelServer, hashedWords, startModelServer } from '../../../test/support/models.ts';
import { openTestModels, patient, problemOf } from '../../../test/support/opened-models.ts';

let server: ModelServer;
beforeEach(async () => void (server = await startModelServer()));
afterEach(() => server.close());

const open = (environment: Record<string, string> = {}) =>
  openTestModels({
    QUARTERDECK_EMBEDDING_MODEL: 'compatible:all-minilm',
    QUARTERDECK_EMBEDDING_MODEL_URL: server.url,
    QUARTERDECK_MODEL_RETRIES: '0',
    ...environment,
  });

const cosine = (a: Float32Array, b: Float32Array) => a.reduce((sum, value, index) => sum + value * (b[index] ?? 0), 0);

/** An answer with these items. */
const embeddings = (...items: unknown[]) => ({ embeddings: JSON.stringify(items) });

describe('an embedding model', () => {
  test('gives one vector of length 1 for each text, in their order, over several requests', async () => {
    const { embedding } = await open();
    const texts = Array.from({ length: 70 }, (_, index) => `text number ${index}`);
    const { vectors, usage } = await embedding.embed(texts, 'document', patient());
    expect(vectors.length).toBe(70);
    for (const [index, text] of texts.entries()) {
      const expected = Float32Array.from(hashedWords(text));
      expect(cosine(vectors[index] ?? expected, expected) / Math.hypot(...expected)).toBeCloseTo(1, 5);
    }
    expect(server.requests.map(({ body }) => body.input.length)).toEqual([32, 32, 6]);
    expect(usage).toEqual({ input_tokens: 21, output_tokens: undefined });
    expect(embedding).toMatchObject({ name: 'compatible:all-minilm', place: new URL(server.url).host });
  });

  test('finds texts with the same words near to each other', async () => {
    const { embedding } = await open();
    const texts = ['how to roll back a deployment', 'rolling back: how to undo a deployment', 'the cat sat on the mat'];
    const { vectors } = await embedding.embed(texts, 'document', patient());
    const [a = new Float32Array(), b = new Float32Array(), c = new Float32Array()] = vectors;
    expect(cosine(a, b)).toBeGreaterThan(cosine(a, c) + 0.2);
  });

  test('puts vectors in order that come in another one', async () => {
    const { embedding } = await open();
    server.reply(embeddings({ index: 1, embedding: [0, 1] }, { index: 0, embedding: [1, 0] }));
    expect((await embedding.embed(['a', 'b'], 'document', patient())).vectors).toEqual([Float32Array.of(1, 0), Float32Array.of(0, 1)]);
  });

  test('takes vectors that are not numbered as they come', async () => {
    const { embedding } = await open();
    server.reply(embeddings({ embedding: [1, 0] }, { embedding: [0, 1] }));
    expect((await embedding.embed(['a', 'b'], 'document', patient())).vectors).toEqual([Float32Array.of(1, 0), Float32Array.of(0, 1)]);
  });

  test.each([
    ['of zeros', embeddings({ embedding: [0, 0] }, { embedding: [0, 1] })],
    ['with NaN', { embeddings: '[{"embedding":[NaN,1]},{"embedding":[0,1]}]' }],
    ['with null', { embeddings: '[{"embedding":[null,1]},{"embedding":[0,1]}]' }],
    ['with a number that is too large', { embeddings: '[{"embedding":[1e999,1]},{"embedding":[0,1]}]' }],
    ['of different sizes', embeddings({ embedding: [1, 0, 0] }, { embedding: [0, 1] })],
    ['for one text of two', embeddings({ embedding: [1, 0] })],
    ['for the same text twice', embeddings({ index: 0, embedding: [1, 0] }, { index: 0, embedding: [0, 1] })],
    ['that are none', embeddings({ vector: [1, 0] })],
    ['in broken JSON', { embeddings: '[{"embedding":[1,' }],
  ])('refuses vectors %s, keeps none of them, and says so in health', async (_what, reply) => {
    const { embedding, lines } = await open();
    server.reply(reply);
    const problem = await problemOf(embedding.embed(['a', 'b'], 'document', patient()));
    expect(problem).toMatchObject({ code: 'model_failed', status: 502 });
    expect(problem.message).toContain('gave an answer that cannot be used');
    expect(embedding.failure).toBe('The embedding model gave an answer that cannot be used. The log says why.');
    expect(lines.join('')).not.toContain('"embedding":[');
    expect((await embedding.embed(['a', 'b'], 'document', patient())).vectors[0]?.length).toBe(256);
    expect(embedding.failure).toBeUndefined();
  });

  test('knows its dimension from one request, or from what it was asked before', async () => {
    const { embedding } = await open();
    expect([await embedding.dimension(patient()), await embedding.dimension(patient())]).toEqual([256, 256]);
    expect(server.requests.length).toBe(1);
  });

  test('refuses vectors of another size than those before: the server has changed its model', async () => {
    const { embedding } = await open();
    await embedding.dimension(patient());
    server.reply(embeddings({ embedding: [1, 0] }));
    const problem = await problemOf(embedding.embed(['a'], 'query', patient()));
    expect(String(problem.cause)).toContain('vector 0 has 2 dimensions, not 256');
  });

  test('refuses a text that is too long or empty before anything is sent', async () => {
    const { embedding } = await open({ QUARTERDECK_EMBEDDING_MAX_INPUT_TOKENS: '16' });
    const long = await problemOf(embedding.embed(['short', 'x'.repeat(140)], 'document', patient()));
    expect(long).toMatchObject({ code: 'model_input_too_long', details: { index: 1, tokens: 20, limit: 16 } });
    expect(await problemOf(embedding.embed(['short', ' \n'], 'document', patient()))).toMatchObject({
      code: 'invalid_input',
      details: { index: 1 },
    });
    expect(server.requests).toEqual([]);
  });

  test('is told of known models which text is a question', async () => {
    const { embedding } = await open({ QUARTERDECK_EMBEDDING_MODEL: 'compatible:nomic-embed-text' });
    await embedding.embed(['a'], 'document', patient());
    await embedding.embed(['a'], 'query', patient());
    expect(server.requests.map(({ body }) => body.input)).toEqual([['search_document: a'], ['search_query: a']]);
  });

  test('of OpenAI gets its key', async () => {
    const { embedding } = await open({
      QUARTERDECK_EMBEDDING_MODEL: 'openai:text-embedding-3-small',
      OPENAI_API_KEY: 'sk-0123456789abcdefgh',
    });
    await embedding.embed(['a'], 'document', patient());
    expect(server.requests[0]).toMatchObject({
      headers: { authorization: 'Bearer sk-0123456789abcdefgh' },
      body: { model: 'text-embedding-3-small', input: ['a'], encoding_format: 'float' },
    });
  });

  test('of nothing is nothing', async () => {
    const { embedding } = await open();
    expect((await embedding.embed([], 'document', patient())).vectors).toEqual([]);
    expect(server.requests).toEqual([]);
  });

  test('stops when the caller goes', async () => {
    const { embedding } = await open();
    server.reply('silence');
    const leaving = new AbortController();
    const vectors = embedding.embed(['a'], 'document', leaving.signal);
    await expect.poll(() => server.requests.length).toBe(1);
    leaving.abort(new Error('gone home'));
    await expect(vectors).rejects.toThrow('gone home');
    expect(await server.requests[0]?.ended).toBe(false);
  });
});
