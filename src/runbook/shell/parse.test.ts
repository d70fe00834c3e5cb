import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parseShell } from './parse.ts';

/** The words of each command, as written. */
function commandsOf(text: string): string[] {
  return parseShell(text).commands.map(({ words }) => words.map((word) => word.text).join(' '));
}

function only(text: string) {
  const [command] = parseShell(text).commands;
  if (command === undefined) throw new Error('no command');
  return command;
}

describe('commands', () => {
  test('stand in the order of the text, those of substitutions after the command that has them', () => {
    expect(commandsOf('a "$(b)" && c | d\n( e; f & )\nif g; then h; else i; fi')).toEqual([
      'a "$(b)"',
      'b',
      'c',
      'd',
      'e',
      'f',
      'g',
      'h',
      'i',
    ]);
  });

  test('know what they are inside of', () => {
    const inside = (text: string) => parseShell(text).commands.map((each) => each.inside.join('/'));
    expect(inside('f() { a; }; (b); while c; do d; done; case x in y) e;; esac; echo "$(g)"')).toEqual([
      'function/group',
      'subshell',
      'loop/condition',
      'loop',
      'case',
      '',
      'substitution',
    ]);
    expect(inside('if a; then b; elif c; then d; else e; fi')).toEqual(['if/condition', 'if', 'if/condition', 'if', 'if']);
  });

  test('know their pipeline and list', () => {
    const script = parseShell('! a | b && c || d &');
    expect(script.commands.map(({ pipeline }) => pipeline.length)).toEqual([2, 2, 1, 1]);
    expect(script.commands.map(({ before, after }) => [before, after])).toEqual([
      [undefined, '&&'],
      [undefined, '&&'],
      ['&&', '||'],
      ['||', undefined],
    ]);
    expect(script.commands.map(({ negated, background }) => [negated, background])).toEqual([
      [true, true],
      [true, true],
      [false, true],
      [false, true],
    ]);
  });

  test('have assignments and redirections, here-documents with their text', () => {
    const command = only('A=1 B="$C" psql -1 < dump.sql 2>/dev/null <<EOF\nselect 1;\nEOF');
    expect(command.assignments.map(({ name, value }) => [name, value?.value])).toEqual([
      ['A', '1'],
      ['B', undefined],
    ]);
    expect(command.redirections.map(({ operator, descriptor, target, body }) => [operator, descriptor, target?.value ?? body])).toEqual([
      ['<', undefined, 'dump.sql'],
      ['>', 2, '/dev/null'],
      ['<<', undefined, 'select 1;\n'],
    ]);
  });

  test('are read in groups with redirections, and functions are named', () => {
    const script = parseShell('{ a; b; } | c > out\nf() { d; } 2>&1\n{ e; } < "$(g)"');
    expect(script.commands.map(({ words }) => words[0]?.value)).toEqual(['a', 'b', 'c', 'd', 'g', 'e']);
    expect(script.commands[0]?.pipeline.map(({ words }) => words[0]?.value)).toEqual(['a', 'b', 'c']);
    expect(script.functions).toEqual(['f']);
    expect(parseShell('for a in 1 2; do b; done').loopNames).toEqual(['a']);
  });
});

describe('words', () => {
  test('have a value where the text tells it', () => {
    expect(only(`a 'b c' "d e" f\\ g h"i"'j' k*`).words.map(({ value }) => value)).toEqual(['a', 'b c', 'd e', 'f g', 'hij', 'k*']);
    expect(
      only('a "$B" $(c) $((1 + 2)) <(d)')
        .words.slice(1)
        .map(({ value }) => value),
    ).toEqual([undefined, undefined, undefined, undefined]);
  });

  test('name their variables with places, and whether they are quoted or guarded', () => {
    const text = 'a "x$B" ${C:-d} "${E:?$F}" $1';
    const variables = only(text).words.flatMap((word) => word.variables);
    expect(variables.map(({ name, quoted, guarded, start, end }) => [name, quoted, guarded, text.slice(start, end)])).toEqual([
      ['B', true, false, '$B'],
      ['C', false, true, '${C:-d}'],
      ['E', true, true, '${E:?$F}'],
      ['F', true, false, '$F'],
    ]);
  });

  test('of export are assignments too', () => {
    const command = only('export A="b c" D');
    expect(command.words.map(({ value }) => value)).toEqual(['export', 'A=b c', 'D']);
    expect(command.assignments.map(({ name, value }) => [name, value?.value])).toEqual([['A', 'b c']]);
  });
});

test('comments are found with their places, and nothing else that has a number sign', () => {
  const text = '#!/bin/sh\n# first\na # second\necho "# no" \'# no\' x#no ${#A} # third\ncat <<EOF\n# no\nEOF\n  ## last';
  const { comments } = parseShell(text);
  expect(comments.map((comment) => comment.text)).toEqual(['!/bin/sh', 'first', 'second', 'third', 'last']);
  expect(comments.map(({ start, end }) => text.slice(start, end))).toEqual(['#!/bin/sh', '# first', '# second', '# third', '## last']);
});

describe('what cannot be read', () => {
  test.each([
    ["echo 'abc", 'quote'],
    ['if a; then b', "'fi'"],
    ['a )', "')'"],
  ])('%s has a fault with a place', (text, says) => {
    const { faults } = parseShell(text);
    expect(faults[0]?.message).toContain(says);
    expect(faults.every(({ offset }) => offset >= 0 && offset <= text.length)).toBe(true);
  });

  test('leaves the commands around it', () => {
    expect(commandsOf('a\nb )\nc').slice(0, 2)).toEqual(['a', 'b']);
  });

  test('never throws and never hangs, whatever the text', () => {
    const pieces = fc.constantFrom(
      'a',
      ' ',
      '\n',
      '"',
      "'",
      '`',
      '$(',
      '${',
      '((',
      ')',
      '}',
      '|',
      '&&',
      ';',
      '<<E\n',
      'if ',
      'then ',
      'do ',
      'case x in ',
      '# ',
      '\\',
      '[[',
      '🚀',
    );
    const script = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.array(pieces, { maxLength: 60 }).map((all) => all.join('')),
    );
    fc.assert(
      fc.property(script, (text) => {
        const { commands, comments } = parseShell(text);
        for (const { start, end } of [...commands, ...comments, ...commands.flatMap(({ words }) => words)]) {
          expect(start).toBeGreaterThanOrEqual(0);
          expect(end).toBeLessThanOrEqual(text.length);
        }
      }),
      { numRuns: 500 },
    );
  });

  test('has no place past its end', () => {
    expect(only('${`\\')).toMatchObject({ end: 4 });
  });

  test('deep nesting and length have an end', () => {
    expect(parseShell('a\n'.repeat(40_000))).toMatchObject({ commands: [], faults: [{ offset: 0 }] });
    expect(parseShell('$('.repeat(5_000)).faults.length).toBeGreaterThan(0);
    expect(parseShell('('.repeat(5_000)).faults.length).toBeGreaterThan(0);
  });
});
