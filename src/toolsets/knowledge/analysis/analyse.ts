/** Turns text into the terms that an index holds and a query asks for: one way for both, or they would not meet. */

import { type Language, grammarOf } from './languages.ts';
import { eachWord } from './words.ts';

export interface Token {
  term: string;
  /** Where it stands, in UTF-16 units of the text. */
  start: number;
  end: number;
}

/** A longer one is a hash or an encoded file, and nobody types that from memory: its beginning is enough to find it. */
const maxTermLength = 64;

const cjk = /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}]+/gu;
const spaceless = /[\p{Script=Thai}\p{Script=Lao}\p{Script=Khmer}\p{Script=Myanmar}]/u;
const anyCjk = /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}]/u;
const plain = /^[a-z0-9]+$/;
const latin = /^[\p{Script=Latin}\p{M}\p{N}]+$/u;

/** The terms of a text in their order. Words that say nothing alone are left out. */
export function analyse(text: string, language: Language): Token[] {
  const tokens: Token[] = [];
  eachTerm(text, language, (term, start, end) => void tokens.push({ term, start, end }));
  return tokens;
}

/** The same without an object for each. Where only some are wanted, others are left out if that saves time. */
export function eachTerm(
  text: string,
  language: Language,
  visit: (term: string, start: number, end: number) => void,
  wanted?: Iterable<string>,
): void {
  const known = remembered(language);
  // All stems begin as their words do, and so do the parts of a name such as `createTask`, apart from those that begin with a capital.
  const initials = wanted === undefined ? undefined : new Set(Array.from(wanted, (term) => term.charAt(0)));
  eachWord(
    text,
    (word, at) => {
      for (const { term, start, end } of known.get(word) ?? learn(known, word, language)) visit(term, at + start, at + end);
    },
    initials,
  );
}

/** What words were turned into, by language: the same few thousand are most of every text, and to look one up takes a tenth of the time. */
const memory = new Map<Language, Map<string, readonly Token[]>>();

/** Some ten megabytes for each language; then it begins anew. */
const mostRemembered = 50_000;

function remembered(language: Language): Map<string, readonly Token[]> {
  const known = memory.get(language) ?? new Map<string, readonly Token[]>();
  memory.set(language, known);
  return known;
}

/** The terms of one word, which stands at 0. */
function learn(known: Map<string, readonly Token[]>, word: string, language: Language): readonly Token[] {
  const tokens: Token[] = [];
  addWord(tokens, word, 0, language);
  if (known.size >= mostRemembered) known.clear();
  if (word.length <= maxTermLength) known.set(word, tokens);
  return tokens;
}

/** How often each term stands in the text. */
export function countTerms(text: string, language: Language): Map<string, number> {
  const counts = new Map<string, number>();
  eachTerm(text, language, (term) => void counts.set(term, (counts.get(term) ?? 0) + 1));
  return counts;
}

function addWord(tokens: Token[], word: string, at: number, language: Language): void {
  if (anyCjk.test(word)) addCjk(tokens, word, at, language);
  else if (spaceless.test(word)) addSegments(tokens, word, at, language);
  else if (/['’]/.test(word)) addElided(tokens, word, at, language);
  else addPlain(tokens, word, at, language);
}

/**
 * Single characters and pairs of neighbours, as Lucene does it for these scripts: a dictionary cuts the same words differently in a
 * sentence and in a query, pairs do not.
 */
function addCjk(tokens: Token[], word: string, at: number, language: Language): void {
  let done = 0;
  for (const { 0: run, index } of word.matchAll(cjk)) {
    if (index > done) addPlain(tokens, word.slice(done, index), at + done, language);
    done = index + run.length;
    let previous: { text: string; start: number } | undefined;
    for (const { segment, index: place } of characters.segment(run)) {
      const start = at + index + place;
      push(tokens, segment.normalize('NFKC'), start, start + segment.length);
      if (previous !== undefined) push(tokens, (previous.text + segment).normalize('NFKC'), previous.start, start + segment.length);
      previous = { text: segment, start };
    }
  }
  if (done < word.length) addPlain(tokens, word.slice(done), at + done, language);
}

const characters = new Intl.Segmenter(undefined, { granularity: 'grapheme' });
const dictionary = new Intl.Segmenter(undefined, { granularity: 'word' });

function addSegments(tokens: Token[], word: string, at: number, language: Language): void {
  for (const { segment, index, isWordLike } of dictionary.segment(word))
    if (isWordLike === true) addPlain(tokens, segment, at + index, language);
}

/** Of `runner's`, `l'avion` and `O'Brien` the long part counts; `don't` is a word of its own and says nothing. */
const shortestPart = 3;

function addElided(tokens: Token[], word: string, at: number, language: Language): void {
  if (grammarOf(language).stops.has(word.toLowerCase().replaceAll('’', "'"))) return;
  let start = at;
  for (const part of word.split(/['’]/)) {
    if (part.length >= shortestPart) addPlain(tokens, part, start, language);
    start += part.length + 1;
  }
}

/** A name such as `createTask` is found whole and by its parts. */
function addPlain(tokens: Token[], word: string, at: number, language: Language): void {
  pushStem(tokens, word, at, language);
  if (!/\p{Ll}\p{Lu}/u.test(word)) return;
  let start = at;
  for (const part of word.split(/(?<=\p{Ll})(?=\p{Lu})/u)) {
    pushStem(tokens, part, start, language);
    start += part.length;
  }
}

function pushStem(tokens: Token[], word: string, start: number, language: Language): void {
  const { stem, stops } = grammarOf(language);
  const folded = word.normalize('NFKC').toLowerCase();
  if (stops.has(folded)) return;
  push(tokens, unaccented(stem(folded)), start, start + word.length);
}

/** Accents are often left out in queries. In other scripts such marks are letters. */
function unaccented(term: string): string {
  if (plain.test(term) || !latin.test(term)) return term;
  return term.normalize('NFD').replace(/\p{Mn}/gu, '');
}

function push(tokens: Token[], term: string, start: number, end: number): void {
  if (term !== '') tokens.push({ term: term.slice(0, maxTermLength), start, end });
}
