/** What of a passage can be quoted: its sentences and the lines of its code, each with what it stands under. */

import type { Found } from '../search.ts';
import type { Place } from './quotes.ts';
import { splitSentences } from './sentences.ts';

export interface Part extends Place {
  code: boolean;
  /** The title, the headings, the questions and the words with a colon right above: it need not repeat what they say. */
  under: readonly string[];
}

/** UTF-16 units of one quote: three or four sentences. A row of a table or a line of code can be longer, and its beginning says what it is. */
const longestQuote = 400;

/** Headings and questions are left out: they answer nothing, but what follows them does. */
export function partsOf({ text, title, starts }: Pick<Found, 'text' | 'title' | 'starts'>): Part[] {
  const parts: Part[] = [];
  let under = starts === 0 ? [title] : [];
  for (const block of blocksOf(text)) {
    for (const { start, end } of block.code ? lines(text, block) : sentences(text, block)) {
      const sentence = text.slice(start, end);
      const code = block.code || codeLine.test(sentence);
      if (!/[\p{L}\p{N}]/u.test(sentence) || (!code && speaker.test(sentence))) continue;
      const above = !code && (isHeading(text, start, end) || isQuestion(sentence));
      if (!above) parts.push({ ...trim(text, start, end), code, under });
      // What is said of a block of code stands above all its lines, and often goes on below.
      if (above || colon.test(sentence)) under = [...under, sentence.trim()];
      else if (!code) under = [];
    }
  }
  return parts;
}

interface Block extends Place {
  code: boolean;
}

const fence = /^[ \t>]*(?:```|~~~)[ \t]*(?<info>[^\n`]*)(?:\n|$)/gm;

/** What stands between fences, and what does not. A passage that has the end of a block of code alone begins within it. */
function blocksOf(text: string): Block[] {
  const fences = [...text.matchAll(fence)];
  let code = fences.length % 2 === 1 && fences[0]?.groups?.['info'] === '';
  let start = 0;
  const blocks = fences.map(({ index, 0: line }) => {
    const block = { start, end: index, code };
    code = !code;
    start = index + line.length;
    return block;
  });
  return [...blocks, { start, end: text.length, code }];
}

/** A line that goes on in the next one is one with it. */
function lines(text: string, { start, end }: Place): Place[] {
  const found = text.slice(start, end).matchAll(/(?:[^\n]*\\\n)*[^\n]+/g);
  return Array.from(found, ({ index, 0: line }) => ({ start: start + index, end: start + index + line.length }));
}

function sentences(text: string, { start, end }: Place): Place[] {
  return splitSentences(unwrap(text.slice(start, end))).map((one) => ({ start: start + one.start, end: start + one.end }));
}

/** Characters from which on a line ends because it was full: in a text that is wrapped its sentence goes on in the next one. */
const fullLine = 60;
const wrap = new RegExp(`(?<=^[^\\n]{${fullLine},})\\n(?![\\n#|>]|[ \\t]*(?:[-*+] |\\d+[.)] |\\[))`, 'gm');

/** The text with each wrapped line in one with the next; all else stays at its place. */
function unwrap(text: string): string {
  return text.replace(wrap, ' ');
}

/** Indented, a field, a brace or a prompt: data and commands without a fence. */
const codeLine = /^(?:\s*\n)?(?: {4}|\t)(?!\s*(?:[-*+]|\d+[.)]) )|^\s*(?:[{}[\]]\s|"[^"\n]*":|\$ )/;
const question = /[?？؟][\s*_"'”’»)|]*$/;
const colon = /[:：][\s*_]*$/;
/** The head of a message. */
const speaker = /^\s*\[[^\]\n]*\]\s*$/;

function isQuestion(sentence: string): boolean {
  const rest = withoutQuestions(sentence);
  return question.test(/\p{L}/u.test(rest) ? rest : sentence);
}

/** A question in quotation marks is one that somebody else asks, or an example of asking. */
export function withoutQuestions(sentence: string): string {
  return sentence.replace(/["“„«][^"“”„«»\n]*[?？؟]["”“»]/g, ' ');
}

/** Of a section, with its marks before it or a ruler below; or of a table. */
function isHeading(text: string, start: number, end: number): boolean {
  return /^\s*#{1,6} /.test(text.slice(start, end)) || /^[ \t|:]*(?:-{3,}|={3,})[ \t|:-]*(?:\n|$)/.test(text.slice(end));
}

/** What begins an item, a row of a table or a quotation, and what ends a row. */
const markers = /^(?:[\s|>+:-]|[*] |\d+[.)] )+/;
const ends = /[\s|]+$/;

/** Without white space and marks around it. */
function trim(text: string, start: number, end: number): Place {
  const sentence = text.slice(start, end);
  const first = start + (markers.exec(sentence)?.[0].length ?? 0);
  const last = Math.min(start + sentence.replace(ends, '').length, first + longestQuote);
  return { start: first, end: isMiddleOfCharacter(text, last) ? last - 1 : last };
}

function isMiddleOfCharacter(text: string, place: number): boolean {
  const code = text.charCodeAt(place);
  return code >= 0xdc00 && code <= 0xdfff;
}
