import fc from 'fast-check';
import { expect, test } from 'vitest';
import { ChunkFacts, type Posting, blockSize, decodePostings, joinPostings, keepPostings, numberAt, toPosting } from './postings.ts';

const whole = { number: 3_000_000_000, count: 255, length: 65_535, ordinal: 65_535, sourceLength: 32_767 };

function read(posting: Posting) {
  const facts = new ChunkFacts();
  const { numbers, counts } = decodePostings(toPosting(posting), 0, Infinity, facts);
  const { lengths, ordinals, sourceLengths } = facts.at(posting.number);
  const place = posting.number % blockSize;
  return { number: numbers[0], count: counts[0], length: lengths[place], ordinal: ordinals[place], sourceLength: sourceLengths[place] };
}

test('a posting says what it was made of, as far as it matters', () => {
  expect(read(whole)).toEqual(whole);
  expect(read({ ...whole, count: 1_000, length: 70_000, sourceLength: 1_000_100 })).toEqual({ ...whole, sourceLength: 1_000_192 });
});

/** Chunks with a term, of several sources one after the other, and where each source begins. */
const stored = fc.array(fc.array(fc.boolean(), { minLength: 1, maxLength: 5 }), { maxLength: 8 }).map((sources) => {
  let next = 7;
  const begins: number[] = [];
  const postings = sources.flatMap((chunks) => {
    begins.push(next);
    return chunks.flatMap((holds, ordinal) => {
      const number = next;
      next += 1;
      return holds ? [toPosting({ number, count: ordinal + 1, length: 10, ordinal, sourceLength: 10 * chunks.length })] : [];
    });
  });
  return { bytes: Buffer.concat(postings), begins: [...begins, next] };
});

test('what is read in two parts is what is read at once', () => {
  fc.assert(
    fc.property(stored, fc.nat(), ({ bytes, begins }, seed) => {
      const cut = begins[seed % begins.length] ?? 0;
      const [parts, atOnce] = [new ChunkFacts(), new ChunkFacts()];
      const joined = joinPostings(decodePostings(bytes, 0, cut, parts), decodePostings(bytes, cut, Infinity, parts));
      expect(joined).toEqual(decodePostings(bytes, 0, Infinity, atOnce));
      expect(parts.at(0)).toEqual(atOnce.at(0));
    }),
  );
});

test('postings know how many sources their chunks are of', () => {
  fc.assert(
    fc.property(stored, ({ bytes }) => {
      const facts = new ChunkFacts();
      const { numbers, sources } = decodePostings(bytes, 0, Infinity, facts);
      expect(sources).toBe(new Set([...numbers].map((number) => number - (facts.at(number).ordinals[number] ?? 0))).size);
    }),
  );
});

test('only postings whose chunk passes are kept', () => {
  const bytes = Buffer.concat([1, 2, 3].map((number) => toPosting({ ...whole, number })));
  const kept = keepPostings(bytes, (number) => number !== 2);
  expect(kept).toHaveLength(22);
  expect([numberAt(kept, 0), numberAt(kept, 11)]).toEqual([1, 3]);
});
