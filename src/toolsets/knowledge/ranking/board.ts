/** Adds up what chunks get for the words of a query. */

import { Best } from './best.ts';
import { saturation } from './bm25.ts';
import { type ChunkFacts, type Postings, blockSize } from './postings.ts';

/** Where a term of a query stands in one project. */
export interface TermPostings {
  project_id: string;
  term: string;
  postings: Postings;
  /** Of the chunks of these postings, at least. */
  facts: ChunkFacts;
}

/** The same number of each level: what a term is worth, or how long things are. */
export interface Worth {
  chunk: number;
  source: number;
}

/** What the chunks of a block have so far. */
interface Block {
  /** The number of its first chunk. */
  first: number;
  chunks: Float64Array;
  /** Of sources, at the place of their first chunk. */
  sources: Float64Array;
  /** The place of each chunk within its source. */
  ordinals: Uint16Array;
  /** The places of the chunks that have anything and can still be among the best, in no order, and how many they are. */
  scored: Uint16Array;
  count: number;
}

/** Adds up the scores of the chunks of one project. Empty blocks are used again: to make a megabyte of them takes longer than to score. */
export class Board {
  readonly #blocks = new Map<number, Block>();
  readonly #empty: Block[] = [];
  #last: Block | undefined;

  /** How many chunks have anything. */
  get count(): number {
    let count = 0;
    for (const block of this.#blocks.values()) count += block.count;
    return count;
  }

  /** What a term is worth to the chunks that hold it, and to their sources: to all, or at least to those `among`, named by their first chunks in order. */
  add({ postings: { numbers, counts }, facts }: TermPostings, worth: Worth, average: Worth, among?: Uint32Array): void {
    const { length } = numbers;
    let block: Block | undefined;
    let known = facts.at(0);
    let next = 0;
    for (let at = 0; at < length;) {
      if (among !== undefined) {
        if (next === among.length) return;
        at = placeFrom(numbers, among[next] ?? 0, at);
        next += 1;
      }
      // Chunks of a source follow each other.
      let source = -1;
      let sourceCount = 0;
      let sourceLength = 0;
      for (; at < length; at += 1) {
        const number = numbers[at] ?? 0;
        if (block === undefined || number >= block.first + blockSize) {
          block = this.#at(number);
          known = facts.at(number);
        }
        const place = number - block.first;
        const ordinal = known.ordinals[place] ?? 0;
        if (source === -1) {
          source = number - ordinal;
          sourceLength = known.sourceLengths[place] ?? 0;
        } else if (source !== number - ordinal) break;
        const held = counts[at] ?? 0;
        const before = block.chunks[place] ?? 0;
        if (before === 0) {
          block.scored[block.count] = place;
          block.count += 1;
          block.ordinals[place] = ordinal;
        }
        block.chunks[place] = before + worth.chunk * saturation(held, known.lengths[place] ?? 0, average.chunk);
        sourceCount += held;
      }
      if (source === -1) return;
      const { first, sources } = this.#at(source);
      sources[source - first] = (sources[source - first] ?? 0) + worth.source * saturation(sourceCount, sourceLength, average.source);
    }
  }

  /**
   * Leaves out the chunks that cannot be among the best `most` any more, where each can get `more` than it has, and returns the sources of the others.
   * Undefined: also those can that have nothing yet. Known as MaxScore (Turtle and Flood, "Query Evaluation: Strategies and Optimizations", 1995).
   */
  contenders(most: number, more: number): Uint32Array | undefined {
    const best = new Best(most);
    this.each((number, score) => best.offer('', number, score));
    const needed = best.least - more;
    if (needed <= 0) return undefined;
    const sources = new Set<number>();
    for (const block of this.#blocks.values()) {
      const { first, ordinals, scored, count } = block;
      block.count = 0;
      for (let at = 0; at < count; at += 1) {
        const place = scored[at] ?? 0;
        if (this.#scoreOf(block, place) < needed) continue;
        scored[block.count] = place;
        block.count += 1;
        sources.add(first + place - (ordinals[place] ?? 0));
      }
    }
    return Uint32Array.from(sources).sort();
  }

  /** Tells of each chunk that has anything, with what it has for itself and for its source. */
  each(tell: (number: number, score: number) => void): void {
    for (const block of this.#blocks.values()) {
      const { first, scored, count } = block;
      for (let at = 0; at < count; at += 1) {
        const place = scored[at] ?? 0;
        tell(first + place, this.#scoreOf(block, place));
      }
    }
  }

  clear(): void {
    for (const block of this.#blocks.values()) {
      block.chunks.fill(0);
      block.sources.fill(0);
      block.count = 0;
      this.#empty.push(block);
    }
    this.#blocks.clear();
    this.#last = undefined;
  }

  /** What a chunk has for itself and for its source, which may begin in an earlier block. */
  #scoreOf(block: Block, place: number): number {
    const own = block.chunks[place] ?? 0;
    const first = place - (block.ordinals[place] ?? 0);
    if (first >= 0) return own + (block.sources[first] ?? 0);
    const other = this.#at(block.first + first);
    return own + (other.sources[block.first + first - other.first] ?? 0);
  }

  #at(number: number): Block {
    const last = this.#last;
    if (last !== undefined && number >= last.first && number < last.first + blockSize) return last;
    const index = Math.floor(number / blockSize);
    let block = this.#blocks.get(index);
    if (block === undefined) {
      block = this.#empty.pop() ?? createBlock();
      block.first = index * blockSize;
      this.#blocks.set(index, block);
    }
    this.#last = block;
    return block;
  }
}

function createBlock(): Block {
  return {
    first: 0,
    chunks: new Float64Array(blockSize),
    sources: new Float64Array(blockSize),
    ordinals: new Uint16Array(blockSize),
    scored: new Uint16Array(blockSize),
    count: 0,
  };
}

/** The first place from `from` on whose number is not lower than `number`: looked for in steps that double, because it is mostly near. */
function placeFrom(numbers: Uint32Array, number: number, from: number): number {
  let step = 1;
  while (from + step < numbers.length && (numbers[from + step] ?? 0) < number) step *= 2;
  let low = from + (step >> 1);
  let high = Math.min(from + step, numbers.length);
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((numbers[middle] ?? 0) < number) low = middle + 1;
    else high = middle;
  }
  return low;
}
