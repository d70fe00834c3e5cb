import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';

const root = dirname(dirname(import.meta.dirname));
let folder: string;

// Each case starts a Vitest of its own, which a busy machine makes slow.
vi.setConfig({ testTimeout: 90_000 });

beforeAll(async () => {
  // Inside the checkout, so that `vitest` is found from there.
  folder = await mkdtemp(join(root, 'node_modules', '.cache-reporter-'));
});

afterAll(() => rm(folder, { recursive: true, force: true }));

/** Runs Vitest with our reporter alone over one test file, as `npm test` does. */
async function report(tests: string, options: { args?: string[]; failedChecks?: number } = {}): Promise<{ code: number; lines: string[] }> {
  await writeFile(join(folder, 'sample.test.js'), `import { beforeAll, describe, expect, test } from 'vitest';\n${tests}`);
  await writeFile(
    join(folder, 'vitest.config.js'),
    `export default { test: { reporters: [${JSON.stringify(join(root, 'test/support/reporter.ts'))}] } };`,
  );
  const args = [join(root, 'node_modules/vitest/vitest.mjs'), 'run', '--root', folder, ...(options.args ?? [])];
  const env = { ...process.env, FAILED_CHECKS: String(options.failedChecks ?? 0) };
  return new Promise((resolve) => {
    execFile(process.execPath, args, { env }, (error, stdout) => {
      const lines = stdout.split('\n').filter((line) => line !== '');
      resolve({ code: error === null ? 0 : Number(error.code), lines });
    });
  });
}

test('the last line counts what passed, failed and was skipped', async () => {
  const { code, lines } = await report(`
    test('good', () => {});
    test('bad', () => expect(1).toBe(2));
    test('impossible', (context) => context.skip('no browser found'));`);
  expect(code).toBe(1);
  expect(lines).toContain('skipped: sample.test.js > impossible (): no browser found');
  expect(lines.at(-1)).toBe('1 passed, 1 failed, 1 skipped');
});

test('a run in which all is well ends with 0', async () => {
  const { code, lines } = await report(`test('good', () => {});`);
  expect({ code, last: lines.at(-1) }).toEqual({ code: 0, last: '1 passed, 0 failed, 0 skipped' });
});

test('a test that passed at the second try is named, with what went wrong at the first', async () => {
  const { code, lines } = await report(`
    let tries = 0;
    test('shaky', { retry: 1 }, () => expect(++tries, 'too early').toBe(2));`);
  expect(code).toBe(0);
  expect(lines.at(-2)).toBe('passed at the second try: sample.test.js > shaky (): too early: expected 1 to be 2 // Object.is equality');
  expect(lines.at(-1)).toBe('1 passed, 0 failed, 0 skipped');
});

test('a skip without a reason fails the run', async () => {
  const { code, lines } = await report(`test('good', () => {}); test.skip('silent', () => {});`);
  expect(code).toBe(1);
  expect(lines.at(-2)).toMatch(/^skipped: sample\.test\.js > silent \(\): no reason given/);
  expect(lines.at(-1)).toBe('1 passed, 1 failed, 0 skipped');
});

test('tests that a name filter leaves out are not skips', async () => {
  const { code, lines } = await report(`test('good', () => {}); test('other', () => {});`, { args: ['-t', 'good'] });
  expect({ code, last: lines.at(-1) }).toEqual({ code: 0, last: '1 passed, 0 failed, 0 skipped' });
});

test('a file that cannot be loaded, and a suite that cannot be set up, are failures', async () => {
  const unloadable = await report(`throw new Error('no');`);
  expect(unloadable).toMatchObject({ code: 1, lines: expect.arrayContaining(['0 passed, 1 failed, 0 skipped']) });
  const broken = await report(`describe('suite', () => { beforeAll(() => { throw new Error('no'); }); test('never', () => {}); });`);
  expect(broken).toMatchObject({ code: 1, lines: expect.arrayContaining(['0 passed, 1 failed, 0 skipped']) });
});

test('static checks that failed before are counted', async () => {
  const { code, lines } = await report(`test('good', () => {});`, { failedChecks: 2 });
  expect({ code, last: lines.at(-1) }).toEqual({ code: 1, last: '1 passed, 2 failed, 0 skipped' });
});
