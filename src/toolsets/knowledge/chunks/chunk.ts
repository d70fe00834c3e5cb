/** Cuts a text into the passages that are found and cited: by its structure, of a size that embedding models take. */

import { setImmediate as breathe } from 'node:timers/promises';
import { estimateTokens } from '../../../platform/models/tokens.ts';
import type { Block, ReadText } from '../read/document.ts';
import { type OutlineBlock, outline } from './outline.ts';
import { type Piece, piecesOf } from './pieces.ts';

export interface Chunk {
  /** UTF-16 units, the end exclusive. Chunks are in order and hold all that is not blank; they overlap only where a boundary was forced. */
  start: number;
  end: number;
  /** Words of the headings above all of it, the highest first. */
  headings: readonly string[];
  /** Estimated. */
  tokens: number;
  /** Of a PDF, where it begins. */
  page?: number;
  /** What was said in it, and by whom; a message that is longer than the chunk is there with its part. */
  messages?: readonly Block[];
}

export interface ChunkOptions {
  /** By `estimateTokens`. */
  maxTokens: number;
  /** How much of the text before a forced boundary is repeated behind it, at most. */
  overlapTokens: number;
}

/** Smaller than this share of a chunk is too little to stand alone. */
const tinyShare = 1 / 4;

interface PlacedPiece extends Piece {
  block: OutlineBlock;
  /** Of its block, in the outline. */
  index: number;
}

/** A chunk that grows. */
interface Open {
  pieces: PlacedPiece[];
  /** Of the text between its ends. */
  tokens: number;
  /** How many of the pieces were carried over from the chunk before. */
  carried: number;
}

/** A text that no heading stands above is lower than all that have one. */
const belowHeadings = 7;

/** Works as it is asked for, so that a long text can be left and come back to. */
export function* chunks(read: ReadText, options: ChunkOptions, blocks: readonly OutlineBlock[] = [...outline(read)]): Generator<Chunk> {
  const { text } = read;
  let open: Open | undefined;
  for (const [index, block] of blocks.entries()) {
    for (const piece of piecesOf(text, block, options.maxTokens)) {
      const next: PlacedPiece = { ...piece, block, index };
      if (open !== undefined && joins(text, blocks, open, next, options)) add(text, open, next);
      else {
        const kept: PlacedPiece[] = open === undefined ? [] : carry(text, open, next, options);
        if (open !== undefined) yield close(open);
        open = begin(text, kept, next);
      }
    }
  }
  if (open !== undefined) yield close(open);
}

/** All chunks, without holding up everything else. */
export async function chunkText(read: ReadText, options: ChunkOptions, signal?: AbortSignal): Promise<Chunk[]> {
  return gather(chunks(read, options, await gather(outline(read), signal)), signal);
}

/** How long the event loop waits at most, about, in milliseconds. */
const turn = 10;

async function gather<Item>(items: Iterable<Item>, signal: AbortSignal | undefined): Promise<Item[]> {
  const found: Item[] = [];
  let since = performance.now();
  for (const item of items) {
    found.push(item);
    if (performance.now() - since < turn) continue;
    await breathe();
    signal?.throwIfAborted();
    since = performance.now();
  }
  return found;
}

/** Whether a piece goes into the open chunk: it must fit, and no boundary of the text stand between them. */
function joins(text: string, blocks: readonly OutlineBlock[], open: Open, next: PlacedPiece, { maxTokens }: ChunkOptions): boolean {
  const last = open.pieces.at(-1);
  if (last === undefined) return true;
  const added = estimateTokens(text, last.end, next.end, maxTokens);
  if (open.tokens + added > maxTokens) return false;
  if (last.index === next.index) return true;
  const tiny = maxTokens * tinyShare;
  if (next.block.kind === 'heading') {
    const section = sectionTokens(text, blocks, { index: next.index, from: last.end, most: maxTokens });
    if ((next.block.level ?? 1) <= (last.block.sections.at(-1)?.level ?? belowHeadings)) return open.tokens < tiny && section < tiny;
    return open.tokens < tiny || open.tokens + section <= maxTokens;
  }
  if (isNewSpeaker(last.block, next.block))
    // A question stays with its answer, and a quick exchange together.
    return open.tokens < tiny || (messageTokens(text, last.block, tiny) < tiny && messageTokens(text, next.block, tiny) < tiny);
  return true;
}

function isNewSpeaker(before: Block, after: Block): boolean {
  if (before.kind !== 'message' || after.kind !== 'message') return before.kind === 'message' || after.kind === 'message';
  return before.author?.name !== after.author?.name || before.author?.type !== after.author?.type;
}

function messageTokens(text: string, { start, end }: Block, most: number): number {
  return estimateTokens(text, start, end, most);
}

/** Of a heading and all under it, with what is blank before it; not counted further than `most`. */
function sectionTokens(
  text: string,
  blocks: readonly OutlineBlock[],
  { index, from, most }: { index: number; from: number; most: number },
): number {
  const level = blocks[index]?.level ?? 1;
  let tokens = 0;
  let behind = from;
  for (let at = index; at < blocks.length && tokens <= most; at += 1) {
    const block = blocks[at];
    if (block === undefined || (at > index && block.kind === 'heading' && (block.level ?? 1) <= level)) break;
    tokens += estimateTokens(text, behind, block.end, most);
    behind = block.end;
  }
  return tokens;
}

/** What the next chunk begins with beside its piece. */
function carry(text: string, open: Open, next: PlacedPiece, options: ChunkOptions): PlacedPiece[] {
  const isForced = next.cut && next.index === open.pieces.at(-1)?.index;
  return isForced ? repeated(text, open, next, options) : takeHeadings(text, open, next, options);
}

/** The end of the open chunk: the last whole pieces of the same block that the overlap has room for. */
function repeated(text: string, { pieces }: Open, next: PlacedPiece, { maxTokens, overlapTokens }: ChunkOptions): PlacedPiece[] {
  const fits = (start: number, end: number, most: number) => estimateTokens(text, start, end, most) <= most;
  const end = pieces.at(-1)?.end ?? 0;
  let from = pieces.length;
  // Not the first: the next chunk must begin later than this one.
  for (let at = pieces.length - 1; at > 0; at -= 1) {
    const piece = pieces[at];
    if (piece?.index !== next.index || !fits(piece.start, end, overlapTokens) || !fits(piece.start, next.end, maxTokens)) break;
    from = at;
  }
  return pieces.slice(from);
}

/** The headings at the end of the open chunk, whose text is in the next one, unless nothing new would be left here. */
function takeHeadings(text: string, open: Open, next: PlacedPiece, { maxTokens }: ChunkOptions): PlacedPiece[] {
  const { pieces, carried } = open;
  const stay = pieces.findLastIndex(({ block }) => block.kind !== 'heading') + 1;
  const headings = pieces.slice(stay);
  const [first] = headings;
  if (first === undefined || stay <= carried || next.block.kind === 'heading') return [];
  if (estimateTokens(text, first.start, next.end, maxTokens) > maxTokens) return [];
  open.pieces = pieces.slice(0, stay);
  open.tokens = estimateTokens(text, pieces[0]?.start, open.pieces.at(-1)?.end);
  return headings;
}

function begin(text: string, carried: readonly PlacedPiece[], next: PlacedPiece): Open {
  const tokens = estimateTokens(text, (carried[0] ?? next).start, next.end);
  return { pieces: [...carried, next], tokens, carried: carried.length };
}

function add(text: string, open: Open, next: PlacedPiece): void {
  open.tokens += estimateTokens(text, open.pieces.at(-1)?.end, next.end);
  open.pieces.push(next);
}

function close({ pieces, tokens }: Open): Chunk {
  const start = pieces[0]?.start ?? 0;
  const end = pieces.at(-1)?.end ?? 0;
  const messages = messagesIn(pieces);
  const page = pieces[0]?.block.page;
  return {
    start,
    end,
    headings: sharedHeadings(pieces),
    tokens,
    ...(page === undefined ? {} : { page }),
    ...(messages.length === 0 ? {} : { messages }),
  };
}

/** The headings that all pieces are under. */
function sharedHeadings(pieces: readonly PlacedPiece[]): string[] {
  const [first, ...others] = pieces.map(({ block }) => block.sections);
  let shared = first ?? [];
  for (const sections of others) shared = shared.slice(0, shared.findLastIndex((section, index) => sections[index] === section) + 1);
  return shared.map(({ title }) => title).filter((title) => title !== '');
}

function messagesIn(pieces: readonly PlacedPiece[]): Block[] {
  const found: Block[] = [];
  let last: OutlineBlock | undefined;
  for (const { block, start, end } of pieces) {
    const open = found.at(-1);
    if (block.kind === 'message' && block === last && open !== undefined) open.end = end;
    else if (block.kind === 'message') found.push({ kind: block.kind, start, end, author: block.author, at: block.at });
    last = block;
  }
  return found;
}
