/** The part of a passage that is shown, and where the words of the query stand in it. */

import { analyse } from './analysis/analyse.ts';
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
  const hits = analyse(text, language).filter(({ term }) => worth.has(term));
  const [from, to] = stretch(text, hits, worth, most);
  const lead = from > 0 ? '… ' : '';
  const shown = text.slice(from, to);
  const body = shown.replace(/\s+/g, ' ').trim();
  return { text: `${lead}${body}${to < text.length ? ' …' : ''}`, highlights: highlight(`${lead}${body}`, language, worth) };
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

function highlight(text: string, language: Language, worth: ReadonlyMap<string, number>): [number, number][] {
  const hits = analyse(text, language).filter(({ term }) => worth.has(term));
  const merged: [number, number][] = [];
  for (const { start, end } of hits) {
    const last = merged.at(-1);
    if (last !== undefined && start <= last[1]) last[1] = Math.max(last[1], end);
    else merged.push([start, end]);
  }
  const points = toCodePoints(text, merged.flat());
  return merged.map((_, at) => [points[at * 2] ?? 0, points[at * 2 + 1] ?? 0]);
}
