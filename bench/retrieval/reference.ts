/** A plain BM25 over whole documents, as textbooks write it: what the search has to reach. It shares only the terms with it. */

import { countOf } from './count.ts';

const k1 = 1.2;
const b = 0.75;

export interface Reference {
  /** Ids of documents, best first. */
  search(terms: readonly string[]): string[];
}

export function createReference(documents: readonly { id: string; terms: readonly string[] }[]): Reference {
  const counted = documents.map(({ id, terms }) => ({ id, length: terms.length, counts: countOf(terms) }));
  const average = counted.reduce((sum, { length }) => sum + length, 0) / counted.length;
  const holding = countOf(counted.flatMap(({ counts }) => [...counts.keys()]));
  const worth = (term: string) => {
    const found = holding.get(term) ?? 0;
    return Math.log(1 + (counted.length - found + 0.5) / (found + 0.5));
  };
  return {
    search(terms) {
      const scored = counted.map(({ id, length, counts }, place) => {
        let score = 0;
        for (const term of new Set(terms)) {
          const count = counts.get(term) ?? 0;
          score += (worth(term) * count * (k1 + 1)) / (count + k1 * (1 - b + (b * length) / average));
        }
        return { id, score, place };
      });
      return scored
        .filter(({ score }) => score > 0)
        .toSorted((one, other) => other.score - one.score || one.place - other.place)
        .map(({ id }) => id);
    },
  };
}
