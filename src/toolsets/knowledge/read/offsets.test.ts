import fc from 'fast-check';
import { expect, test } from 'vitest';
import { toCodePoints, toUtf16 } from './offsets.ts';

const text = fc.string({
  unit: fc.oneof(fc.constantFrom('a', 'é', '字', '😀', '𝔸', '\u0301'), fc.string({ unit: 'grapheme', maxLength: 1 })),
});
const places = (length: number) => fc.array(fc.nat(length + 3)).map((found) => found.toSorted((a, b) => a - b));

test('a character outside of the basic plane is two units and one code point', () => {
  expect(toCodePoints('a😀b', [0, 1, 3, 4])).toEqual([0, 1, 2, 3]);
  expect(toUtf16('a😀b', [0, 1, 2, 3])).toEqual([0, 1, 3, 4]);
});

test('places behind the end are the end, the same place may be asked twice', () => {
  expect(toCodePoints('😀', [0, 0, 2, 9])).toEqual([0, 0, 1, 1]);
  expect(toUtf16('😀', [0, 0, 1, 9])).toEqual([0, 0, 2, 2]);
});

test('code points are those of the text before each place', () => {
  fc.assert(
    fc.property(
      text.chain((value) => fc.tuple(fc.constant(value), places(Array.from(value).length))),
      ([value, points]) => {
        const units = toUtf16(value, points);
        expect(units).toEqual(points.map((point) => Array.from(value).slice(0, point).join('').length));
        expect(toCodePoints(value, units)).toEqual(points.map((point) => Math.min(point, Array.from(value).length)));
      },
    ),
  );
});
