import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { quarterdeck } from '../../../test/support/quarterdeck.ts';

let folder: string;
let document: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'quarterdeck-lint-'));
  document = join(folder, 'a b.md');
  await writeFile(document, '# Check\n\n```bash\ncurl https://shop.example.com/health\n```\n');
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const lint = (...words: string[]) => quarterdeck({ data: folder, databaseUrl: undefined }, ['runbook', 'lint', ...words]);

describe('runbook lint', () => {
  test('shows people what, where, why and what to do, and ends with 1 for an error', async () => {
    const { stdout, code } = await lint(document);
    expect(stdout).toMatch(/a b\.md\n4:1 {2}error {2}R07 {2}curl passes .*\n +curl https.*\n +\^\n +why .*\n +fix .*\n/);
    expect(stdout).toMatch(/1 error, 1 warning, no notes in 1 file\n$/);
    expect(stdout).not.toContain('\u001B');
    expect(code).toBe(1);
  });

  test('tells programs the same as JSON, and ends with 0 where there are only warnings', async () => {
    const { stdout, code } = await lint(document, '--format', 'json', '--ignore', 'R07');
    expect(JSON.parse(stdout)).toEqual({
      files: [
        {
          file: document,
          ignored: 0,
          findings: [
            {
              rule: 'R08',
              severity: 'warning',
              line: 4,
              column: 1,
              message: expect.any(String),
              why: expect.any(String),
              fix: expect.any(String),
            },
          ],
        },
      ],
    });
    expect(code).toBe(0);
  });

  test('writes SARIF 2.1.0, whose results name rules and places', async () => {
    const log = JSON.parse((await lint(document, '--format', 'sarif')).stdout) as {
      version: string;
      runs: { tool: { driver: { rules: { id: string }[] } }; results: { ruleId: string; ruleIndex: number }[] }[];
    };
    expect(log.version).toBe('2.1.0');
    const [run] = log.runs;
    expect(run?.results).toMatchObject([
      {
        ruleId: 'R07',
        level: 'error',
        locations: [
          {
            physicalLocation: {
              artifactLocation: { uri: expect.stringMatching(/^file:.*a%20b\.md$/) },
              region: { startLine: 4, startColumn: 1 },
            },
          },
        ],
      },
      { ruleId: 'R08', level: 'warning' },
    ]);
    expect(run?.results.map(({ ruleId, ruleIndex }) => run.tool.driver.rules[ruleIndex]?.id === ruleId)).toEqual([true, true]);
  });
});

describe('ends with 2, and says in one line what to do, for', () => {
  test.each([
    ['a file that is not there', () => 'none.md', /none\.md cannot be read: there is no such file\. Check the name\.\n$/],
    ['a folder', () => folder, /cannot be read: it is a folder\. Name its documents: .*\/\*\.md\n$/],
    ['a binary', () => 'binary', /binary cannot be read: it is no text in UTF-8\./],
    ['a file that is too large', () => 'large', /large cannot be read: it is larger than 256 kB\./],
  ])('%s', async (_what, name, says) => {
    await writeFile(join(folder, 'binary'), Buffer.from([0x7f, 0x45, 0, 0xff]));
    await writeFile(join(folder, 'large'), Buffer.alloc(256 * 1024 + 1, 'a'));
    const { stderr, code } = await lint(name().startsWith('/') ? name() : join(folder, name()));
    expect(stderr).toMatch(says);
    expect(stderr.split('\n')).toHaveLength(2);
    expect(code).toBe(2);
  });

  test('a rule that does not exist', async () => {
    const { stderr, code } = await lint(document, '--rule', 'R999');
    expect(stderr).toMatch(/There is no rule R999\. Name one of R01, /);
    expect(code).toBe(2);
  });
});
