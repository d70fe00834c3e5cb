/** The package as a user gets it: packed, installed somewhere else, started from there. */

import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Packed, npm, pack, whyNoRegistry } from '../support/package.ts';
import { createWorkshop } from '../support/runbook.ts';
import { client, signUp, spawnServer } from '../support/server.ts';

const run = promisify(execFile);
const root = dirname(dirname(import.meta.dirname));

let folder: string;
let packed: Packed;
/** Why the package cannot be installed here; undefined when it is. */
let obstacle: string | undefined;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'quarterdeck-package-'));
  packed = await pack(folder);
  obstacle = await whyNoRegistry(folder);
  if (obstacle !== undefined) return;
  await writeFile(join(folder, 'package.json'), '{ "private": true }');
  await npm(['install', join(folder, packed.filename)], folder);
});

afterAll(() => rm(folder, { recursive: true, force: true }));

describe('the package', () => {
  test('holds compiled code and its files, and neither sources, tests nor tools', () => {
    const paths = packed.files.map(({ path }) => path);
    expect(paths).toEqual(expect.arrayContaining(['bin/quarterdeck.mjs', 'dist/cli/main.js', 'dist/build.json', 'LICENSE', 'README.md']));
    expect(
      paths.filter((path) => !/^(bin|dist|runbooks|deploy\/systemd)\/|^(package\.json|README\.md|LICENSE|CHANGELOG\.md)$/.test(path)),
    ).toEqual([]);
    expect(paths.filter((path) => /\.ts$|\.test\./.test(path))).toEqual([]);
  });

  test('starts and works where it is installed, without the tools of the checkout', async (context) => {
    context.skip(obstacle !== undefined, obstacle);
    const installed = join(folder, 'node_modules', 'quarterdeck');
    const program = join(installed, 'bin', 'quarterdeck.mjs');
    const server = await spawnServer({ kind: 'embedded', command: [program, 'start'] });
    const workshop = createWorkshop();
    try {
      const health = await client(server.url).get('/health');
      expect(health).toMatchObject({ status: 200, body: { status: 'healthy' } });
      const page = await fetch(`${server.url}/ui/`);
      expect(page.status).toBe(200);
      const { agent, email, password } = await signUp(server.url);
      expect((await agent.post('/tasks', { title: 'Unpack' })).status).toBe(201);
      // The runbook that comes with it, run by it.
      const { version } = (await client(server.url).get<{ version: string }>('/version')).body;
      const inputs = [`BASE_URL=${server.url.replace(/\/$/, '')}`, `VERSION=${version}`, `EMAIL=${email}`].flatMap((input) => [
        '--input',
        input,
      ]);
      const verify = ['run', join(installed, 'runbooks', 'verify.md'), ...inputs];
      expect(await workshop.last(verify, { entry: program, environment: { PASSWORD: password } })).toMatchObject({
        outcome: 'passed',
        left: [],
      });
      expect(await server.kill('SIGTERM')).toEqual({ code: 0, signal: null });
    } finally {
      await workshop.remove();
      await server.close();
    }
  });

  test('has the launcher in its bin', async (context) => {
    context.skip(obstacle !== undefined, obstacle);
    const { version } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8')) as { version: string };
    const { stdout } = await run(join(folder, 'node_modules', '.bin', 'quarterdeck'), ['--version'], {
      env: { ...process.env, PATH: `${dirname(process.execPath)}:${process.env['PATH']}` },
    });
    expect(stdout.trim()).toBe(version);
  });
});
