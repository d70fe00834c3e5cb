import { expect, test } from 'vitest';
import { createRandom } from '../search/corpus.ts';
import { type Latent, createLatent } from './latent.ts';

const cars = ['car engine wheel', 'automobile engine wheel', 'car wheel road', 'automobile engine road'];
const documents = [...cars, 'banana fruit tree', 'banana apple fruit tree', 'apple fruit tree'];
const latentOf = (seed: number, dimensions?: number) =>
  createLatent(
    documents.map((text) => text.split(' ')),
    createRandom(seed),
    dimensions,
  );

function cosine(latent: Latent, one: string, other: string): number {
  const [first, second] = [latent.vector(one.split(' ')), latent.vector(other.split(' '))];
  const dot = (a: Float64Array, b: Float64Array) => a.reduce((sum, value, at) => sum + value * (b[at] ?? 0), 0);
  return dot(first, second) / Math.sqrt(dot(first, first) * dot(second, second));
}

test('words that stand with the same words are near, though never together', () => {
  const latent = latentOf(1, 2);
  expect(cosine(latent, 'car', 'automobile')).toBeGreaterThan(0.95);
  expect(Math.abs(cosine(latent, 'car', 'banana'))).toBeLessThan(0.05);
});

test('with as many dimensions as documents nothing is lost: documents are as near as by their words', () => {
  const latent = latentOf(1);
  const [shared, own] = [Math.log(7 / 3), Math.log(7 / 2)];
  const expected = (2 * shared ** 2) / (2 * shared ** 2 + own ** 2);
  expect(cosine(latent, 'car engine wheel', 'automobile engine wheel')).toBeCloseTo(expected, 9);
});

test('the random start makes no difference', () => {
  expect(cosine(latentOf(1, 2), 'car road', 'engine')).toBeCloseTo(cosine(latentOf(2, 2), 'car road', 'engine'), 4);
});

test('a text without a known word has no direction', () => {
  expect([...latentOf(1, 2).vector(['unknown'])]).toEqual([0, 0]);
});
