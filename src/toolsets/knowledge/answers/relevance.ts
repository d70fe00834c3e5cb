/** Which of the passages that a search found are worth reading for a question. */

import { analyse } from '../analysis/analyse.ts';
import { toLanguage } from '../rules.ts';
import type { Found, SearchResult } from '../search.ts';

/**
 * What a passage must have of what the words of the question are worth. A search shows whatever has one of the words; an answer made of that would
 * be about something else. A model is given more, because it says itself when something does not answer.
 */
const leastToRead = 1 / 3;
const leastToQuote = 1 / 2;

/** Where there are few sources, a word that all of them have is worth nothing in a ranking; here it still says what the question is about. */
const leastWorth = 1;

/** Those for a model to read, and those of them that can be quoted without one. */
export function relevantOf(question: string, { found, worth }: SearchResult): { readable: Found[]; quotable: Found[] } {
  const shares = new Map(found.map((passage) => [passage, shareOf(question, passage, worth)]));
  const atLeast = (share: number) => found.filter((passage) => (shares.get(passage) ?? 0) >= share);
  return { readable: atLeast(leastToRead), quotable: atLeast(leastToQuote) };
}

/** From 0 to 1. A word that no source has counts as a rare one. */
function shareOf(question: string, { title, headings, text, language }: Found, worth: SearchResult['worth']): number {
  const its = toLanguage(language);
  const wanted = new Set(analyse(question, its).map(({ term }) => term));
  const there = new Set(analyse([title, ...headings, text].join('\n'), its).map(({ term }) => term));
  let [all, has] = [0, 0];
  for (const term of wanted) {
    const value = Math.max(leastWorth, worth.get(term) ?? 0);
    all += value;
    if (there.has(term)) has += value;
  }
  return all === 0 ? 0 : has / all;
}
