import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { quarterdeck } from '../../../test/support/quarterdeck.ts';

let folder: string;
let document: string;

const text = `---
inputs:
  WHERE: { enum: [staging, production] }
  TOKEN: { secret: true }
---

# Deploy

\`\`\`bash {name=apply}
quarterdeck runbook run other.md
\`\`\`
`;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'quarterdeck-plan-'));
  document = join(folder, 'deploy.md');
  await writeFile(document, text);
  await writeFile(join(folder, 'other.md'), '# Other\n');
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const plan = (words: string[], environment: Record<string, string> = {}) =>
  quarterdeck({ data: folder, databaseUrl: undefined }, ['runbook', 'plan', ...words], { environment });

describe('runbook plan', () => {
  test('shows what would run, and the same to programs', async () => {
    const inputs = join(folder, 'inputs.yaml');
    await writeFile(inputs, 'WHERE: staging\n');
    const { stdout, code } = await plan([document, '--inputs', inputs, '--json'], { TOKEN: 'correct horse battery' });
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({
      title: 'Deploy',
      hash: expect.stringMatching(/^[0-9a-f]{64}$/),
      inputs: [
        { name: 'WHERE', value: 'staging', source: inputs },
        { name: 'TOKEN', value: null, source: 'TOKEN' },
      ],
      steps: [{ name: 'apply', kind: 'change', undo: null, watch: null, children: [{ file: 'other.md', sha256: expect.any(String) }] }],
    });
    const shown = await plan([document, '--input', 'WHERE=production']);
    expect(shown.stdout).toContain('input WHERE = production (--input)\ninput TOKEN = [secret] (not set yet)\n');
    expect(shown.stdout).toContain('  change apply\n      $ quarterdeck runbook run other.md\n      undo: none\n      runs other.md\n');
  });

  test.each<[string, () => Promise<string[]>, RegExp]>([
    ['a missing file', async () => [join(folder, 'none.md')], /none\.md cannot be read: there is no such file\. Check the name\.\n$/],
    ['a folder', async () => [folder], /cannot be read: it is a folder\./],
    ['a binary file', async () => [await made('binary.md', Buffer.from([0, 1, 2]))], /cannot be read: it is no text in UTF-8\./],
    ['a file of 10 MB', async () => [await made('large.md', Buffer.alloc(10_000_000, 'a'))], /cannot be read: it is larger than 256 kB\./],
    [
      'front matter that is not YAML',
      async () => [await made('yaml.md', '---\na: [\n---\n')],
      /yaml\.md has a mistake; nothing was run\.\n.*yaml\.md:\d+:\d+: The front matter is not YAML/,
    ],
    [
      'a mistake',
      async () => [await made('wrong.md', '```bash {name=a colour=red}\ntrue\n```\n')],
      /wrong\.md:1:17: A step has no attribute colour\.[^\n]*\n {2}```bash \{name=a colour=red\}\n {18}\^\n/,
    ],
    [
      'an input that is not allowed',
      async () => [document, '--input', 'WHERE=here'],
      /WHERE must be one of staging, production, and "here" does not\. \(from --input\)/,
    ],
    ['an input without a value', async () => [document, '--input', 'WHERE'], /--input WHERE has no value\. Write --input NAME=VALUE\./],
    ['an input that is missing', async () => [document], /WHERE has no value \(staging, production\): give it with --input WHERE=…/],
    ['a file without inputs', async () => [document, '--inputs', await made('list.yaml', '- a\n')], /list\.yaml has no inputs in it\./],
  ])('ends with 2 for %s, and says what to do', async (_what, words, expected) => {
    const { code, stdout, stderr } = await plan(await words());
    expect(stderr).toMatch(expected);
    expect([code, stdout]).toEqual([2, '']);
  });
});

async function made(name: string, content: string | Buffer): Promise<string> {
  const path = join(folder, 'made', name);
  await mkdir(join(folder, 'made'), { recursive: true });
  await writeFile(path, content);
  return path;
}
