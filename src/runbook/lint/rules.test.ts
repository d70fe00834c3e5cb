import { describe, expect, test } from 'vitest';
import { lint } from './lint.ts';
import { rules } from './rules.ts';

/** `R07 at line 3` */
function findings(text: string): string[] {
  return lint({ file: 'a.md', text }).findings.map(({ rule, line }) => `${rule} at line ${line}`);
}

describe.each(rules.map((rule) => [`${rule.id} ${rule.name}`, rule] as const))('%s', (_name, { id, bad, good, why, fix, title }) => {
  test('fires on its bad example', () => {
    expect(findings(bad).join('\n')).toContain(`${id} at`);
  });

  test('and is silent on its good one, as every error is', () => {
    const { findings: found } = lint({ file: 'a.md', text: good });
    expect(found.filter(({ rule, severity }) => rule === id || severity === 'error')).toEqual([]);
  });

  test('says why and what to do in sentences', () => {
    expect([why, fix].filter((sentence) => !/^[A-Za-z`“].*[.)]$/.test(sentence))).toEqual([]);
    expect(title).not.toMatch(/\.$/);
  });
});

test('ids and names are unique', () => {
  expect(new Set(rules.flatMap(({ id, name }) => [id, name])).size).toBe(rules.length * 2);
});
