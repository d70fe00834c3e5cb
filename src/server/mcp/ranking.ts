/** Ranks tools by the words that a query shares with their name, title and description. */

import type { CompiledOperation } from '../../operations/types.ts';

/** Returns those of `candidates` that share a word with the query, best first; equal ones keep their order. */
export type ToolRanking = (query: string, candidates: readonly CompiledOperation[]) => CompiledOperation[];

/** A word in the name says more about a tool than one in its description. */
const weights = { name: 4, title: 2, description: 1 } as const;

/** Words that are in any request and tell nothing about a tool. */
const stopWords = new Set(
  'a about all an and any are as at be by can do does for from get give have how i in is it its list me my of on one or that the this to use want what when which with you'.split(
    ' ',
  ),
);

/** A shared beginning counts less than the same word, and only from this many letters: `task` and `tasks`, not `a` and `all`. */
const shortestStem = 4;
const stemShare = 0.7;

/** The weight of every word of one tool: the highest of the fields that it is in. */
type WordWeights = ReadonlyMap<string, number>;

export function createRanking(operations: readonly CompiledOperation[]): ToolRanking {
  const words = new Map(operations.map((compiled) => [compiled, wordWeights(compiled)]));
  const rarity = (word: string) => {
    const holders = [...words.values()].filter((weighed) => match(word, weighed) > 0).length;
    return Math.log(1 + operations.length / (1 + holders));
  };
  return (query, candidates) => {
    const asked = wordsOf(query);
    const telling = asked.filter((word) => !stopWords.has(word));
    const terms = (telling.length > 0 ? telling : asked).map((word) => ({ word, rarity: rarity(word) }));
    return candidates
      .map((compiled) => ({ compiled, score: score(terms, words.get(compiled) ?? wordWeights(compiled)) }))
      .filter((scored) => scored.score > 0)
      .sort((a, b) => b.score - a.score)
      .map(({ compiled }) => compiled);
  };
}

function score(terms: readonly { word: string; rarity: number }[], weighed: WordWeights): number {
  return terms.reduce((sum, term) => sum + term.rarity * match(term.word, weighed), 0);
}

function match(word: string, weighed: WordWeights): number {
  const exact = weighed.get(word) ?? 0;
  let best = exact;
  for (const [other, weight] of weighed) {
    if (weight * stemShare > best && sharesStem(word, other)) best = weight * stemShare;
  }
  return best;
}

function sharesStem(a: string, b: string): boolean {
  const [short, long] = a.length <= b.length ? [a, b] : [b, a];
  const stem = short.length > shortestStem ? short.slice(0, -1) : short;
  return short.length >= shortestStem && long.startsWith(stem);
}

function wordWeights({ operation }: CompiledOperation): WordWeights {
  const weighed = new Map<string, number>();
  const add = (text: string, weight: number) => {
    for (const word of wordsOf(text)) weighed.set(word, Math.max(weight, weighed.get(word) ?? 0));
  };
  add([operation.name, ...(operation.aliases ?? [])].join(' '), weights.name);
  add(operation.title, weights.title);
  add(operation.description, weights.description);
  return weighed;
}

/** Lower-case words of letters and digits; `create_task` is two. */
function wordsOf(text: string): string[] {
  return text.toLowerCase().match(/[\p{L}\p{N}]+/gu) ?? [];
}
