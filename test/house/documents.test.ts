/** Our own documents pass our own linter. */

import { readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { lint } from '../../src/runbook/lint/lint.ts';
import { readSources } from './source.ts';

/** Its bad examples are meant to be found. */
const examples = 'docs/reference/lint-rules.md';

test('no document of ours says to do what the linter calls an error', async () => {
  const top = ['README.md', 'CONTRIBUTING.md', 'CHANGELOG.md', 'bench/README.md'];
  const documents = [
    ...(await readSources('docs', ['.md'])).filter(({ path }) => path !== examples),
    ...(await readSources('runbooks', ['.md'])),
    ...(await Promise.all(top.map(async (path) => ({ path, text: await readFile(path, 'utf8') })))),
  ];
  expect(documents.length).toBeGreaterThan(20);
  const findings = documents.flatMap(({ path, text }) => lint({ file: path, text }).findings.map((finding) => ({ path, ...finding })));
  expect(findings.filter(({ severity }) => severity === 'error')).toEqual([]);
});
