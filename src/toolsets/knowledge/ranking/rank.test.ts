import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { inverseFrequency, saturation } from './bm25.ts';
import { ChunkFacts, decodePostings, toPosting } from './postings.ts';
import { type Evidence, rank } from './rank.ts';

const project_id = '01890000-0000-7000-8000-000000000001';

/** Sources as lists of chunks, and chunks as lists of words. */
function evidence(sources: readonly (readonly (readonly string[])[])[], terms: readonly string[], start = 0): Evidence {
  const postings = new Map<string, Buffer[]>();
  let number = start;
  for (const chunks of sources) {
    const sourceLength = chunks.flat().length;
    for (const [ordinal, words] of chunks.entries()) {
      for (const [term, { length: count }] of Map.groupBy(words, (word) => word))
        postings.set(term, [...(postings.get(term) ?? []), toPosting({ number, count, length: words.length, ordinal, sourceLength })]);
      number += 1;
    }
  }
  const facts = new ChunkFacts();
  return {
    terms,
    indexes: [{ project_id, sources: sources.length, chunks: sources.flat().length, length: sources.flat(2).length }],
    postings: [...postings]
      .filter(([term]) => terms.includes(term))
      .map(([term, its]) => ({ project_id, term, postings: decodePostings(Buffer.concat(its), 0, Infinity, facts), facts })),
  };
}

/** BM25 as the textbook writes it: of each chunk, and of the source that it is of. */
function textbook(sources: readonly (readonly (readonly string[])[])[], terms: readonly string[]): number[] {
  const all = sources.flat();
  const average = { chunk: all.flat().length / all.length, source: all.flat().length / sources.length };
  const countIn = (words: readonly string[], term: string) => words.filter((word) => word === term).length;
  const scoreOf = (words: readonly string[], every: readonly (readonly string[])[], mean: number) =>
    terms.reduce((sum, term) => {
      const worth = inverseFrequency(every.length, every.filter((other) => other.includes(term)).length);
      return sum + worth * saturation(countIn(words, term), words.length, mean);
    }, 0);
  const whole = sources.map((chunks) => chunks.flat());
  return sources.flatMap((chunks) =>
    chunks.map((words) => {
      const own = scoreOf(words, all, average.chunk);
      return own === 0 ? 0 : own + scoreOf(chunks.flat(), whole, average.source);
    }),
  );
}

const word = fc.constantFrom('claim', 'lease', 'queue', 'task', 'run', 'step');
const chunk = fc.array(word, { minLength: 1, maxLength: 12 });
const corpus = fc.array(fc.array(chunk, { minLength: 1, maxLength: 4 }), { minLength: 1, maxLength: 12 });

/** Each a source of one chunk. */
const alone = (chunks: readonly (readonly string[])[]) => chunks.map((words) => [words]);

describe('a ranking', () => {
  test('is that of the textbook', () => {
    fc.assert(
      fc.property(corpus, fc.uniqueArray(word, { minLength: 1 }), (sources, terms) => {
        const expected = textbook(sources, terms);
        const ranked = rank(evidence(sources, terms)).best(1_000);
        expect(ranked).toHaveLength(expected.filter((score) => score > 0).length);
        const best = Math.max(...expected);
        for (const { number, score } of ranked) expect(score / (ranked[0]?.score ?? 1)).toBeCloseTo((expected[number] ?? 0) / best, 10);
        expect(ranked.map(({ score }) => score)).toEqual(ranked.map(({ score }) => score).toSorted((one, other) => other - one));
      }),
    );
  });

  test('is the same for few as for many', () => {
    fc.assert(
      fc.property(corpus, fc.uniqueArray(word, { minLength: 1 }), fc.integer({ min: 1, max: 40 }), (sources, terms, most) => {
        const ranking = rank(evidence(sources, terms));
        expect(ranking.best(most)).toEqual(ranking.best(1_000).slice(0, most));
      }),
    );
  });

  test('of a large collection is the same for few as for many', () => {
    const rare = fc.nat(9_999).map((place) => `w${Math.floor(10 ** (place / 2_500)) - 1}`);
    const large = fc.array(fc.array(fc.array(rare, { minLength: 1, maxLength: 9 }), { minLength: 1, maxLength: 3 }), {
      minLength: 300,
      maxLength: 300,
    });
    fc.assert(
      fc.property(large, fc.uniqueArray(rare, { minLength: 2, maxLength: 6 }), fc.integer({ min: 1, max: 5 }), (sources, terms, most) => {
        const ranking = rank(evidence(sources, terms, 3_900));
        expect(ranking.best(most)).toEqual(ranking.best(10_000).slice(0, most));
      }),
      { numRuns: 200 },
    );
  });

  test('knows chunks whatever their numbers are', () => {
    const sources = [[['claim'], ['lease']], [['claim', 'claim']], [['lease']]];
    for (const start of [0, 2_867_200, 4_095, 4_094, 4_093]) {
      const ranked = rank(evidence(sources, ['claim'], start)).best(10);
      expect(ranked.map(({ number }) => number - start)).toEqual([2, 0]);
    }
  });

  test('prefers of two equal passages the one whose source has more to say', () => {
    const other = [['task'], ['step']];
    const sources = [[['claim'], ['step', 'task']], [['claim'], ['lease', 'lease']], other, other];
    const ranked = rank(evidence(sources, ['claim', 'lease'])).best(10);
    expect(ranked.map(({ number }) => number)).toEqual([3, 2, 0]);
  });

  test('has scores from 0 to 1, and a rare word is worth more than one that is everywhere', () => {
    const { worth, best } = rank(evidence(alone([['claim', 'lease'], ['claim'], ['claim'], ['claim']]), ['claim', 'lease']));
    expect(worth.get('lease')).toBeGreaterThan((worth.get('claim') ?? 0) * 5);
    for (const { score } of best(10)) expect(score).toSatisfy((value: number) => value > 0 && value < 1);
  });

  test('is empty where nothing holds a term', () => {
    expect(rank(evidence(alone([['claim']]), ['lease'])).best(10)).toEqual([]);
    expect(rank(evidence([], ['lease'])).best(10)).toEqual([]);
  });

  test('puts equally good chunks in the order in which they came', () => {
    const same = Array.from({ length: 50 }, () => ['claim']);
    expect(
      rank(evidence(alone(same), ['claim']))
        .best(5)
        .map(({ number }) => number),
    ).toEqual([0, 1, 2, 3, 4]);
  });
});
