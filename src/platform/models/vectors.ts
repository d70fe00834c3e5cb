/** What a vector must be before anybody sees it. */

import { UnusableAnswer } from './failure.ts';

/**
 * The vectors of one answer, each of length 1, so that the inner product of two is their cosine, which is cheaper to rank by, whatever lengths the
 * model gives. `dimension`: what the model gave before.
 * @throws UnusableAnswer: a vector that is missing, zero, not finite or of another size would be found for every question, or for none
 */
export function checkedVectors(vectors: readonly ArrayLike<number>[], texts: number, dimension: number | undefined): Float32Array[] {
  if (vectors.length !== texts) throw new UnusableAnswer(`${vectors.length} vectors came for ${texts} texts`);
  const size = dimension ?? vectors[0]?.length ?? 0;
  return vectors.map((vector, index) => {
    if (vector.length === 0) throw new UnusableAnswer(`vector ${index} is empty`);
    if (vector.length !== size) throw new UnusableAnswer(`vector ${index} has ${vector.length} dimensions, not ${size}`);
    return unit(vector, index);
  });
}

function unit(vector: ArrayLike<number>, index: number): Float32Array {
  // Scaled first, so that no square is too large or too small for a number.
  let largest = 0;
  for (let at = 0; at < vector.length; at += 1) {
    const size = Math.abs(vector[at] ?? NaN);
    if (!Number.isFinite(size)) throw new UnusableAnswer(`vector ${index} has a value that is not a finite number`);
    largest = Math.max(largest, size);
  }
  if (largest === 0) throw new UnusableAnswer(`vector ${index} is all zeros`);
  const scaled = Float64Array.from(vector, (value) => value / largest);
  const length = Math.sqrt(scaled.reduce((sum, value) => sum + value * value, 0));
  return Float32Array.from(scaled, (value) => value / length);
}
