import { expect, test } from 'vitest';
import { openTestModels } from '../../../test/support/opened-models.ts';
import { readSettings } from '../config/read.ts';
import { shortageOf } from './room.ts';

const url = 'http://127.0.0.1:9/v1';
const environmentOf = (embeddingModel: string | undefined, more: Record<string, string> = {}) => ({
  ...(embeddingModel !== undefined && { QUARTERDECK_EMBEDDING_MODEL: embeddingModel, QUARTERDECK_EMBEDDING_MODEL_URL: url }),
  ...more,
});
const shortage = (...given: Parameters<typeof environmentOf>) =>
  shortageOf(readSettings({ environment: environmentOf(...given), folder: '/nowhere' }).settings);

test('a model that reads less than a chunk is told, with the settings that help', () => {
  expect(shortage('compatible:mxbai-embed-large')).toEqual({
    message:
      'The embedding model gets 512 tokens of a chunk at most (compatible:mxbai-embed-large), and a chunk may have 600 (QUARTERDECK_CHUNK_TOKENS): the end of a longer one has no vector, and is found by its words alone.',
    next: 'Set QUARTERDECK_CHUNK_TOKENS to 400 or less, which holds for what is taken in from then on, or choose an embedding model that reads more.',
  });
});

test('so is the limit of the settings', () => {
  const { message, next } = shortage('compatible:any', { QUARTERDECK_EMBEDDING_MAX_INPUT_TOKENS: '256' }) ?? {};
  expect(message).toContain('256 tokens of a chunk at most (QUARTERDECK_EMBEDDING_MAX_INPUT_TOKENS)');
  expect(next).toMatch(/^Set QUARTERDECK_CHUNK_TOKENS to 200 or less.* or raise QUARTERDECK_EMBEDDING_MAX_INPUT_TOKENS/);
});

test.each([
  ['no model', undefined, {}],
  ['a model of which nothing is known', 'compatible:any', {}],
  ['a model that reads long texts', 'compatible:bge-m3', {}],
  ['chunks that fit', 'compatible:mxbai-embed-large', { QUARTERDECK_CHUNK_TOKENS: '512' }],
])('%s is no shortage', (_what, model, more) => expect(shortage(model, more)).toBeUndefined());

test('the start says it in the log', async () => {
  const warning = /"level":(?:40|"warn").*QUARTERDECK_CHUNK_TOKENS to 200 or less/;
  expect((await openTestModels(environmentOf('compatible:all-minilm'))).lines.join('')).toMatch(warning);
  expect((await openTestModels(environmentOf('compatible:any'))).lines.join('')).not.toMatch(/CHUNK_TOKENS/);
});
