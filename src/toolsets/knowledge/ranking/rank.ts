/**
 * Ranks chunks by BM25 from the postings of the words of a query. A chunk gets as much for itself as for the whole source that it is of: what
 * an answer needs often stands in several passages, and a passage alone cannot say what its document is about (Callan, "Passage-Level
 * Evidence in Document Retrieval", 1994). Pure: what it needs was read before.
 */

import { Best, type Ranked } from './best.ts';
import { inverseFrequency, k1 } from './bm25.ts';
import { Board, type TermPostings, type Worth } from './board.ts';
import type { Postings } from './postings.ts';

/** The words of a part of the workspace. */
export interface IndexFacts {
  project_id: string;
  sources: number;
  chunks: number;
  /** Terms of all chunks together. */
  length: number;
}

/** What was read to answer a query. */
export interface Evidence {
  terms: readonly string[];
  indexes: readonly IndexFacts[];
  postings: readonly TermPostings[];
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
  const byWorth = [...worth].toSorted(([, one], [, other]) => mostOf(other) - mostOf(one));
  const highest = byWorth.reduce((total, [, value]) => total + mostOf(value), 0);
  return {
    worth: new Map([...worth].map(([term, value]) => [term, value.chunk])),
    best(most) {
      const best = new Best(most);
      for (const [project_id, its] of Map.groupBy(postings, (one) => one.project_id)) {
        let among: Uint32Array | undefined;
        let more = highest;
        for (const [term, value] of byWorth) {
          const one = its.find((other) => other.term === term);
          // Only if the terms before are worth more than the rest can chunks that have nothing yet be out, and to look through what is scored has to be less work than to score.
          if (one !== undefined) {
            if (highest - more > more && one.postings.numbers.length > board.count) among = board.contenders(most, more);
            board.add(one, value, average, among);
          }
          more -= mostOf(value);
        }
        board.each((number, score) => best.offer(project_id, number, score / highest));
        board.clear();
      }
      return best.inOrder();
    },
  };
}

/** What a chunk can get at most for a term that is worth so much. */
function mostOf({ chunk, source }: Worth): number {
  return (chunk + source) * (k1 + 1);
}

function levelOf(count: number, length: number) {
  return {
    average: Math.max(1, length / Math.max(1, count)),
    // What is gone is still in the postings for a while, so more may hold the term than there are.
    worth: (holding: number) => inverseFrequency(Math.max(count, holding), holding),
  };
}

/** One for the process: chunks are ranked in one go, and nobody else runs in between. */
const board = new Board();
