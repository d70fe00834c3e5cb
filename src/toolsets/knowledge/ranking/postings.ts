/** Postings, as they are stored: which chunks of a block hold a term. */

/** Numbers of chunks in one row of postings: so few that adding to a row is cheap, so many that a frequent word has few rows. */
export const blockSize = 4_096;

export interface PostingsRow {
  project_id: string;
  term: string;
  block: number;
  /** Of each chunk ten bytes, in five numbers of two; see `toPosting`. */
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

const postingBytes = 10;

const most16 = 0xffff;

/** Big-endian, so that PostgreSQL could read them as well. Counts and lengths of a chunk are far below what two bytes hold. */
export function toPosting({ number, count, length, ordinal, sourceLength }: Posting): Buffer {
  const posting = Buffer.allocUnsafe(postingBytes);
  posting.writeUInt16BE(number % blockSize, 0);
  posting.writeUInt16BE(Math.min(count, most16), 2);
  posting.writeUInt16BE(Math.min(length, most16), 4);
  posting.writeUInt16BE(Math.min(ordinal, most16), 6);
  posting.writeUInt16BE(packLength(sourceLength), 8);
  return posting;
}

export function eachPosting(
  { block, postings }: PostingsRow,
  visit: (number: number, count: number, length: number, ordinal: number, sourceLength: number) => void,
): void {
  const first = block * blockSize;
  for (let at = 0; at < postings.length; at += postingBytes)
    visit(
      first + postings.readUInt16BE(at),
      postings.readUInt16BE(at + 2),
      postings.readUInt16BE(at + 4),
      postings.readUInt16BE(at + 6),
      unpackLength(postings.readUInt16BE(at + 8)),
    );
}

/** The postings of chunks that are still there. */
export function keepAlive(postings: Buffer, block: number, alive: ReadonlySet<number>): Buffer {
  const kept: Buffer[] = [];
  for (let at = 0; at < postings.length; at += postingBytes)
    if (alive.has(block * blockSize + postings.readUInt16BE(at))) kept.push(postings.subarray(at, at + postingBytes));
  return Buffer.concat(kept);
}

export interface Holding {
  chunks: number;
  sources: number;
}

/** How many chunks hold each term, and how many sources. */
export function holdingOf(terms: readonly string[], rows: readonly PostingsRow[]): Map<string, Holding> {
  const holding = new Map(terms.map((term) => [term, { chunks: 0, sources: 0 }]));
  for (const row of rows) {
    const its = holding.get(row.term);
    let source = -1;
    eachPosting(row, (number, _count, _length, ordinal) => {
      if (its === undefined) return;
      its.chunks += 1;
      if (number - ordinal !== source) its.sources += 1;
      source = number - ordinal;
    });
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
