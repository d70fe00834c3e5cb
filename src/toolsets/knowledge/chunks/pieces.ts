/** Cuts a block that is too long where it hurts least: at blank lines, sentences and lines, then between words, then between characters. */

import { estimateTokens } from '../../../platform/models/tokens.ts';
import type { BlockKind } from '../read/document.ts';
import { trim } from './outline.ts';

export interface Piece {
  start: number;
  end: number;
  /** It goes on with what the piece before it began, so the two would not be apart if there were room. */
  cut: boolean;
}

type Cut = 'blank lines' | 'sentences' | 'lines' | 'words' | 'characters';

const prose: readonly Cut[] = ['blank lines', 'sentences', 'lines', 'words', 'characters'];
const lined: readonly Cut[] = ['lines', 'words', 'characters'];

/** Which cuts are tried, one after the other. A sentence may run over lines; a row of a table and a line of code may not. */
const cuts: Readonly<Record<BlockKind, readonly Cut[]>> = {
  heading: prose,
  paragraph: prose,
  message: prose,
  list: ['blank lines', 'lines', 'sentences', 'words', 'characters'],
  code: lined,
  table: lined,
};

/** Intl.Segmenter is given so much at once, so that a text without an end in sight is no burden. In UTF-16 units. */
const sentenceWindow = 16_384;
const wordWindow = 4_096;
/** What cannot be cut between words goes in parts of so many units. */
const hardPart = 64;

const sentences = new Intl.Segmenter(undefined, { granularity: 'sentence' });
const words = new Intl.Segmenter(undefined, { granularity: 'word' });
const characters = new Intl.Segmenter(undefined, { granularity: 'grapheme' });

/** Pieces of at most `maxTokens`, but for a single character that has more. They are in order and hold all that is not blank. */
export function* piecesOf(text: string, block: { kind: BlockKind; start: number; end: number }, maxTokens: number): Generator<Piece> {
  if (fits(text, block.start, block.end, maxTokens)) yield { start: block.start, end: block.end, cut: false };
  else yield* split(text, block, cuts[block.kind], maxTokens);
}

function fits(text: string, start: number, end: number, maxTokens: number): boolean {
  return estimateTokens(text, start, end, maxTokens) <= maxTokens;
}

function* split(text: string, span: { start: number; end: number }, levels: readonly Cut[], maxTokens: number): Generator<Piece> {
  const [level = 'characters', ...deeper] = levels;
  let first = true;
  for (const ends of cutters[level](text, span.start, span.end, maxTokens)) {
    const part = level === 'blank lines' || level === 'lines' ? trim(text, ends) : trimBlanks(text, ends);
    if (part.end <= part.start) continue;
    // A blank line ends a thought; every other cut goes through one.
    const cut = !first && level !== 'blank lines';
    if (deeper.length === 0 || fits(text, part.start, part.end, maxTokens)) yield { ...part, cut };
    else yield* withCut(split(text, part, deeper, maxTokens), cut);
    first = false;
  }
}

/** The first of the pieces goes on as the whole did. */
function* withCut(pieces: Iterable<Piece>, cut: boolean): Generator<Piece> {
  let first = true;
  for (const piece of pieces) {
    yield first ? { ...piece, cut } : piece;
    first = false;
  }
}

interface Span {
  start: number;
  end: number;
}

function trimBlanks(text: string, { start, end }: Span): Span {
  const inner = text.slice(start, end);
  const blank = inner.length - inner.trimStart().length;
  return { start: Math.min(start + blank, end), end: start + inner.trimEnd().length };
}

/** Each goes through the span once, and yields all of it in order. */
const cutters: Readonly<Record<Cut, (text: string, start: number, end: number, maxTokens: number) => Iterable<Span>>> = {
  'blank lines': (text, start, end) => splitAfter(text, start, end, /\n(?:[^\S\n]*\n)+/g),
  lines: (text, start, end) => splitAfter(text, start, end, /\n/g),
  // A line end within a paragraph is no end of a sentence.
  sentences: (text, start, end) => segments(text, { start, end }, sentenceWindow, (part) => sentences.segment(part.replaceAll('\n', ' '))),
  words: (text, start, end) => wordSpans(text, { start, end }),
  characters: (text, start, end, maxTokens) => hardParts(text, { start, end }, Math.max(1, Math.min(hardPart, maxTokens))),
};

function* splitAfter(text: string, start: number, end: number, separator: RegExp): Generator<Span> {
  let from = start;
  for (const { index, 0: found } of text.slice(start, end).matchAll(separator)) {
    yield { start: from, end: start + index + found.length };
    from = start + index + found.length;
  }
  yield { start: from, end };
}

/** Segments through a window that moves on: its end may be in the middle of its last segment, so the next window begins with that. */
function* segments(text: string, span: Span, window: number, segment: (part: string) => Iterable<Intl.SegmentData>): Generator<Span> {
  let base = span.start;
  while (base < span.end) {
    const limit = Math.min(base + window, span.end);
    let last: Span | undefined;
    for (const { index, segment: found } of segment(text.slice(base, limit))) {
      if (last !== undefined) yield last;
      last = { start: base + index, end: base + index + found.length };
    }
    if (last === undefined) return;
    if (limit < span.end && last.start > base) base = last.start;
    else {
      const end = limit === span.end ? limit : softEnd(text, base, limit);
      yield { start: last.start, end };
      base = end;
    }
  }
}

/** A place at or before the limit that is between words if there are any, or else between characters. */
function softEnd(text: string, start: number, limit: number): number {
  const blank = text.slice(start, limit).lastIndexOf(' ');
  if (blank > 0) return start + blank;
  const { index = 0 } = characters.segment(text.slice(limit - hardPart, limit + hardPart)).containing(hardPart) ?? {};
  return index > 0 ? limit - hardPart + index : limit;
}

/** Words, each with the punctuation behind it. */
function* wordSpans(text: string, span: Span): Generator<Span> {
  let word: Span | undefined;
  for (const next of segments(text, span, wordWindow, (part) => words.segment(part))) {
    const joins = word !== undefined && /^[\p{P}\p{S}]+$/u.test(text.slice(next.start, next.end)) && next.end - word.start <= hardPart;
    if (word === undefined) word = next;
    else if (joins) word = { start: word.start, end: next.end };
    else {
      yield word;
      word = next;
    }
  }
  if (word !== undefined) yield word;
}

/** Parts of about so many units that end between characters as people see them; through one only where it is longer than that. */
function* hardParts(text: string, span: Span, size: number): Generator<Span> {
  let start = span.start;
  while (start < span.end) {
    const end = span.end - start <= size ? span.end : hardEnd(text, start, span.end, size);
    yield { start, end };
    start = end;
  }
}

function hardEnd(text: string, start: number, limit: number, size: number): number {
  // A character of the largest size may begin just before the cut.
  const part = text.slice(start, Math.min(start + size + hardPart + 1, limit));
  const { index = 0, segment = '' } = characters.segment(part).containing(size) ?? {};
  if (index > 0) return start + index;
  if (segment.length <= hardPart) return start + segment.length;
  return Math.max(wholeUntil(text, start + hardPart), start + 1);
}

/** The same place, or the one before it where it is between the halves of a surrogate pair. */
function wholeUntil(text: string, place: number): number {
  const isBetween = /[\uD800-\uDBFF]/.test(text.charAt(place - 1)) && /[\uDC00-\uDFFF]/.test(text.charAt(place));
  return isBetween ? place - 1 : place;
}
