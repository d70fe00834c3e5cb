import { execFile } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { loadSecrets } from './secrets.ts';

let data: string;
beforeEach(() => void (data = mkdtempSync(join(tmpdir(), 'quarterdeck-secrets-'))));
afterEach(() => rmSync(data, { recursive: true, force: true }));

test('a given secret is used, and nothing is written', () => {
  expect(loadSecrets({ data, authSecret: 'x'.repeat(32) })).toEqual({ authSecret: 'x'.repeat(32) });
  expect(readdirSync(data)).toEqual([]);
});

test('without one it is made once, for its user alone, also into a folder that is not there yet', () => {
  const settings = { data: join(data, 'new'), authSecret: undefined };
  const made = loadSecrets(settings);
  expect(Buffer.from(made.authSecret, 'base64')).toHaveLength(32);
  expect(loadSecrets(settings)).toEqual(made);
  expect(readdirSync(settings.data)).toEqual(['secrets.json']);
  expect(statSync(join(settings.data, 'secrets.json')).mode & 0o777).toBe(0o600);
});

test('processes that start at once agree on one', async () => {
  const script = `import { loadSecrets } from ${JSON.stringify(join(import.meta.dirname, 'secrets.ts'))};
    console.log(loadSecrets({ data: ${JSON.stringify(data)}, authSecret: undefined }).authSecret);`;
  const run = promisify(execFile);
  const starts = await Promise.all(Array.from({ length: 4 }, () => run(process.execPath, ['--input-type=module', '-e', script])));
  expect(new Set(starts.map(({ stdout }) => stdout)).size).toBe(1);
  expect(readdirSync(data)).toEqual(['secrets.json']);
});

test('a damaged file stops the start and says what to do', () => {
  writeFileSync(join(data, 'secrets.json'), '{"auth_secret":');
  expect(() => loadSecrets({ data, authSecret: undefined })).toThrow(/secrets\.json: it is not the JSON object .* set BETTER_AUTH_SECRET/);
});
