/** The part of a passage that is shown, and where the words of the query stand in it. */

import { eachTerm } from './analysis/analyse.ts';
import type { Language } from './analysis/languages.ts';
import { toCodePoints } from './read/offsets.ts';

/** Code points of a snippet: three or four sentences, enough to judge a passage by, and ten of them are a page that a model can read. */
export const snippetLength = 400;

export interface Snippet {
  text: string;
  /** Code points in `text`: the first, and the one behind the last. */
  highlights: [number, number][];
}

/** The stretch of `text` with the most different words of the query, from the beginning of a word to the end of one. */
export function snippetOf(text: string, language: Language, worth: ReadonlyMap<string, number>, most = snippetLength): Snippet {
  const hits: Hit[] = [];
  eachTerm(text, language, (term, start, end) => void (worth.has(term) && hits.push({ term, start, end })), worth.keys());
  const [from, to] = stretch(text, hits, worth, most);
  const inside = hits.filter(({ start, end }) => start >= from && end <= to);
  const shown = { text: from > 0 ? '… ' : '', highlights: [] as [number, number][] };
  let at = from;
  // White space becomes one space as it is copied, so that the words are known where they come to stand.
  const copy = (until: number) => {
    if (until <= at) return;
    const piece = text.slice(at, until).replace(/\s+/g, ' ');
    shown.text += shown.text === '' || shown.text.endsWith(' ') ? piece.trimStart() : piece;
    at = until;
  };
  for (const { start, end } of merge(inside)) {
    copy(start);
    const begin = shown.text.length;
    copy(end);
    shown.highlights.push([begin, shown.text.length]);
  }
  copy(to);
  const body = shown.text.trimEnd();
  const points = toCodePoints(body, shown.highlights.flat());
  return {
    text: `${body}${to < text.length ? ' …' : ''}`,
    highlights: shown.highlights.map((_, place) => [points[place * 2] ?? 0, points[place * 2 + 1] ?? 0]),
  };
}

interface Hit {
  term: string;
  start: number;
  end: number;
}

/** Offsets in UTF-16 units. Slides a window over the hits and takes the one whose different words are worth most. */
function stretch(text: string, hits: readonly Hit[], worth: ReadonlyMap<string, number>, most: number): [number, number] {
  if (text.length <= most) return [0, text.length];
  const inside = new Map<string, number>();
  let value = 0;
  let left = 0;
  let best = { value: 0, start: 0, end: 0 };
  for (const hit of hits) {
    const count = inside.get(hit.term) ?? 0;
    inside.set(hit.term, count + 1);
    if (count === 0) value += worth.get(hit.term) ?? 0;
    for (let first = hits[left]; first !== undefined && hit.end - first.start > most; first = hits[left]) {
      const rest = (inside.get(first.term) ?? 1) - 1;
      inside.set(first.term, rest);
      if (rest === 0) value -= worth.get(first.term) ?? 0;
      left += 1;
    }
    const first = hits[left];
    if (value > best.value && first !== undefined) best = { value, start: first.start, end: hit.end };
  }
  const spare = Math.max(0, most - (best.end - best.start));
  const start = Math.max(0, Math.min(best.start - Math.floor(spare / 4), text.length - most));
  return [toWordStart(text, start), toWordEnd(text, Math.min(text.length, Math.max(start + most, best.end)))];
}

/** How far a word is looked for: beyond it there is none, as in a script without spaces, and any place between characters will do. */
const reach = 40;

function toWordStart(text: string, at: number): number {
  if (at === 0) return 0;
  const space = text.slice(at, at + reach).search(/\s/);
  return space === -1 ? toCharacter(text, at) : at + space + 1;
}

function toWordEnd(text: string, at: number): number {
  if (at >= text.length) return text.length;
  const found = /\s\S*$/.exec(text.slice(Math.max(0, at - reach), at));
  return found === null ? toCharacter(text, at) : Math.max(0, at - reach) + found.index;
}

function toCharacter(text: string, at: number): number {
  const code = text.charCodeAt(at);
  return code >= 0xdc00 && code <= 0xdfff ? at - 1 : at;
}

/** Hits that overlap, such as the characters and pairs of a script without spaces, as one. */
function merge(hits: readonly Hit[]): { start: number; end: number }[] {
  const merged: { start: number; end: number }[] = [];
  for (const { start, end } of hits) {
    const last = merged.at(-1);
    if (last !== undefined && start <= last.end) last.end = Math.max(last.end, end);
    else merged.push({ start, end });
  }
  return merged;
}
