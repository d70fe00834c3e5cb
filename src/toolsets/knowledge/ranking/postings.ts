/** Postings: which chunks hold a term. As they are stored, and as they are read by the ten thousand for a query. */

export interface Posting {
  /** Of the chunk, in its project. */
  number: number;
  /** How often the term stands in it. */
  count: number;
  /** Its terms with their repetitions. */
  length: number;
  /** Its place among the chunks that were added of its source. Every 65,536 chunks count as a source of their own. */
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
  posting.writeUInt16BE(ordinal & most16, 7);
  posting.writeUInt16BE(packLength(sourceLength), 9);
  return posting;
}

/** Of the posting that begins at a byte. */
export const numberAt = (bytes: Buffer, at: number): number => read16(bytes, at) * 0x10000 + read16(bytes, at + 2);
const countAt = (bytes: Buffer, at: number): number => bytes[at + 4] ?? 0;
const lengthAt = (bytes: Buffer, at: number): number => read16(bytes, at + 5);
const ordinalAt = (bytes: Buffer, at: number): number => read16(bytes, at + 7);
const sourceLengthAt = (bytes: Buffer, at: number): number => unpackLength(read16(bytes, at + 9));

/** Quicker than `readUInt16BE`, which checks what is known here. */
function read16(bytes: Buffer, at: number): number {
  return ((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0);
}

/** The postings whose chunk passes. */
export function keepPostings(postings: Buffer, passes: (number: number) => boolean): Buffer {
  const kept: Buffer[] = [];
  for (let at = 0; at < postings.length; at += postingBytes)
    if (passes(numberAt(postings, at))) kept.push(postings.subarray(at, at + postingBytes));
  return Buffer.concat(kept);
}

/**
 * All postings of a term in one project, in the order of their numbers: a column for each fact, which costs a fraction of an object for each posting.
 * What they say of the chunk itself is in `ChunkFacts`.
 */
export interface Postings {
  numbers: Uint32Array;
  counts: Uint8Array;
  /** How many sources these chunks are of. */
  sources: number;
}

/** Chunks in one array: so few that rare words cost little in a large project, so many that an array is seldom looked up. */
export const blockSize = 4_096;

/** What is known of the chunks of a block, at their place in it. */
export interface FactBlock {
  lengths: Uint16Array;
  /** The place of each chunk within its source. */
  ordinals: Uint16Array;
  sourceLengths: Uint32Array;
}

/** What postings say of the chunks of a project, whatever the term: once for all of them. */
export class ChunkFacts {
  readonly #blocks = new Map<number, FactBlock>();

  /** The block of the chunk with a number; at `number % blockSize` it is told of that. */
  at(number: number): FactBlock {
    const index = Math.floor(number / blockSize);
    let block = this.#blocks.get(index);
    if (block === undefined) {
      block = { lengths: new Uint16Array(blockSize), ordinals: new Uint16Array(blockSize), sourceLengths: new Uint32Array(blockSize) };
      this.#blocks.set(index, block);
    }
    return block;
  }

  get bytes(): number {
    return this.#blocks.size * blockSize * 8;
  }
}

/** Those of the chunks from `from` to below `until`: nothing but a whole addition to the index may end there. What they say of chunks goes to `facts`. */
export function decodePostings(bytes: Buffer, from: number, until: number, facts: ChunkFacts): Postings {
  const [begin, end] = [placeOf(bytes, from), placeOf(bytes, until)];
  const numbers = new Uint32Array(end - begin);
  const counts = new Uint8Array(end - begin);
  let sources = 0;
  let source = -1;
  for (let index = 0; index < numbers.length; index += 1) {
    const at = (begin + index) * postingBytes;
    const [number, ordinal] = [numberAt(bytes, at), ordinalAt(bytes, at)];
    numbers[index] = number;
    counts[index] = countAt(bytes, at);
    const block = facts.at(number);
    const place = number % blockSize;
    block.lengths[place] = lengthAt(bytes, at);
    block.ordinals[place] = ordinal;
    block.sourceLengths[place] = sourceLengthAt(bytes, at);
    // Chunks of a source follow each other.
    if (source !== number - ordinal) sources += 1;
    source = number - ordinal;
  }
  return { numbers, counts, sources };
}

/** How many postings have a lower number. */
function placeOf(bytes: Buffer, number: number): number {
  let low = 0;
  let high = bytes.length / postingBytes;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (numberAt(bytes, middle * postingBytes) < number) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** `later` has higher numbers. */
export function joinPostings(one: Postings, later: Postings): Postings {
  if (later.numbers.length === 0) return one;
  const numbers = new Uint32Array(one.numbers.length + later.numbers.length);
  const counts = new Uint8Array(numbers.length);
  for (const [part, start] of [[one, 0] as const, [later, one.numbers.length] as const]) {
    numbers.set(part.numbers, start);
    counts.set(part.counts, start);
  }
  return { numbers, counts, sources: one.sources + later.sources };
}

/** What they take in memory. */
export const bytesOf = ({ numbers }: Postings): number => numbers.length * 5;

/** Exact up to here; above, the length of a source is kept in steps of 256 terms, and eight million are the most. */
const mostExact = 0x7fff;

function packLength(length: number): number {
  return length <= mostExact ? length : 0x8000 | Math.min(mostExact, Math.round(length / 256));
}

function unpackLength(packed: number): number {
  return packed <= mostExact ? packed : (packed & mostExact) * 256;
}
