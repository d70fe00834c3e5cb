import fc from 'fast-check';
import { expect, test } from 'vitest';
import { partsOf } from './parts.ts';

const parts = (text: string, starts = 1) =>
  partsOf({ text, title: 'The title', starts }).map(({ start, end, code, under }) => [
    code ? 'code' : 'prose',
    text.slice(start, end),
    ...under,
  ]);

test('a part stands under the title, the headings and the questions right above it', () => {
  expect(parts('One. Two.', 0)).toEqual([
    ['prose', 'One.', 'The title'],
    ['prose', 'Two.'],
  ]);
  expect(parts('Zero.\n\n# A\n\n## B\n\nOne. Why? Two.\n\nC\n---\nThree.')).toEqual([
    ['prose', 'Zero.'],
    ['prose', 'One.', '# A', '## B'],
    ['prose', 'Two.', 'Why?'],
    ['prose', 'Three.', 'C'],
  ]);
});

test('a question that a sentence mentions makes none of it', () => {
  expect(parts('Say “Why?” now. “Why?” He said so.')).toEqual([
    ['prose', 'Say “Why?”'],
    ['prose', 'now.'],
    ['prose', 'He said so.', '“Why?”'],
  ]);
});

test('what a colon ends stands above the code behind it, and what follows that', () => {
  expect(parts('Do this:\n```\na\nb\n```\nDone. Well.')).toEqual([
    ['prose', 'Do this:'],
    ['code', 'a', 'Do this:'],
    ['code', 'b', 'Do this:'],
    ['prose', 'Done.', 'Do this:'],
    ['prose', 'Well.'],
  ]);
});

test.each([
  ['between fences', 'One.\n```sh\na\nb \\\n  c\n```\nTwo.', ['prose One.', 'code a', 'code b \\\n  c', 'prose Two.']],
  ['in a passage that begins within it', 'a = 1\n```\nTwo.', ['code a = 1', 'prose Two.']],
  ['in a passage that ends within it', 'One.\n```sh\na = 1', ['prose One.', 'code a = 1']],
  ['that is indented', 'One.\n\n    a --b\n\nTwo.', ['prose One.', 'code a --b', 'prose Two.']],
  ['without fences', '{ "a": 1,\n"b": 2,\n$ c', ['code { "a": 1,', 'code "b": 2,', 'code $ c']],
])('code is told from prose: %s', (_where, text, expected) => {
  expect(parts(text).map(([kind, part]) => `${kind} ${part}`)).toEqual(expected);
});

test('an item of an item is no code', () => {
  expect(parts('- One\n    - Two\n    1. Three').map(([kind]) => kind)).toEqual(['prose', 'prose', 'prose']);
});

test('parts of any text are in order and within it', () => {
  const line = fc.constantFrom('# A', 'B.', 'C?', '```', '```sh', '| d | e |', '| - | - |', '- f', '    g', '', ' ', 'h:', '[i]', '😀 j');
  fc.assert(
    fc.property(fc.array(fc.oneof(line, fc.string({ unit: 'grapheme' }))), (lines) => {
      const text = lines.join('\n');
      let behind = 0;
      for (const { start, end } of partsOf({ text, title: '', starts: 0 })) {
        expect(start).toBeGreaterThanOrEqual(behind);
        expect(end).toBeGreaterThan(start);
        behind = end;
      }
      expect(behind).toBeLessThanOrEqual(text.length);
    }),
  );
});
