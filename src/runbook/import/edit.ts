/** Changes of a text: places, and what is to stand there. */

import { question, renderBlock } from './blocks.ts';

/** A place of the text, and what is to stand there. */
export interface Edit {
  readonly start: number;
  readonly end: number;
  readonly text: string;
}

/** Questions in paragraphs of their own before the block that begins here. */
export function before(text: string, offset: number | undefined, questions: readonly string[]): Edit[] {
  if (offset === undefined || questions.length === 0) return [];
  const start = text.lastIndexOf('\n', offset - 1) + 1;
  const blank = lineAbove(text, start).trim() === '';
  return [{ start, end: start, text: `${blank ? '' : '\n'}${questions.map((each) => renderBlock(question(each))).join('\n\n')}\n\n` }];
}

/** The line before the one that begins here; empty: there is none. */
export function lineAbove(text: string, start: number): string {
  return start === 0 ? '' : text.slice(start < 2 ? 0 : text.lastIndexOf('\n', start - 2) + 1, start - 1);
}
