/** `npm run docs`: writes the generated pages. With `--check`, writes nothing and fails when one differs from what is committed. */

import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { type Options, format } from 'prettier';
import prettierOptions from '../.prettierrc.json' with { type: 'json' };
import { renderCliReference } from './docs/cli.ts';
import { renderErrors } from './docs/errors.ts';
import { renderLintRules } from './docs/lint-rules.ts';
import { renderMetrics } from './docs/metrics.ts';
import { renderOperations } from './docs/operations.ts';
import { renderSettings } from './docs/settings.ts';
import { renderTools, snapshotPath } from './docs/tools.ts';

/** A page that is written from the code. */
export interface GeneratedPage {
  /** From the root of the repository. */
  path: string;
  render(): string | Promise<string>;
}

const pages: readonly GeneratedPage[] = [
  { path: 'docs/reference/settings.md', render: renderSettings },
  { path: 'docs/reference/cli.md', render: renderCliReference },
  { path: 'docs/reference/operations.md', render: renderOperations },
  { path: snapshotPath, render: renderTools },
  { path: 'docs/reference/errors.md', render: renderErrors },
  { path: 'docs/reference/metrics.md', render: renderMetrics },
  { path: 'docs/reference/lint-rules.md', render: renderLintRules },
];

const root = dirname(import.meta.dirname);
const check = process.argv.includes('--check');
const stale: string[] = [];

for (const page of pages) {
  const file = join(root, page.path);
  const text = await format(await page.render(), { ...(prettierOptions as Options), filepath: file });
  if (text === (await readFile(file, 'utf8').catch(() => undefined))) continue;
  stale.push(page.path);
  if (check) continue;
  await mkdir(dirname(file), { recursive: true });
  await writeFile(file, text);
}

if (check && stale.length > 0) {
  console.error(`These pages differ from what the code says: ${stale.join(', ')}. Run \`npm run docs\` and commit them.`);
  process.exitCode = 1;
}
