/** An answer without a model: the sentences of the best passages that have most of the question, word for word. */

import { analyse } from '../analysis/analyse.ts';
import { toLanguage } from '../rules.ts';
import type { Found } from '../search.ts';
import { CitationList, type Piece } from './checked.ts';
import { clean } from './clean.ts';
import type { Place } from './quotes.ts';
import { splitSentences } from './sentences.ts';

/** Quotes in one answer: what can be read at a glance. */
const mostQuotes = 4;

/** UTF-16 units of one quote: three or four sentences. A row of a table or a line of code can be longer, and its beginning says what it is. */
const longestQuote = 400;

/** Of the best sentence, what another one must reach to stand beside it. */
const leastOfBest = 2 / 3;

interface Candidate extends Place {
  passage: Found;
  /** Place among the passages: of equals the first counts. */
  rank: number;
  value: number;
}

/** `worth`: of the words of the question, as the search says. Nothing where no passage has a word. */
export function extract(question: string, passages: readonly Found[], worth: ReadonlyMap<string, number>): Piece[] {
  const candidates = passages.flatMap((passage, rank) => candidatesOf(question, passage, rank, worth));
  const best = Math.max(...candidates.map(({ value }) => value));
  const seen = new Set<string>();
  const chosen = candidates
    .filter(({ value }) => value >= best * leastOfBest)
    .sort((one, other) => other.value - one.value || one.rank - other.rank || one.start - other.start)
    .filter(({ passage, start, end }) => isFirst(seen, passage.text.slice(start, end)))
    .slice(0, mostQuotes);
  const citations = new CitationList();
  return joinNeighbours(chosen).map(({ passage, start, end }) => {
    const cited = citations.of(passage, start, end);
    return { text: `“${oneLine(cited.text, passage.text)}” [${cited.n}]\n`, citations: [cited] };
  });
}

/** What one sentence has of the question. Where none has anything, its words are in the title: then the beginning says what it is. */
function candidatesOf(question: string, passage: Found, rank: number, worth: ReadonlyMap<string, number>): Candidate[] {
  const { text, score } = passage;
  const language = toLanguage(passage.language);
  const wanted = new Set(analyse(question, language).map(({ term }) => term));
  const all = splitSentences(unwrap(text)).flatMap(({ start, end }): Candidate[] => {
    const place = trim(text, start, end);
    if (place === undefined) return [];
    const has = new Set(analyse(text.slice(place.start, place.end), language).map(({ term }) => term));
    const value = [...wanted].reduce((sum, term) => sum + (has.has(term) ? (worth.get(term) ?? 0) : 0), 0);
    return [{ ...place, passage, rank, value: value + score }];
  });
  const telling = all.filter(({ value }) => value > score);
  return telling.length > 0 ? telling : all.slice(0, 1);
}

/** Characters from which on a line ends because it was full: in a text that is wrapped its sentence goes on in the next one. */
const fullLine = 60;
const wrap = new RegExp(`(?<=^[^\\n]{${fullLine},})\\n(?![\\n#|>]|[ \\t]*(?:[-*+] |\\d+[.)] |\`\`\`|\\[))`, 'gm');

/** The text with each wrapped line in one with the next; all else stays at its place. */
function unwrap(text: string): string {
  return text.replace(wrap, ' ');
}

/** A heading is with the citation already, and who speaks too. */
const head = /^\s*(?:#{1,6} |\[[^\]\n]*\]\s*$)/;
/** What begins an item, a row of a table or a quotation, and what ends a row. */
const markers = /^(?:[\s|>+:-]|[*] |\d+[.)] )+/;
const ends = /[\s|]+$/;

/** Without white space and marks around it; undefined: it says nothing. */
function trim(text: string, start: number, end: number): Place | undefined {
  const sentence = text.slice(start, end);
  if (head.test(sentence) || !/[\p{L}\p{N}]/u.test(sentence)) return undefined;
  const first = start + (markers.exec(sentence)?.[0].length ?? 0);
  const last = Math.min(start + sentence.replace(ends, '').length, first + longestQuote);
  return { start: first, end: isMiddleOfCharacter(text, last) ? last - 1 : last };
}

function isMiddleOfCharacter(text: string, place: number): boolean {
  const code = text.charCodeAt(place);
  return code >= 0xdc00 && code <= 0xdfff;
}

function isFirst(seen: Set<string>, quote: string): boolean {
  const form = quote
    .toLowerCase()
    .replace(/[^\p{L}\p{N}]+/gu, ' ')
    .trim();
  if (seen.has(form)) return false;
  seen.add(form);
  return true;
}

/** Sentences that follow each other are one quote, at the place of the better one. */
function joinNeighbours(chosen: readonly Candidate[]): Candidate[] {
  const joined: Candidate[] = [];
  for (const one of chosen) {
    const beside = joined.findIndex((other) => other.passage === one.passage && onlySpaceBetween(one.passage.text, one, other));
    const other = joined[beside];
    if (other === undefined) joined.push(one);
    else joined[beside] = { ...other, start: Math.min(one.start, other.start), end: Math.max(one.end, other.end) };
  }
  return joined;
}

function onlySpaceBetween(text: string, one: Place, other: Place): boolean {
  const [first, second] = one.start < other.start ? [one, other] : [other, one];
  return text.slice(first.end, second.start).trim() === '' && first.end <= second.start;
}

function oneLine(quote: string, source: string): string {
  return clean(quote, [source]).replace(/\s+/g, ' ').trim();
}
