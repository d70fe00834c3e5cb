/**
 * Latent semantic analysis (Deerwester et al., 1990): vectors for texts by which words stand in the same documents. It is made of the documents of a
 * collection alone, knows nothing of its questions and judgements, and nothing of the world.
 */

import { countOf } from './count.ts';

/** Dimensions: the usual number for collections of this size, not chosen by results. */
const usual = 200;

/** Of the subspace iteration. The last directions are nearly as good as those left out and settle slowly: another seed changes the third digit of a measure. */
const rounds = 30;

export interface Latent {
  /** A text by its terms, folded in. Its length says nothing; the cosine of two says how near they are. */
  vector(terms: readonly string[]): Float64Array;
}

/** Place of a term, and its weight. */
type Sparse = readonly (readonly [place: number, weight: number])[];

/** `random`: from 0 to 1; with the same numbers the vectors are the same. */
export function createLatent(documents: readonly (readonly string[])[], random: () => number, dimensions = usual): Latent {
  const holding = countOf(documents.flatMap((terms) => [...new Set(terms)]));
  const places = new Map([...holding.keys()].map((term, place) => [term, place]));
  const weigh = (terms: readonly string[]): Sparse => {
    const weights = [...countOf(terms)].flatMap(([term, count]): [number, number][] => {
      const [place, found] = [places.get(term), holding.get(term)];
      return place === undefined || found === undefined ? [] : [[place, (1 + Math.log(count)) * Math.log(documents.length / found)]];
    });
    const length = Math.hypot(...weights.map(([, weight]) => weight));
    return weights.map(([place, weight]) => [place, length === 0 ? 0 : weight / length]);
  };
  const basis = mainDirections(documents.map(weigh), places.size, Math.min(dimensions, documents.length), random);
  return {
    vector: (terms) => {
      const text = weigh(terms);
      return Float64Array.from(basis, (direction) => inner(text, direction));
    },
  };
}

/**
 * Orthogonal directions of length 1 that span what the first right singular vectors of the matrix of the documents span, by subspace iteration from a
 * random start (Halko, Martinsson and Tropp, 2011). The singular vectors themselves are not needed: a rotation changes no cosine.
 */
function mainDirections(documents: readonly Sparse[], size: number, count: number, random: () => number): Float64Array[] {
  let directions: Float64Array[] = Array.from({ length: count }, () => Float64Array.from({ length: size }, () => random() - 0.5));
  for (let round = 0; round < rounds; round += 1)
    directions = orthogonal(directions.map((direction) => throughDocuments(documents, direction)));
  return directions;
}

/** The matrix of the documents, then its transpose. */
function throughDocuments(documents: readonly Sparse[], direction: Float64Array): Float64Array {
  const next = new Float64Array(direction.length);
  for (const document of documents) {
    const along = inner(document, direction);
    for (const [place, weight] of document) next[place] = (next[place] ?? 0) + along * weight;
  }
  return next;
}

function inner(text: Sparse, direction: Float64Array): number {
  return text.reduce((sum, [place, weight]) => sum + weight * (direction[place] ?? 0), 0);
}

/** Below this share of its length, what is left of a direction is rounding. */
const rounding = 1e-9;

/** Modified Gram-Schmidt; what the others span already is left out. */
function orthogonal(directions: readonly Float64Array[]): Float64Array[] {
  const found: Float64Array[] = [];
  for (const direction of directions) {
    const before = lengthOf(direction);
    for (const other of found) {
      const shared = dot(direction, other);
      for (let at = 0; at < direction.length; at += 1) direction[at] = (direction[at] ?? 0) - shared * (other[at] ?? 0);
    }
    const left = lengthOf(direction);
    if (left > before * rounding) found.push(direction.map((value) => value / left));
  }
  return found;
}

const lengthOf = (vector: Float64Array): number => Math.sqrt(dot(vector, vector));

function dot(one: Float64Array, other: Float64Array): number {
  let sum = 0;
  for (let at = 0; at < one.length; at += 1) sum += (one[at] ?? 0) * (other[at] ?? 0);
  return sum;
}
