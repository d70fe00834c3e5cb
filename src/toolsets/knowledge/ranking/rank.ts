/**
 * Ranks chunks by BM25 from the postings of the words of a query. A chunk gets as much for itself as for the whole source that it is of: what
 * an answer needs often stands in several passages, and a passage alone cannot say what its document is about (Callan, "Passage-Level
 * Evidence in Document Retrieval", 1994). Pure: what it needs was read before.
 */

import { inverseFrequency, k1, saturation } from './bm25.ts';
import { type ChunkFacts, type Postings, blockSize } from './postings.ts';

/** The words of a part of the workspace. */
export interface IndexFacts {
  project_id: string;
  sources: number;
  chunks: number;
  /** Terms of all chunks together. */
  length: number;
}

/** Where a term of a query stands in one project. */
export interface TermPostings {
  project_id: string;
  term: string;
  postings: Postings;
  /** Of the chunks of these postings, at least. */
  facts: ChunkFacts;
}

/** What was read to answer a query. */
export interface Evidence {
  terms: readonly string[];
  indexes: readonly IndexFacts[];
  postings: readonly TermPostings[];
}

export interface Ranked {
  project_id: string;
  number: number;
  /** From 0 to 1: of what a chunk would get that has each word of the query without end. */
  score: number;
}

export interface Ranking {
  /** What each term is worth: rare ones much, those that are everywhere nearly nothing. */
  worth: ReadonlyMap<string, number>;
  /** The best `most` chunks, best first; equally good ones in the order in which they came. */
  best(most: number): Ranked[];
}

export function rank({ terms, indexes, postings }: Evidence): Ranking {
  const sum = (of: (index: IndexFacts) => number) => indexes.reduce((total, index) => total + of(index), 0);
  const length = sum((index) => index.length);
  const chunks = levelOf(
    sum((index) => index.chunks),
    length,
  );
  const sources = levelOf(
    sum((index) => index.sources),
    length,
  );
  const worth = new Map<string, Worth>();
  for (const term of terms) {
    const its = postings.filter((one) => one.term === term);
    const holding = (count: (one: Postings) => number) => its.reduce((total, one) => total + count(one.postings), 0);
    worth.set(term, {
      chunk: chunks.worth(holding(({ numbers }) => numbers.length)),
      source: sources.worth(holding((one) => one.sources)),
    });
  }
  const average = { chunk: chunks.average, source: sources.average };
  const highest = [...worth.values()].reduce((total, value) => total + (value.chunk + value.source) * (k1 + 1), 0);
  return {
    worth: new Map([...worth].map(([term, value]) => [term, value.chunk])),
    best(most) {
      const best = new Best(most);
      for (const [project_id, its] of Map.groupBy(postings, (one) => one.project_id)) {
        for (const one of its) board.add(one, worth.get(one.term) ?? { chunk: 0, source: 0 }, average);
        board.drain((number, score) => best.offer(project_id, number, score / highest));
      }
      return best.inOrder();
    },
  };
}

/** The same number of each level: what a term is worth, or how long things are. */
interface Worth {
  chunk: number;
  source: number;
}

function levelOf(count: number, length: number) {
  return {
    average: Math.max(1, length / Math.max(1, count)),
    // What is gone is still in the postings for a while, so more may hold the term than there are.
    worth: (holding: number) => inverseFrequency(Math.max(count, holding), holding),
  };
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
  /** The places of the chunks that have anything, in no order, and how many they are. */
  scored: Uint16Array;
  count: number;
}

/** Adds up the scores of the chunks of one project. Empty blocks are used again: to make a megabyte of them takes longer than to score. */
class Board {
  readonly #blocks = new Map<number, Block>();
  readonly #empty: Block[] = [];
  #last: Block | undefined;

  /** What a term is worth to the chunks that hold it, and to their sources. */
  add({ postings: { numbers, counts }, facts }: TermPostings, worth: Worth, average: Worth): void {
    const { length } = numbers;
    // Chunks of a source follow each other.
    let source = -1;
    let sourceCount = 0;
    let sourceLength = 0;
    for (let at = 0; at < length;) {
      const block = this.#at(numbers[at] ?? 0);
      const { first, chunks, ordinals, scored } = block;
      const { lengths, ordinals: places, sourceLengths } = facts.at(first);
      let { count } = block;
      for (; at < length; at += 1) {
        const place = (numbers[at] ?? 0) - first;
        if (place >= blockSize) break;
        const held = counts[at] ?? 0;
        const before = chunks[place] ?? 0;
        const ordinal = places[place] ?? 0;
        if (before === 0) {
          scored[count] = place;
          count += 1;
          ordinals[place] = ordinal;
        }
        chunks[place] = before + worth.chunk * saturation(held, lengths[place] ?? 0, average.chunk);
        const its = first + place - ordinal;
        if (its !== source) {
          if (sourceCount > 0) this.#addSource(source, worth.source * saturation(sourceCount, sourceLength, average.source));
          source = its;
          sourceCount = 0;
          sourceLength = sourceLengths[place] ?? 0;
        }
        sourceCount += held;
      }
      block.count = count;
    }
    if (sourceCount > 0) this.#addSource(source, worth.source * saturation(sourceCount, sourceLength, average.source));
  }

  #addSource(number: number, gain: number): void {
    const { first, sources } = this.#at(number);
    sources[number - first] = (sources[number - first] ?? 0) + gain;
  }

  /** Tells of each chunk that has anything, with what it has for itself and for its source. Nothing is left. */
  drain(tell: (number: number, score: number) => void): void {
    for (const block of this.#blocks.values())
      for (let at = 0; at < block.count; at += 1) {
        const place = block.scored[at] ?? 0;
        tell(block.first + place, (block.chunks[place] ?? 0) + this.#ofSource(block, place));
      }
    for (const block of this.#blocks.values()) this.#clear(block);
    this.#blocks.clear();
    this.#last = undefined;
  }

  /** Of the source that a chunk is of, which may begin in an earlier block. */
  #ofSource(block: Block, place: number): number {
    const first = place - (block.ordinals[place] ?? 0);
    if (first >= 0) return block.sources[first] ?? 0;
    const other = this.#at(block.first + first);
    return other.sources[block.first + first - other.first] ?? 0;
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

  #clear(block: Block): void {
    block.chunks.fill(0);
    block.sources.fill(0);
    block.count = 0;
    this.#empty.push(block);
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

/** One for the process: chunks are ranked in one go, and nobody else runs in between. */
const board = new Board();

/** The best, in a list that is sorted only when it has become twice as long: far cheaper than to sort all. */
class Best {
  readonly #most: number;
  #kept: Ranked[] = [];
  #least = 0;

  constructor(most: number) {
    this.#most = most;
  }

  offer(project_id: string, number: number, score: number): void {
    if (score < this.#least) return;
    this.#kept.push({ project_id, number, score });
    if (this.#kept.length >= this.#most * 2) this.#shrink();
  }

  inOrder(): Ranked[] {
    this.#shrink();
    return this.#kept;
  }

  #shrink(): void {
    this.#kept = this.#kept.toSorted(compare).slice(0, this.#most);
    if (this.#kept.length === this.#most) this.#least = this.#kept.at(-1)?.score ?? 0;
  }
}

function compare(one: Ranked, other: Ranked): number {
  return other.score - one.score || one.number - other.number || (one.project_id < other.project_id ? -1 : 1);
}
