/** The page about security names a test for each threat; here is whether they exist. */

import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';

const root = join(import.meta.dirname, '../..');
const page = await readFile(join(root, 'docs/security.md'), 'utf8');
const [, threats = ''] = /^## Threats$(.*?)^## /ms.exec(page) ?? [];
const lines = threats.split(/^- /m).slice(1);
/** `path › title`, which may be broken over lines. */
const named = [...threats.matchAll(/`([^`]+) › ([^`]+)`/g)].map(([, path = '', title = '']) => ({
  path,
  title: title.replaceAll(/\s+/g, ' '),
}));

test('every threat names a test that holds it', () => {
  expect(lines.length).toBeGreaterThan(20);
  expect(lines.filter((line) => !/`[^`]+ › [^`]+`/.test(line))).toEqual([]);
});

describe.each(named)('$path', ({ path, title }) => {
  test(`has “${title}”`, async () => {
    expect(await readFile(join(root, path), 'utf8')).toContain(title);
  });
});
