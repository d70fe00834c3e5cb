import fc from 'fast-check';
import { expect, test } from 'vitest';
import { fuse } from './fuse.ts';

const named = (names: readonly string[]) => names.map((name) => ({ name }));
const fused = (...lists: (readonly string[])[]) => fuse(lists.map(named), ({ name }) => name);

test('what stands in both lists comes before what stands in one', () => {
  expect(fused(['a', 'b', 'c'], ['c', 'd']).map(({ name }) => name)).toEqual(['c', 'a', 'b', 'd']);
});

test('what is first in every list has 1, and everything else less', () => {
  expect(fused(['a', 'b'], ['a', 'c'])).toMatchObject([{ name: 'a', score: 1 }, { name: 'b' }, { name: 'c' }]);
  const lists = fc.array(fc.uniqueArray(fc.constantFrom('a', 'b', 'c', 'd', 'e')), { minLength: 1, maxLength: 4 });
  fc.assert(
    fc.property(lists, (names) => {
      const all = fused(...names);
      expect(new Set(all.map(({ name }) => name))).toEqual(new Set(names.flat()));
      expect(all.map(({ score }) => score)).toEqual(all.map(({ score }) => score).toSorted((one, other) => other - one));
      for (const { score } of all) expect(score).toSatisfy((value: number) => value > 0 && value <= 1 + 1e-9);
    }),
  );
});

test('one list stays as it is', () => {
  expect(fused(['b', 'a', 'c']).map(({ name }) => name)).toEqual(['b', 'a', 'c']);
});
