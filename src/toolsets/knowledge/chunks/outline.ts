/** The blocks of a text without gaps, each with the headings that it stands under. */

import type { Block, ReadText } from '../read/document.ts';

export interface Section {
  level: number;
  title: string;
}

export interface OutlineBlock extends Block {
  /** The headings above it, the highest first; a heading is among its own. */
  sections: readonly Section[];
}

/** Blocks in order and apart; what none of them holds becomes a paragraph, so that nothing of the text is lost. Works as it is asked for. */
export function* outline({ text, blocks }: ReadText): Generator<OutlineBlock> {
  let sections: readonly Section[] = [];
  for (const block of withoutGaps(text, blocks)) {
    const trimmed = trim(text, block);
    if (trimmed.end <= trimmed.start) continue;
    if (block.kind === 'heading')
      sections = enter(sections, { level: block.level ?? 1, title: block.title ?? text.slice(block.start, block.end) });
    yield { ...block, ...trimmed, sections };
  }
}

function* withoutGaps(text: string, blocks: readonly Block[]): Generator<Block> {
  let behind = 0;
  for (const block of blocks.toSorted((a, b) => a.start - b.start)) {
    const start = Math.max(block.start, behind);
    const end = Math.min(block.end, text.length);
    if (end <= start) continue;
    yield { kind: 'paragraph', start: behind, end: start };
    yield { ...block, start, end };
    behind = end;
  }
  yield { kind: 'paragraph', start: behind, end: text.length };
}

function enter(sections: readonly Section[], section: Section): Section[] {
  return [...sections.filter(({ level }) => level < section.level), section];
}

interface Span {
  start: number;
  end: number;
}

/** Without blank lines before it and blanks behind it: the indentation of the first line belongs to it. */
export function trim(text: string, { start, end }: Span): Span {
  const inner = text.slice(start, end).trimEnd();
  const blank = /^(?:[^\S\n]*\n)+/.exec(inner)?.[0].length ?? 0;
  return { start: start + blank, end: start + inner.length };
}
