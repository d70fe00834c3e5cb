/**
 * Lets of what a model writes only those sentences through that quote a source: each citation is looked up while the answer is written, and a
 * sentence is held back until then.
 */

import { toCodePoints } from '../read/offsets.ts';
import type { Found } from '../search.ts';
import { clean, inert } from './clean.ts';
import { type Claim, type Mark, readMarks } from './notation.ts';
import { refusalWord } from './prompt.ts';
import { findQuote } from './quotes.ts';
import { type Sentence, splitSentences } from './sentences.ts';

/** A place in a source that an answer has something from. */
export interface Evidence {
  /** Number of the citation in the answer, from 1. */
  n: number;
  passage: Found;
  /** Code points of the source's text. */
  starts: number;
  ends: number;
  /** What stands there, as it is. */
  text: string;
}

/** A piece of the answer that may be shown. */
export interface Piece {
  text: string;
  /** What it cites that nothing before it did. */
  citations: Evidence[];
}

/** The same place is the same citation. */
export class CitationList {
  readonly all: Evidence[] = [];
  readonly #byPlace = new Map<string, Evidence>();

  /** `start` and `end` in UTF-16 units of the passage. */
  of(passage: Found, start: number, end: number): Evidence {
    const [first = 0, last = 0] = toCodePoints(passage.text, [start, end]);
    const key = `${passage.source_id} ${passage.starts + first} ${passage.starts + last}`;
    const known = this.#byPlace.get(key);
    if (known !== undefined) return known;
    const text = passage.text.slice(start, end);
    const made = { n: this.all.length + 1, passage, starts: passage.starts + first, ends: passage.starts + last, text };
    this.all.push(made);
    this.#byPlace.set(key, made);
    return made;
  }
}

export class CheckedAnswer {
  /** What was let through, one piece after the other. */
  text = '';
  readonly citations = new CitationList();
  /** Citations of sources that there are not, or of words that the source does not have. */
  dropped_citations = 0;
  /** Sentences that nothing was left to support. */
  dropped_sentences = 0;
  /** The model has said that the sources do not answer. */
  refused = false;
  readonly #passages: readonly Found[];
  #written = '';

  /** `passages`: in the order of their numbers, from 1. */
  constructor(passages: readonly Found[]) {
    this.#passages = passages;
  }

  /** What may be shown of all that came so far. */
  push(written: string): Piece[] {
    this.#written += written;
    return this.#take(false);
  }

  /** The rest; nothing more will come. */
  end(): Piece[] {
    return this.#take(true);
  }

  #take(whole: boolean): Piece[] {
    const { text, marks } = readMarks(this.#written, whole);
    const sentences = splitSentences(text);
    if (!whole) dropOpen(sentences, text);
    return sentences.flatMap(({ start, end }) => {
      // A mark between two sentences belongs to the first.
      const its = marks.filter(({ at }) => (at > start || start === 0) && at <= end);
      const taken = end - start + its.reduce((sum, { length }) => sum + length, 0);
      this.#written = this.#written.slice(taken);
      return this.#check(
        text.slice(start, end),
        its.map((mark) => ({ ...mark, at: mark.at - start })),
      );
    });
  }

  #check(sentence: string, marks: readonly Mark[]): Piece[] {
    const fresh = this.citations.all.length;
    const checked = marks.map(({ at, claims }) => ({ at, found: claims.flatMap((claim) => this.#find(claim)) }));
    if (sentence.includes(refusalWord)) {
      this.refused = true;
      return [];
    }
    if (checked.every(({ found }) => found.length === 0)) {
      if (/[\p{L}\p{N}]/u.test(sentence)) this.dropped_sentences += 1;
      return [];
    }
    const text = this.text === '' ? write(sentence, checked).trimStart() : write(sentence, checked);
    this.text += text;
    return [{ text, citations: this.citations.all.slice(fresh) }];
  }

  #find({ source, quote = '' }: Claim): Evidence[] {
    const passage = this.#passages[source - 1];
    const place = passage === undefined ? undefined : findQuote(passage.text, quote);
    if (passage !== undefined && place !== undefined) return [this.citations.of(passage, place.start, place.end)];
    this.dropped_citations += 1;
    return [];
  }
}

/** The last one may go on, or its citation may still come: until there are letters behind it. */
function dropOpen(sentences: Sentence[], text: string): void {
  const last = sentences.pop();
  if (last !== undefined && !/\p{L}/u.test(text.slice(last.start, last.end))) sentences.pop();
}

/** The sentence with the numbers of its citations where they stood. */
function write(sentence: string, checked: readonly { at: number; found: readonly Evidence[] }[]): string {
  const sources = checked.flatMap(({ found }) => found.map(({ passage }) => passage.text));
  let text = '';
  let from = 0;
  for (const { at, found } of checked) {
    text += clean(sentence.slice(from, at), sources);
    const numbers = [...new Set(found.map(({ n }) => `[${n}]`))].join(' ');
    if (numbers !== '') text += ` ${numbers}`;
    from = at;
  }
  const last = clean(sentence.slice(from), sources);
  // What a sentence ends with separates it from the next one.
  return inert(text + last) + (/\s$/.test(last) ? '' : ' ');
}
