/**
 * BM25: how well a chunk fits a query by its words. Robertson and Zaragoza, "The Probabilistic Relevance Framework: BM25 and Beyond"
 * (2009), with the inverse document frequency that Lucene uses, which is never negative.
 */

/** How soon further occurrences of a word stop counting, and how much long chunks are discounted: the usual values, not tuned. */
export const k1 = 1.2;
export const b = 0.75;

/** What a word is worth that stands in `holding` of `all` chunks. */
export function inverseFrequency(all: number, holding: number): number {
  return Math.log(1 + (all - holding + 0.5) / (holding + 0.5));
}

/** How much of the worth of a word a chunk gets in which it stands `count` times; from 0 to `k1 + 1`. */
export function saturation(count: number, length: number, averageLength: number): number {
  return (count * (k1 + 1)) / (count + k1 * (1 - b + (b * length) / averageLength));
}
