/** Postings, as they are stored: which chunks hold a term. */

/** All postings of a term in one project, in the order of their numbers. */
export interface TermPostings {
  project_id: string;
  term: string;
  /** Of each chunk eleven bytes; see `toPosting`. */
  postings: Buffer;
}

export interface Posting {
  /** Of the chunk, in its project. */
  number: number;
  /** How often the term stands in it. */
  count: number;
  /** Its terms with their repetitions. */
  length: number;
  /** Its place among the chunks that were added of its source. */
  ordinal: number;
  /** Of all of them together. */
  sourceLength: number;
}

export const postingBytes = 11;

const most8 = 0xff;
const most16 = 0xffff;

/** Big-endian. More than 255 times the same word says no more than that, and lengths of a chunk are far below what two bytes hold. */
export function toPosting({ number, count, length, ordinal, sourceLength }: Posting): Buffer {
  const posting = Buffer.allocUnsafe(postingBytes);
  posting.writeUInt32BE(number, 0);
  posting.writeUInt8(Math.min(count, most8), 4);
  posting.writeUInt16BE(Math.min(length, most16), 5);
  posting.writeUInt16BE(Math.min(ordinal, most16), 7);
  posting.writeUInt16BE(packLength(sourceLength), 9);
  return posting;
}

/**
 * The numbers of the posting that begins at a byte, each by itself: they are read by the ten thousand for a query, and an object for each, or a
 * callback, would cost more than all the rest. Quicker than `readUInt16BE`, which checks what is known here.
 */
export const numberAt = (postings: Buffer, at: number): number => read16(postings, at) * 0x10000 + read16(postings, at + 2);
export const countAt = (postings: Buffer, at: number): number => postings[at + 4] ?? 0;
export const lengthAt = (postings: Buffer, at: number): number => read16(postings, at + 5);
export const ordinalAt = (postings: Buffer, at: number): number => read16(postings, at + 7);
export const sourceLengthAt = (postings: Buffer, at: number): number => unpackLength(read16(postings, at + 9));

function read16(postings: Buffer, at: number): number {
  return ((postings[at] ?? 0) << 8) | (postings[at + 1] ?? 0);
}

/** The postings whose chunk passes. */
export function keepPostings(postings: Buffer, passes: (number: number) => boolean): Buffer {
  const kept: Buffer[] = [];
  for (let at = 0; at < postings.length; at += postingBytes)
    if (passes(numberAt(postings, at))) kept.push(postings.subarray(at, at + postingBytes));
  return Buffer.concat(kept);
}

export interface Holding {
  chunks: number;
  sources: number;
}

/** How many chunks hold each term, and how many sources. */
export function holdingOf(terms: readonly string[], all: readonly TermPostings[]): Map<string, Holding> {
  const holding = new Map(terms.map((term) => [term, { chunks: 0, sources: 0 }]));
  for (const { term, postings } of all) {
    const its = holding.get(term);
    if (its === undefined) continue;
    its.chunks += postings.length / postingBytes;
    let source = -1;
    for (let at = 0; at < postings.length; at += postingBytes) {
      const first = numberAt(postings, at) - ordinalAt(postings, at);
      if (first !== source) its.sources += 1;
      source = first;
    }
  }
  return holding;
}

/** Exact up to here; above, the length of a source is kept in steps of 256 terms, and eight million are the most. */
const mostExact = 0x7fff;

function packLength(length: number): number {
  return length <= mostExact ? length : 0x8000 | Math.min(mostExact, Math.round(length / 256));
}

function unpackLength(packed: number): number {
  return packed <= mostExact ? packed : (packed & mostExact) * 256;
}
