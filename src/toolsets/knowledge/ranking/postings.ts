/** Postings: which chunks hold a term. As they are stored, and as they are read by the ten thousand for a query. */

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

/** All postings of a term in one project, in the order of their numbers: a column for each fact, which costs a fraction of an object for each posting. */
export interface Postings {
  numbers: Uint32Array;
  counts: Uint8Array;
  lengths: Uint16Array;
  ordinals: Uint16Array;
  /** The sources that these chunks are of. */
  sources: { firsts: Uint32Array; counts: Uint32Array; lengths: Uint32Array };
}

/** Those of the chunks from `from` to below `until`: nothing but a whole addition to the index may end there. */
export function decodePostings(bytes: Buffer, from: number, until: number): Postings {
  const [begin, end] = [placeOf(bytes, from), placeOf(bytes, until)];
  const size = end - begin;
  const numbers = new Uint32Array(size);
  const counts = new Uint8Array(size);
  const lengths = new Uint16Array(size);
  const ordinals = new Uint16Array(size);
  // As long as if each were of a source of its own.
  const sources = { firsts: new Uint32Array(size), counts: new Uint32Array(size), lengths: new Uint32Array(size) };
  let last = -1;
  for (let place = 0; place < size; place += 1) {
    const at = (begin + place) * postingBytes;
    const [number, count, ordinal] = [numberAt(bytes, at), countAt(bytes, at), ordinalAt(bytes, at)];
    numbers[place] = number;
    counts[place] = count;
    lengths[place] = lengthAt(bytes, at);
    ordinals[place] = ordinal;
    // Chunks of a source follow each other.
    if (last === -1 || sources.firsts[last] !== number - ordinal) {
      last += 1;
      sources.firsts[last] = number - ordinal;
      sources.lengths[last] = sourceLengthAt(bytes, at);
    }
    sources.counts[last] = (sources.counts[last] ?? 0) + count;
  }
  const used = (column: Uint32Array) => column.slice(0, last + 1);
  return {
    numbers,
    counts,
    lengths,
    ordinals,
    sources: { firsts: used(sources.firsts), counts: used(sources.counts), lengths: used(sources.lengths) },
  };
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
  return {
    numbers: join(Uint32Array, one.numbers, later.numbers),
    counts: join(Uint8Array, one.counts, later.counts),
    lengths: join(Uint16Array, one.lengths, later.lengths),
    ordinals: join(Uint16Array, one.ordinals, later.ordinals),
    sources: {
      firsts: join(Uint32Array, one.sources.firsts, later.sources.firsts),
      counts: join(Uint32Array, one.sources.counts, later.sources.counts),
      lengths: join(Uint32Array, one.sources.lengths, later.sources.lengths),
    },
  };
}

type Column = Uint8Array | Uint16Array | Uint32Array;

function join<Kind extends Column>(type: new (size: number) => Kind, one: Kind, later: Kind): Kind {
  const joined = new type(one.length + later.length);
  joined.set(one);
  joined.set(later, one.length);
  return joined;
}

/** What they take in memory. */
export function bytesOf({ numbers, sources }: Postings): number {
  return numbers.length * 9 + sources.firsts.length * 12;
}

/** Exact up to here; above, the length of a source is kept in steps of 256 terms, and eight million are the most. */
const mostExact = 0x7fff;

function packLength(length: number): number {
  return length <= mostExact ? length : 0x8000 | Math.min(mostExact, Math.round(length / 256));
}

function unpackLength(packed: number): number {
  return packed <= mostExact ? packed : (packed & mostExact) * 256;
}
