/** Finds passages by the words of a query. */

import type { Context } from '../../operations/context.ts';
import { analyse } from './analysis/analyse.ts';
import type { Language } from './analysis/languages.ts';
import { type Ranked, rank } from './ranking/rank.ts';
import { toLanguage } from './rules.ts';
import type { Filters } from './schema.ts';
import { type PassageRow, readPassages } from './passages.ts';
import { readIndexes, readPostings } from './word-index.ts';

export interface Query {
  text: string;
  /** Undefined: everything that the caller may see. */
  project_id: string | undefined;
  filters: Filters;
  /** How many of the best are passed over, and how many are wanted after them. */
  offset: number;
  limit: number;
}

export interface Found extends PassageRow {
  score: number;
}

export interface SearchResult {
  /** One more than was asked for, where there is one. */
  found: Found[];
  /** What each term of the query is worth, in every language that there is text in. */
  worth: ReadonlyMap<string, number>;
}

/** How many more of the best are read than are wanted: some are gone. Where filters or phrases leave out more, so many times as many are read next. */
const firstReach = 4;
const reachGrowth = 8;

export async function search(context: Context, query: Query): Promise<SearchResult> {
  const indexes = await readIndexes(context, query.project_id);
  const spoken = [...new Set(indexes.flatMap((index) => index.languages))].map(toLanguage);
  const terms = new Set(spoken.flatMap((language) => termsOf(query.text, language)));
  if (terms.size === 0) return { found: [], worth: new Map() };
  const projects = indexes.map((index) => index.project_id);
  const postings = await readPostings(context, projects, [...terms]);
  const ranking = rank({ terms: [...terms], indexes, postings });
  const phrases = phrasesOf(query.text);
  const passing: Found[] = [];
  const wanted = query.offset + query.limit + 1;
  let seen = 0;
  for (let reach = wanted + firstReach; passing.length < wanted; reach *= reachGrowth) {
    const ranked = ranking.best(reach);
    passing.push(...(await pass(context, ranked.slice(seen), query.filters, phrases)));
    if (ranked.length < reach) break;
    seen = ranked.length;
  }
  return { found: passing.slice(query.offset, wanted), worth: ranking.worth };
}

/** Reads the chunks and keeps those that pass, in their order. */
async function pass(context: Context, ranked: readonly Ranked[], filters: Filters, phrases: readonly string[]): Promise<Found[]> {
  if (ranked.length === 0) return [];
  const rows = new Map((await readPassages(context, ranked, filters)).map((row) => [keyOf(row), row]));
  return ranked.flatMap((one) => {
    const row = rows.get(keyOf(one));
    return row !== undefined && phrases.every((phrase) => holdsPhrase(row, phrase)) ? [{ ...row, score: one.score }] : [];
  });
}

const keyOf = ({ project_id, number }: { project_id: string; number: number }) => `${project_id}/${number}`;

function termsOf(text: string, language: Language): string[] {
  return analyse(text, language).map(({ term }) => term);
}

/** What stands in double quotes: it has to be there word for word. */
function phrasesOf(text: string): string[] {
  return [...text.matchAll(/"([^"]+)"/g)].map(([, phrase = '']) => phrase);
}

/** Compared term by term, so that case, accents, endings and punctuation make no difference. */
function holdsPhrase({ text, language }: PassageRow, phrase: string): boolean {
  const wanted = termsOf(phrase, toLanguage(language));
  if (wanted.length === 0) return true;
  const there = termsOf(text, toLanguage(language));
  return there.some((_, at) => wanted.every((term, offset) => there[at + offset] === term));
}
