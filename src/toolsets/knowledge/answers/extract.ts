/** An answer without a model: the sentences of the best passages that have most of the question, word for word. */

import { analyse } from '../analysis/analyse.ts';
import type { Language } from '../analysis/languages.ts';
import { toLanguage } from '../rules.ts';
import type { Found } from '../search.ts';
import { CitationList, type Piece } from './checked.ts';
import { clean } from './clean.ts';
import { type Part, partsOf, withoutQuestions } from './parts.ts';
import type { Place } from './quotes.ts';

/** Quotes in one answer: what can be read at a glance. */
const mostQuotes = 4;

/** Of the best sentence, what another one must reach to stand beside it. */
const leastOfBest = 2 / 3;

interface Candidate extends Part {
  passage: Found;
  /** Place among the passages: of equals the first counts. */
  rank: number;
  /** What its words of the question are worth. */
  value: number;
  /** It is about what was asked, and does not only mention it. */
  about: boolean;
  /** It answers only where nothing else does. */
  spare: boolean;
}

/** `worth`: of the words of the question, as the search says. Nothing where no passage has a word. */
export function extract(question: string, passages: readonly Found[], worth: ReadonlyMap<string, number>): Piece[] {
  const candidates = passages.flatMap((passage, rank) => candidatesOf(question, passage, rank, worth));
  const best = Math.max(...candidates.map(({ value }) => value));
  const good = candidates.filter(({ value }) => value >= best * leastOfBest);
  const telling = good.filter(({ spare }) => !spare);
  const seen = new Set<string>();
  const chosen = (telling.length > 0 ? telling : good)
    .sort(
      (one, other) =>
        other.value - one.value || Number(other.about) - Number(one.about) || one.rank - other.rank || one.start - other.start,
    )
    .filter(({ passage, start, end }) => isFirst(seen, passage.text.slice(start, end)))
    .slice(0, mostQuotes);
  const citations = new CitationList();
  return joinNeighbours(chosen).map(({ passage, start, end }) => {
    const cited = citations.of(passage, start, end);
    return { text: `“${oneLine(cited.text, passage.text)}” [${cited.n}]\n`, citations: [cited] };
  });
}

/** Where no part has anything of the question, its words are in the headings: then the beginning says what it is. */
function candidatesOf(question: string, passage: Found, rank: number, worth: ReadonlyMap<string, number>): Candidate[] {
  const language = toLanguage(passage.language);
  const wanted = termsOf(question, language);
  const wantsCode = asksForCode(question);
  const all = partsOf(passage).map((part): Candidate => {
    const says = withoutQuestions(passage.text.slice(part.start, part.end));
    const under = part.under.map((heading) => termsOf(heading, language)).filter((terms) => isMostly(terms, wanted));
    const has = new Set([...termsOf(says, language), ...under.flat()]);
    const value = wanted.reduce((sum, term) => sum + (has.has(term) ? (worth.get(term) ?? 0) : 0), 0);
    const about = under.length > 0 || isAbout(says, wanted, language);
    return { ...part, passage, rank, value, about, spare: part.code ? !wantsCode : isTitle(says, wanted, language) };
  });
  const telling = all.filter(({ value }) => value > 0);
  return telling.length > 0 ? telling : all.slice(0, 1);
}

const termsOf = (text: string, language: Language): string[] => [...new Set(analyse(text, language).map(({ term }) => term))];

/** A heading with more words of its own than of the question is about something else. */
function isMostly(terms: readonly string[], wanted: readonly string[]): boolean {
  return terms.filter((term) => wanted.includes(term)).length > terms.length / 2;
}

/** A word for code in some languages, or what no prose has; and who asks how to do something wants the command. */
const codeWords =
  /\b(?:code|commands?|commande|comando|befehle?|curl|script|skript|snippet|syntax|shell|terminal|json|yaml|sql)\b|`|--\w|\w_\w/iu;
const howTo = /^(?:how (?:do|can|should) (?:i|we|you)|how to|wie \p{L}+ (?:ich|man|wir)|comment|cómo)(?!\p{L})/iu;

function asksForCode(question: string): boolean {
  return codeWords.test(question) || howTo.test(question);
}

/** A definition or statement begins with what it is about and goes on with something else than a longer name: "A lease is", "Lease:", not "Lease times vary". */
function isAbout(says: string, wanted: readonly string[], language: Language): boolean {
  const tokens = analyse(says, language);
  const next = tokens.findIndex(({ term }) => !wanted.includes(term));
  const [last, behind] = [tokens[next - 1], tokens[next]];
  return last !== undefined && behind !== undefined && /\S/.test(says.slice(last.end, behind.start));
}

/** No sentence, and no word but those of the question. */
function isTitle(says: string, wanted: readonly string[], language: Language): boolean {
  return !/[.!。！]\W*$/.test(says) && termsOf(says, language).every((term) => wanted.includes(term));
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
