/** Finds passages by the words of a query, and by what it means where an embedding model is switched on. */

import type { Context } from '../../operations/context.ts';
import { Problem } from '../../platform/problem.ts';
import type { Space } from '../../platform/vectors/types.ts';
import { analyse } from './analysis/analyse.ts';
import type { Language } from './analysis/languages.ts';
import { fuse } from './ranking/fuse.ts';
import type { Ranked } from './ranking/best.ts';
import { type IndexFacts, type Ranking, rank } from './ranking/rank.ts';
import { toLanguage } from './rules.ts';
import type { Filters } from './schema.ts';
import { type PassageRow, passesFilters, readPassages } from './passages.ts';
import { readTermPostings } from './term-postings.ts';
import { type WordIndex, readIndexes } from './word-index.ts';

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

/** A text as a place among vectors. */
export interface Meaning {
  space: Space;
  vector: Float32Array;
}

/** Asks the embedding model, so outside of a transaction. Undefined: none is switched on or ready, or it does not answer; words have to do then. */
export async function meaningOf({ vectors, settings, signal, log }: Context, text: string): Promise<Meaning | undefined> {
  const space = await vectors.serving();
  if (space === undefined) return undefined;
  try {
    const { vectors: made } = await space.model.embed([text], 'query', signal, settings.queryEmbeddingMs);
    const [vector] = made;
    return vector === undefined ? undefined : { space, vector };
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    log.debug({ err: error }, 'a query is searched by its words alone');
    return undefined;
  }
}

/** How many more of the best are read than are wanted: some are gone. Where filters or phrases leave out more, so many times as many are read next. */
const firstReach = 4;
const reachGrowth = 8;

/** In a transaction that only reads. With the vector of the text, what it means counts as much as its words. */
export async function search(context: Context, query: Query, meaning?: Meaning): Promise<SearchResult> {
  const indexes = await readIndexes(context, query.project_id);
  const ranking = await rankByWords(context, query.text, indexes);
  const wanted = query.offset + query.limit + 1;
  const pass: Pass = (ranked) => readPassing(context, ranked, query.filters, phrasesOf(query.text));
  const found =
    meaning === undefined
      ? await takePassing((reach) => ranking.best(reach), pass, wanted)
      : await searchBoth(context, { query, meaning, indexes, pass, best: ranking.best });
  return { found: found.slice(query.offset, wanted), worth: ranking.worth };
}

/** What each term of a text is worth in these projects, and where they stand. */
async function rankByWords(context: Context, text: string, indexes: readonly WordIndex[]): Promise<Ranking> {
  const spoken = [...new Set(indexes.flatMap((index) => index.languages))].map(toLanguage);
  const terms = [...new Set(spoken.flatMap((language) => termsOf(text, language)))];
  return rank({ terms, indexes, postings: await readTermPostings(context, indexes, terms) });
}

/** Reads the chunks and keeps those that pass, in their order. */
type Pass = (ranked: readonly Ranked[]) => Promise<Found[]>;

/** The best `wanted` that pass, from a list that can be had as long as one likes. */
async function takePassing(best: (reach: number) => Ranked[], pass: Pass, wanted: number): Promise<Found[]> {
  const passing: Found[] = [];
  let seen = 0;
  for (let reach = wanted + firstReach; passing.length < wanted; reach *= reachGrowth) {
    const ranked = best(reach);
    passing.push(...(await pass(ranked.slice(seen))));
    if (ranked.length < reach) break;
    seen = ranked.length;
  }
  return passing;
}

/** How many of the best by words, and of the nearest, are put together: what is further down in both helps nobody. */
const fusedDepth = 100;

interface Both {
  query: Query;
  meaning: Meaning;
  indexes: readonly IndexFacts[];
  pass: Pass;
  best: Ranking['best'];
}

async function searchBoth(context: Context, { query, meaning, indexes, pass, best }: Both): Promise<Found[]> {
  const nearest = await meaning.space.nearest(context, {
    vector: meaning.vector,
    projects: indexes.map((index) => index.project_id),
    among: indexes.reduce((sum, index) => sum + index.chunks, 0),
    most: fusedDepth,
    where: passesFilters(query.filters),
  });
  // Where nothing is left out, only what is shown has to be read.
  const all = Object.keys(query.filters).length === 0 && phrasesOf(query.text).length === 0;
  const byWords: Ranked[] = all ? best(fusedDepth) : (await takePassing(best, pass, fusedDepth)).slice(0, fusedDepth);
  const byMeaning = nearest.map(({ project_id, number, similarity }): Ranked => ({ project_id, number, score: similarity }));
  const fused = fuse([byWords, byMeaning], keyOf);
  return takePassing((reach) => fused.slice(0, reach), pass, query.offset + query.limit + 1);
}

async function readPassing(context: Context, ranked: readonly Ranked[], filters: Filters, phrases: readonly string[]): Promise<Found[]> {
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
