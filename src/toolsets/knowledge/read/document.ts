/** What every reader makes of a source: the text that is stored, and how it is built. */

export const formats = ['text', 'markdown', 'html', 'pdf', 'slack', 'messages'] as const;
export type Format = (typeof formats)[number];

export type BlockKind = 'heading' | 'paragraph' | 'list' | 'code' | 'table' | 'message';

/** A part of the text that belongs together: a paragraph, one item of a list with all that is in it, a whole table, what one person said. */
export interface Block {
  kind: BlockKind;
  /** Offsets here count UTF-16 units, as JavaScript does; `offsets.ts` turns them into code points. The end is exclusive. */
  start: number;
  end: number;
  /** Of a heading: 1 is the highest. */
  level?: number;
  /** Of a heading: its words without Markdown. */
  title?: string;
  /** Of a message. */
  author?: Author;
  /** Of a message: when it was written, in RFC 3339 and UTC; null: nobody says. */
  at?: string | null;
  /** In a PDF, from 1. */
  page?: number;
}

export interface Author {
  name: string | null;
  /** Whatever the source calls it, such as customer or bot. */
  type: string | null;
}

/** Blocks are in the order of the text and do not overlap. What lies between two of them is blank, or belongs to no structure. */
export interface ReadText {
  format: Format;
  /** What the source itself gives as its title. */
  title: string | null;
  /** Line ends are LF; no NUL, no lone surrogates. Never blank. */
  text: string;
  blocks: readonly Block[];
}

/** How far a reader is; only formats with parts tell. */
export interface Progress {
  done: number;
  total: number;
}

export type OnProgress = (progress: Progress) => void;

/** How far a reader goes. What is beyond is refused, with the limit and what was found. */
export interface ReadLimits {
  /** Of the source, and of the text that is made of it. */
  bytes: number;
  /** Of a PDF. */
  pages: number;
  /** Until a reader is stopped. */
  seconds: number;
  /** MiB that a reader may use beside the source. */
  memory: number;
}
