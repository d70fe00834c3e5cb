/** A model in the server itself, loaded and run by the real library from a folder that the test makes. */

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { installCommand, isLibraryInstalled } from '../../src/platform/models/local/library.ts';
import { openTestModels, patient, problemOf } from '../support/opened-models.ts';
import { makeTinyModel, tinyDimensions } from '../support/tiny-model.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'quarterdeck-model-'));
  await makeTinyModel(join(folder, 'models', 'owner', 'tiny'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));
beforeEach((context) => context.skip(!isLibraryInstalled(), `needs ${installCommand}`));

const open = (name: string) => openTestModels({ QUARTERDECK_EMBEDDING_MODEL: `local:${name}`, QUARTERDECK_DATA: folder });
const cosine = (a: Float32Array = new Float32Array(), b: Float32Array = new Float32Array()) =>
  a.reduce((sum, value, index) => sum + value * (b[index] ?? 0), 0);

describe('a local model', () => {
  test.each([
    ['the data folder, by its name', () => 'owner/tiny'],
    ['any folder, by its path', () => join(folder, 'models', 'owner', 'tiny')],
  ])('in %s gives vectors in the order of the texts, over several batches', async (_where, name) => {
    const { embedding } = await open(name());
    expect(embedding.place).toBe('this machine');
    const texts = Array.from({ length: 30 }, (_, index) => (index % 2 === 0 ? 'cat' : 'the server'));
    const { vectors } = await embedding.embed(texts, 'document', patient());
    expect(vectors.length).toBe(30);
    expect(vectors[28]).toEqual(Float32Array.of(1, 0, 0, 0));
    expect(vectors.every((vector, index) => cosine(vector, vectors[index % 2]) > 0.999)).toBe(true);
    expect(await embedding.dimension(patient())).toBe(tinyDimensions);
    expect(embedding.failure).toBeUndefined();
  });

  test('finds what is alike, whatever stands beside it in the batch', async () => {
    const { embedding } = await open('owner/tiny');
    const [query] = (await embedding.embed(['Kitten'], 'query', patient())).vectors;
    const [cat, server] = (await embedding.embed(['cat', 'server server server server'], 'document', patient())).vectors;
    expect(cosine(query, cat)).toBeGreaterThan(0.9);
    expect(cosine(query, server)).toBeLessThan(0.2);
  });

  test('that gives zeros is refused', async () => {
    const { embedding } = await open('owner/tiny');
    const problem = await problemOf(embedding.embed(['zero'], 'document', patient()));
    expect(problem).toMatchObject({ code: 'model_failed' });
    expect(String(problem.cause)).toContain('vector 0 is all zeros');
  });

  test('that is not there is a problem, which the cause explains', async () => {
    const { embedding } = await open(join(folder, 'nothing'));
    const problem = await problemOf(embedding.embed(['cat'], 'document', patient()));
    expect(problem.message).toMatch(/^The embedding model local:\S+ on this machine could not be loaded\.$/);
    expect(embedding.failure).toBe('The embedding model could not be loaded. The log says why.');
    expect(String(problem.cause)).toMatch(/config\.json|locate|found/i);
  });

  test('leaves a caller who goes, and answers the next one', async () => {
    const { embedding } = await open('owner/tiny');
    const leaving = new AbortController();
    const vectors = embedding.embed(['cat'], 'document', leaving.signal);
    leaving.abort(new Error('gone home'));
    await expect(vectors).rejects.toThrow('gone home');
    expect((await embedding.embed(['cat'], 'document', patient())).vectors).toEqual([Float32Array.of(1, 0, 0, 0)]);
  });
});
