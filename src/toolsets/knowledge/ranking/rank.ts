/**
 * Ranks chunks by BM25 from the postings of the words of a query. A chunk gets as much for itself as for the whole source that it is of: what
 * an answer needs often stands in several passages, and a passage alone cannot say what its document is about (Callan, "Passage-Level
 * Evidence in Document Retrieval", 1994). Pure: what it needs was read before.
 */

import { inverseFrequency, k1, saturation } from './bm25.ts';
import type { Postings } from './postings.ts';

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
  const scores = new Scores();
  for (const term of terms) {
    const its = postings.filter((one) => one.term === term);
    const holding = (count: (one: Postings) => number) => its.reduce((total, one) => total + count(one.postings), 0);
    const value = {
      chunk: chunks.worth(holding(({ numbers }) => numbers.length)),
      source: sources.worth(holding(({ sources: held }) => held.firsts.length)),
    };
    worth.set(term, value);
    for (const one of its) score(scores.of(one.project_id), one.postings, value, { chunk: chunks.average, source: sources.average });
  }
  const highest = [...worth.values()].reduce((total, value) => total + (value.chunk + value.source) * (k1 + 1), 0);
  return {
    worth: new Map([...worth].map(([term, value]) => [term, value.chunk])),
    best: (most) => scores.best(most).map((ranked) => ({ ...ranked, score: ranked.score / highest })),
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

function score(blocks: Blocks, { numbers, counts, lengths, ordinals, sources }: Postings, worth: Worth, average: Worth): void {
  for (let at = 0; at < numbers.length; at += 1) {
    const number = numbers[at] ?? 0;
    const block = blocks.at(number);
    const place = number % blockSize;
    block.chunks[place] = (block.chunks[place] ?? 0) + worth.chunk * saturation(counts[at] ?? 0, lengths[at] ?? 0, average.chunk);
    block.ordinals[place] = ordinals[at] ?? 0;
  }
  for (let at = 0; at < sources.firsts.length; at += 1)
    blocks.addSource(sources.firsts[at] ?? 0, worth.source * saturation(sources.counts[at] ?? 0, sources.lengths[at] ?? 0, average.source));
}

/** Chunks in one array: so few that rare words cost little in a large project, so many that an array is seldom looked up. */
const blockSize = 4_096;

/** What the chunks of a block have so far. */
interface Block {
  chunks: Float64Array;
  /** Of sources, at the place of their first chunk. */
  sources: Float64Array;
  /** The place of each chunk within its source. */
  ordinals: Uint16Array;
}

/** The chunks of one project. */
class Blocks {
  readonly all = new Map<number, Block>();
  #last: { index: number; block: Block } | undefined;

  at(number: number): Block {
    const index = Math.floor(number / blockSize);
    if (this.#last?.index === index) return this.#last.block;
    let block = this.all.get(index);
    if (block === undefined) {
      block = { chunks: new Float64Array(blockSize), sources: new Float64Array(blockSize), ordinals: new Uint16Array(blockSize) };
      this.all.set(index, block);
    }
    this.#last = { index, block };
    return block;
  }

  addSource(first: number, gain: number): void {
    const { sources } = this.at(first);
    sources[first % blockSize] = (sources[first % blockSize] ?? 0) + gain;
  }

  /** Of a chunk and its source; 0: nothing of the query is in it. */
  scoreOf({ chunks, ordinals }: Block, number: number): number {
    const place = number % blockSize;
    const own = chunks[place] ?? 0;
    if (own === 0) return 0;
    const first = number - (ordinals[place] ?? 0);
    return own + (this.at(first).sources[first % blockSize] ?? 0);
  }
}

class Scores {
  readonly #projects = new Map<string, Blocks>();

  of(project_id: string): Blocks {
    let blocks = this.#projects.get(project_id);
    if (blocks === undefined) this.#projects.set(project_id, (blocks = new Blocks()));
    return blocks;
  }

  /** Keeps the best in a list that is sorted only when it has become twice as long: far cheaper than to sort all. */
  best(most: number): Ranked[] {
    let kept: Ranked[] = [];
    let least = 0;
    const shrink = () => {
      kept = kept.toSorted(inOrder).slice(0, most);
      if (kept.length === most) least = kept.at(-1)?.score ?? 0;
    };
    for (const [project_id, blocks] of this.#projects)
      for (const [index, block] of blocks.all)
        for (let number = index * blockSize; number < (index + 1) * blockSize; number += 1) {
          const total = blocks.scoreOf(block, number);
          if (total === 0 || total < least) continue;
          kept.push({ project_id, number, score: total });
          if (kept.length >= most * 2) shrink();
        }
    shrink();
    return kept;
  }
}

function inOrder(one: Ranked, other: Ranked): number {
  return other.score - one.score || one.number - other.number || (one.project_id < other.project_id ? -1 : 1);
}
