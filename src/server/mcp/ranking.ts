/** Ranks tools by the words of a question: word stems and their synonyms, rare ones first, in what operations say of themselves. */

import { stemmer } from 'stemmer';
import type { CompiledOperation } from '../../operations/types.ts';
import { createSynonyms } from './synonyms.ts';

/** Returns those of `candidates` that the words of the query lead to, best first; equal ones keep their order. */
export type ToolRanking = (query: string, candidates: readonly CompiledOperation[]) => CompiledOperation[];

/** A word in the name says more about a tool than one in its description, which mentions others too. */
const boost = { name: 3, title: 2, keywords: 2, description: 1 };

/** A word that only means the same counts less than the word itself. */
const synonymShare = 0.7;

/** Words that are in any request and tell nothing about a tool. */
const stopWords = new Set(
  'a about all am an and any are as at be by can do does for from get give had has have here how i in is it its let list me my of on one or please some that the their them there this to us use want was what when which with would you your'.split(
    ' ',
  ),
);

/** The weight of every stem of one tool: the highest of the texts that it is in. */
type Stems = ReadonlyMap<string, number>;

export function createRanking(operations: readonly CompiledOperation[]): ToolRanking {
  const stems = new Map(operations.map((compiled) => [compiled, stemsOf(compiled)]));
  const synonymsOf = createSynonyms(stemmer);
  return (query, candidates) => {
    const asked = [...new Set(wordsOf(query).flatMap((word) => stemOf(word) ?? []))];
    const terms = asked.map((word) => toTerm(word, synonymsOf(word), [...stems.values()]));
    return candidates
      .map((compiled) => ({ compiled, score: scoreOf(terms, stems.get(compiled) ?? stemsOf(compiled)) }))
      .filter(({ score }) => score > 0)
      .sort((a, b) => b.score - a.score)
      .map(({ compiled }) => compiled);
  };
}

interface Term {
  word: string;
  synonyms: readonly string[];
  /** High for a word that few tools have, so that it decides more than one that most have. */
  rarity: number;
}

function toTerm(word: string, synonyms: readonly string[], tools: readonly Stems[]): Term {
  const holders = tools.reduce((sum, stems) => sum + match(word, synonyms, stems) / boost.name, 0);
  return { word, synonyms, rarity: Math.log(1 + tools.length / (0.5 + holders)) };
}

function scoreOf(terms: readonly Term[], stems: Stems): number {
  return terms.reduce((sum, { word, synonyms, rarity }) => sum + rarity * match(word, synonyms, stems), 0);
}

/** The best of the word and its synonyms: a tool that lists five words for one thing is not five times as near. */
function match(word: string, synonyms: readonly string[], stems: Stems): number {
  const meant = synonyms.map((synonym) => synonymShare * (stems.get(synonym) ?? 0));
  return Math.max(stems.get(word) ?? 0, ...meant);
}

function stemsOf({ operation }: CompiledOperation): Stems {
  const { name, aliases, title, keywords, description } = operation;
  const texts = { name: [name, ...(aliases ?? [])].join(' '), title, keywords: keywords ?? '', description };
  const stems = new Map<string, number>();
  for (const field of ['description', 'keywords', 'title', 'name'] as const)
    for (const word of wordsOf(texts[field])) {
      const stem = stemOf(word);
      if (stem !== null) stems.set(stem, boost[field]);
    }
  return stems;
}

/** Letters and digits; `create_task` is two words, `to-do` is one. */
function wordsOf(text: string): string[] {
  return text.replaceAll(/(?<=\p{L})[-’'](?=\p{L})/gu, '').match(/[\p{L}\p{N}]+/gu) ?? [];
}

/** The stem of a word, so that `inviting` and `invitations` are one; null leaves the word out. */
function stemOf(word: string): string | null {
  const lower = word.toLowerCase();
  return stopWords.has(lower) ? null : stemmer(lower);
}
