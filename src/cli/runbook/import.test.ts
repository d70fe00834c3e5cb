import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { quarterdeck } from '../../../test/support/quarterdeck.ts';

let folder: string;
let document: string;

const prose = '# Shop\n\n- [ ] Told the team\n\n```bash\nvim a\n```\n\n```bash\ncurl https://shop.example.com "$TOKEN"\n```\n';

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'quarterdeck-import-'));
  document = join(folder, 'prose.md');
  await writeFile(document, prose);
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const run = (...words: string[]) => quarterdeck({ data: folder, databaseUrl: undefined }, ['runbook', 'import', ...words]);

describe('runbook import', () => {
  test('writes a draft that can be planned, and tells what is in it and what to do next', async () => {
    const output = join(folder, 'draft.md');
    const { stdout, code } = await run(document, '-o', output, '--json');
    expect(code).toBe(0);
    const result = JSON.parse(stdout);
    expect(result).toEqual({
      file: output,
      steps: [{ name: 'curl', kind: 'check', line: 18 }],
      undos: [],
      inputs: [
        { name: 'SHOP_HOST', secret: false, values: null, default: null },
        { name: 'TOKEN', secret: true, values: null, default: null },
      ],
      confirmations: [{ text: 'Told the team', line: 10 }],
      questions: [{ line: 12, text: expect.stringContaining('`vim` needs a person') }],
      next: [`quarterdeck runbook lint ${output}`, `quarterdeck runbook plan ${output} --input SHOP_HOST=…`],
    });
    expect(await readFile(document, 'utf8')).toBe(prose);
    const [, planned] = result.next as [string, string];
    const words = planned.replace('…', 'shop.test').split(' ').slice(1);
    const plan = await quarterdeck({ data: folder, databaseUrl: undefined }, words);
    expect([plan.code, plan.stdout]).toEqual([0, expect.stringContaining('check curl\n')]);
  });

  test('tells people the same', async () => {
    const { stdout } = await run(document, '-o', join(folder, 'other.md'));
    expect(stdout).toMatch(
      /steps +1 \(1 only read\)\n[\s\S]*inputs +2 \(1 secret\)\n[\s\S]*12 +`vim` needs a person[\s\S]*Next:\n.* runbook lint .*\n.* runbook plan /,
    );
  });

  test('writes over nothing that is there, unless it is told to, and never over its source', async () => {
    const output = join(folder, 'there.md');
    await writeFile(output, 'mine');
    const refused = await run(document, '-o', output);
    expect([refused.code, refused.stderr]).toEqual([
      2,
      expect.stringContaining('there.md is there already. Name another file, or write over it with --force.'),
    ]);
    expect(await readFile(output, 'utf8')).toBe('mine');
    expect((await run(document, '-o', output, '--force')).code).toBe(0);
    const itself = await run(document, '-o', document, '--force');
    expect([itself.code, itself.stderr]).toEqual([2, expect.stringContaining('prose.md is the document itself, which is only read.')]);
    const again = await run(output, '-o', join(folder, 'again.md'));
    expect([again.code, again.stderr]).toEqual([2, expect.stringContaining('it was imported before. Go on with it as it is')]);
  });
});
