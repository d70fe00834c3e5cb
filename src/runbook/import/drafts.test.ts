import { readFile, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { lint } from '../lint/lint.ts';
import { parseRunbook } from '../parse/parse.ts';
import { makePlan } from '../plan/plan.ts';
import { describeDraft } from './describe.ts';
import { importRunbook, refusalOf } from './import.ts';

const draft = (text: string) => importRunbook({ file: 'a.md', text });

/** The values that a person would choose: the first way, and some word for everything else. */
function planOf(text: string) {
  const source = { file: 'a.md', text };
  const { inputs } = parseRunbook(source).front;
  const resolved = Object.entries(inputs).map(([name, input]) => ({
    name,
    value: input.default ?? input.enum?.[0] ?? 'some',
    secret: input.secret,
    source: 'test',
  }));
  const known = new Map(resolved.filter(({ secret }) => !secret).map(({ name, value }) => [name, value]));
  return makePlan({ runbook: parseRunbook(source, known), inputs: resolved, readChild: () => undefined });
}

const seeds = join(import.meta.dirname, '../../../test/corpus/seeds');

describe('real runbooks', async () => {
  const names = (await readdir(seeds)).sort();

  test.each(
    names.map((name, index) => {
      const counts = [
        { steps: 9, undos: 0, inputs: 3, questions: 5 },
        { steps: 18, undos: 0, inputs: 7, questions: 15 },
        { steps: 23, undos: 0, inputs: 4, questions: 9 },
        { steps: 3, undos: 0, inputs: 0, questions: 0 },
        { steps: 9, undos: 0, inputs: 2, questions: 4 },
      ][index];
      return [name, counts] as const;
    }),
  )('%s', async (file, counts) => {
    const text = importRunbook({ file, text: await readFile(join(seeds, file), 'utf8') });
    const { steps, undos, inputs, questions } = describeDraft({ file, text });
    expect({ steps: steps.length, undos: undos.length, inputs: inputs.length, questions: questions.length }).toEqual(counts);
    expect(steps.filter(({ name }) => /^(?:step|run)?-?\d*$/.test(name))).toEqual([]);
    expect(planOf(text).steps.filter(({ kind }) => kind === 'check' || kind === 'change')).toHaveLength(counts?.steps ?? 0);
    const reported = lint({ file, text }, { only: ['R121'] }).findings.map(({ line, message }) => ({ line, text: message }));
    expect(reported).toEqual(questions.map(({ line, text: asked }) => ({ line, text: asked })));
  });
});

test('whatever the source is, the draft can be parsed', () => {
  const pieces = fc.constantFrom(
    '# A\n',
    '## Rollback\n',
    '### Option A: b\n',
    '### Staging x\n',
    '### Production x\n',
    '```bash\n',
    '```\n',
    '```output\n',
    '```expect\n',
    '```js {1,3}\n',
    '```{r}\n',
    '   ```sh\n',
    '     ```bash\n',
    '> ```bash\n',
    '- ```bash\n',
    '~~~sh\n',
    '1. a:\n',
    '- [x] b\n',
    '- [ ] `$ ls`\n',
    '- [ ] c\n',
    '  - [X] d\n',
    '> q\n',
    '| Metric | b |\n|---|---|\n| a | c |\n',
    '---\n',
    'title: a\n',
    'inputs: { A: b }\n',
    '<div>\n',
    '</div>\n',
    'ls\n',
    'cd a\n',
    'A=$(b)\n',
    'echo "$A" <x> ${B}\n',
    'cat <<E\n',
    'E\n',
    '# c\n',
    '# or\n',
    '# Expected: {"a": "${B}"}\n',
    '# Expected output:\n',
    '# (re\n',
    '# a( (re)\n',
    'vim a\n',
    '1. Do it: `kubectl get <a>` returns `b`\n',
    '   2. `git push a`\n',
    'POD=$(kubectl get a)\n',
    'echo "$POD"\n',
    'If so, do it:\n',
    '## Setup (if needed)\n',
    '"a b"\n',
    'alembic upgrade a\n',
    'alembic downgrade a\n',
    '\n',
    '\n\n',
    ' ',
    '    ',
    '\t',
    '`',
    '{',
    '}',
    '\r\n',
    '\uFEFF',
    '\uE0000\uE001',
    'your-org',
    '{{a}}',
    '<!--',
    '-->',
    '``` {name=a}\n',
    '* * *\n',
    '[a]: b\n',
    '🚀',
  );
  const line = fc.constantFrom(
    'ls',
    'cd a',
    'A=$(b)',
    'B=1',
    'echo "$A$B$C"',
    'rm <x>',
    '',
    '',
    '# Push it',
    '# or',
    '# Option A',
    '# Option B',
    '# Push (if needed)',
    '# Expected: {"a": 1}',
    '# Expected output:',
    '# x (re',
    'vim',
    '"a b"',
    'alembic upgrade a',
    'alembic downgrade a',
    'helm upgrade a b',
    'helm rollback a',
    '$ pwd',
    'cat <<E',
    'E',
    'if a',
    '`',
  );
  const block = fc
    .tuple(
      fc.constantFrom('', '', '', '   ', '     ', '> ', '\t'),
      fc.constantFrom('bash', 'sh', 'console', '', 'output', 'expect', 'js {1}', 'bash {a}', 'sh {run=never}', '{bash}'),
      fc.array(line, { maxLength: 8 }),
    )
    .map(([indent, info, lines]) => [`\`\`\`${info}`, ...lines, '```'].map((each) => `${indent}${each}\n`).join(''));
  const words = fc.constantFrom(
    '## Push\n\n',
    '### Rollback\n\n',
    '## Issues\n\n',
    '### Option A: x\n\n',
    '### Option B: y\n\n',
    '### Staging\n\n',
    '### Production\n\n',
    '1. Do it:\n',
    '   - deeper:\n',
    '- [x] Push it\n',
    '- [ ] ls\n',
    '\n',
    'Text:\n',
    '2. `git push a`\n',
    '1. Run `ls -l`\n',
  );
  const text = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.array(pieces, { maxLength: 40 }).map((all) => all.join('')),
    fc.array(fc.oneof(block, words), { maxLength: 14 }).map((all) => all.join('')),
  );
  fc.assert(
    fc.property(text, (source) => {
      fc.pre(refusalOf({ file: 'a.md', text: source }) === undefined);
      const made = draft(source);
      planOf(made);
      expect(made.endsWith('\n') || !source.endsWith('\n')).toBe(true);
    }),
    { numRuns: 500 },
  );
});
