/** Plain text: paragraphs, with blank lines in between. */

import type { Block, ReadText } from './document.ts';

export function readPlain(text: string): ReadText {
  return { format: 'text', title: null, text, blocks: paragraphsOf(text) };
}

/** An indented first line keeps its indentation. */
export function paragraphsOf(text: string): Block[] {
  const blocks: Block[] = [];
  const add = (from: number, to: number) => {
    const end = from + text.slice(from, to).trimEnd().length;
    if (end > from) blocks.push({ kind: 'paragraph', start: from, end });
  };
  let start = 0;
  for (const { index, 0: blank } of text.matchAll(/(?:^|\n)(?:[^\S\n]*\n)+/g)) {
    add(start, index);
    start = index + blank.length;
  }
  add(start, text.length);
  return blocks;
}
