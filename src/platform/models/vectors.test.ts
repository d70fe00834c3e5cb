import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { checkedVectors } from './vectors.ts';

describe('vectors', () => {
  test('have length 1 and the direction that the model gave', () => {
    expect(checkedVectors([[3, 4]], 1, undefined)).toEqual([Float32Array.of(0.6, 0.8)]);
    expect(checkedVectors([[0, -1e300]], 1, 2)).toEqual([Float32Array.of(0, -1)]);
    expect(checkedVectors([[1e-300, 0]], 1, 2)).toEqual([Float32Array.of(1, 0)]);
  });

  test('have length 1 whatever the model gives', () => {
    const value = fc.double({ noNaN: true, noDefaultInfinity: true });
    const vector = fc.array(value, { minLength: 1, maxLength: 40 }).filter((values) => values.some((one) => one !== 0));
    fc.assert(
      fc.property(vector, (values) => {
        const [unit] = checkedVectors([values], 1, undefined);
        expect(Math.hypot(...(unit ?? []))).toBeCloseTo(1, 5);
      }),
    );
  });

  test.each([
    [
      'one of zeros',
      [
        [1, 2],
        [0, 0],
      ],
      'vector 1 is all zeros',
    ],
    [
      'one with something that is no number',
      [
        [1, 2],
        [NaN, 1],
      ],
      'vector 1 has a value that is not a finite number',
    ],
    [
      'one that is infinite',
      [
        [Infinity, 2],
        [2, 1],
      ],
      'vector 0 has a value that is not a finite number',
    ],
    ['one that is shorter than the first', [[1, 2], [1]], 'vector 1 has 1 dimensions, not 2'],
    ['fewer than texts', [[1, 2]], '1 vectors came for 2 texts'],
    ['one without numbers', [[], []], 'vector 0 is empty'],
  ])('are refused with %s', (_what, vectors, why) => {
    expect(() => checkedVectors(vectors, 2, undefined)).toThrow(why);
  });

  test('are refused when they have another size than those before', () => {
    expect(() => checkedVectors([[1, 2, 3]], 1, 2)).toThrow('vector 0 has 3 dimensions, not 2');
  });
});
