/** A made-up corpus whose words are as frequent as those of a language without its most frequent ones. The same at every run. */

/** Different words. A large workspace has some tens of thousands. */
const vocabulary = 60_000;

/**
 * Zipf's law with Mandelbrot's offset: the words that say nothing alone, which the index leaves out, are about the first fifty. The most
 * frequent of the others then stands in a third of all chunks.
 */
const offset = 50;

/** Words of a chunk: with their spaces some 1,200 characters. */
export const wordsOfChunk = 150;

export interface Corpus {
  document(chunks: number): string;
  /** A few words that stand together somewhere, as a question takes them from what it is about. */
  query(): string;
}

export function createCorpus(seed: number): Corpus {
  const random = createRandom(seed);
  const words = Array.from({ length: vocabulary }, (_, rank) => wordOf(rank));
  const sums = cumulate(Array.from({ length: vocabulary }, (_, rank) => 1 / (rank + offset)));
  const draw = () => words[search(sums, random() * (sums.at(-1) ?? 1))] ?? '';
  const paragraph = () => `${Array.from({ length: wordsOfChunk }, draw).join(' ')}.`;
  return {
    document: (chunks) => Array.from({ length: chunks }, paragraph).join('\n\n'),
    query: () => Array.from({ length: 3 + Math.floor(random() * 4) }, draw).join(' '),
  };
}

const syllables = ['ba', 'ke', 'di', 'mo', 'lu', 'ra', 'ne', 'ti', 'so', 'vu', 'pa', 'ge', 'fi', 'zo', 'wu', 'ja'];

/** Each number its own word, frequent ones shorter. */
function wordOf(rank: number): string {
  return Array.from((rank + 16).toString(16), (digit) => syllables[Number.parseInt(digit, 16)]).join('');
}

function cumulate(weights: readonly number[]): number[] {
  let sum = 0;
  return weights.map((weight) => (sum += weight));
}

/** Place of the first that is not below. */
function search(sums: readonly number[], value: number): number {
  let low = 0;
  let high = sums.length - 1;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((sums[middle] ?? 0) < value) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Mulberry32: small, and the same everywhere. */
export function createRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}
