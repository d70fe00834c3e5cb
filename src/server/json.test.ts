import { describe, expect, it } from 'vitest';
import fc from 'fast-check';
import { Problem } from '../platform/problem.ts';
import { parseJson } from './json.ts';

function refusal(text: string): Problem {
  try {
    parseJson(text);
  } catch (error) {
    if (error instanceof Problem) return error;
    throw error;
  }
  throw new Error(`${text} was accepted`);
}

describe('parsing a body', () => {
  it('gives the same value as JSON.parse', () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 6 }), (value) => {
        const text = JSON.stringify(value, null, 2);
        expect(parseJson(text)).toEqual(JSON.parse(text));
      }),
    );
  });

  it.each([
    ['{"a":1,}', 7],
    ['{"a" 1}', 5],
    ['{a:1}', 1],
    ['[1 2]', 3],
    ['{"a":tru}', 5],
    ['{"a":"unfinished', 16],
    ['[1,', 3],
    ['', 0],
    ['1 1', 1],
    ['{"a":1 ', 7],
    ['[01]', 2],
    ['{"a":1}}', 7],
    ['"tab\tinside"', 4],
    ['"bad \\q escape"', 5],
  ])('tells where %j breaks', (text, position) => {
    expect(refusal(text)).toMatchObject({ code: 'unreadable', details: { position } });
  });

  it('counts lines and columns from one', () => {
    expect(refusal('{\n  "a": 1,\n  b\n}').message).toContain('line 3, column 3');
  });

  it('never repeats what was sent', () => {
    expect(JSON.stringify(refusal('{"password":"hunter2" oops}'))).not.toMatch(/hunter2|oops/);
  });

  it('finds a fault inside every text that JSON.parse refuses', () => {
    const damaged = fc.tuple(fc.jsonValue(), fc.nat(), fc.constantFrom(',', '"', ']', '{', 'x', '')).map(([value, at, piece]) => {
      const text = JSON.stringify(value);
      const cut = at % (text.length + 1);
      return text.slice(0, cut) + piece + text.slice(cut + 1);
    });
    fc.assert(
      fc.property(damaged, (text) => {
        let valid = true;
        try {
          JSON.parse(text);
        } catch {
          valid = false;
        }
        if (valid) return;
        const position = refusal(text).details['position'] as number;
        expect(position).toBeLessThanOrEqual(text.length);
      }),
    );
  });

  it('accepts 64 levels and refuses 65, also when there are a million', () => {
    const nested = (depth: number) => '['.repeat(depth) + ']'.repeat(depth);
    expect(parseJson(nested(64))).toBeDefined();
    expect(refusal(nested(65)).message).toContain('deeper than 64');
    expect(refusal('{"a":'.repeat(1_000_000)).message).toContain('deeper than 64');
  });

  it('does not count brackets inside strings', () => {
    expect(parseJson(JSON.stringify('["\\'.repeat(100)))).toBeDefined();
  });

  it('keeps a prototype key as plain data', () => {
    const value = parseJson('{"__proto__":{"admin":true}}') as Record<string, unknown>;
    expect(value['admin']).toBeUndefined();
    expect(Object.keys(value)).toEqual(['__proto__']);
  });
});
