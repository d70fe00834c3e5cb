import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';

/** Prints the libraries that a module loads. */
const program = `
  import { registerHooks } from 'node:module';
  const libraries = [];
  registerHooks({
    load(url, context, next) {
      if (url.includes('/node_modules/')) libraries.push(url);
      return next(url, context);
    },
  });
  await import(process.argv[1]);
  console.log(JSON.stringify(libraries));
`;

async function librariesOf(module: string): Promise<unknown[]> {
  const { href } = new URL(module, import.meta.url);
  const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '--eval', program, href]);
  return JSON.parse(stdout) as unknown[];
}

test('asking a running server loads no library; working without one loads many', async () => {
  expect(await librariesOf('./attach.ts')).toEqual([]);
  expect((await librariesOf('./alone.ts')).length).toBeGreaterThan(100);
});
