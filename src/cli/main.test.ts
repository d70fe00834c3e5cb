import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { program, quarterdeck as run } from '../../test/support/quarterdeck.ts';
import { version } from './invocation.ts';

let folder: string;
beforeAll(async () => void (folder = await mkdtemp(join(tmpdir(), 'quarterdeck-cli-'))));
afterAll(() => rm(folder, { recursive: true, force: true }));

const quarterdeck = (words: readonly string[], environment: Record<string, string> = {}) =>
  run({ data: folder, databaseUrl: undefined }, words, { environment });

describe('wrong usage ends with 2, and says on standard error what to type instead', () => {
  test.each([
    [['strat'], "quarterdeck: unknown command 'strat'. Did you mean start? Run `quarterdeck --help`."],
    [['start', '--prot', '1'], "quarterdeck start: unknown option '--prot'. Did you mean --port? Run `quarterdeck start --help`."],
    [
      ['user', 'create'],
      "quarterdeck user create: required option '--email <address>' not specified. Run `quarterdeck user create --help`.",
    ],
    [
      ['key', 'create', '--name', 'x', '--expires', 'soon'],
      /^quarterdeck key create: option '--expires <days>' argument 'soon' is invalid\. It is a number of days, like 90d\./,
    ],
    [['key', 'revoke'], 'quarterdeck key revoke: No key was named. Give its id or name; `quarterdeck key list` shows them.'],
    [['user', 'password', '--email', 'a@b.co'], /^quarterdeck user password: A password is needed.*--password-stdin\.$/],
    [['user', 'list', '--url', 'http://127.0.0.1:1'], /^quarterdeck user list: --url is not for this command: .*GET \/members/],
    [['key', 'list', '--url', 'http://127.0.0.1:1'], /^quarterdeck key list: QUARTERDECK_TOKEN is not set.*POST \/api\/auth\/signin/],
  ])('%j', async (words, message) => {
    const { code, stdout, stderr } = await quarterdeck(words);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr.trimEnd()).toEqual(typeof message === 'string' ? message : expect.stringMatching(message));
  });

  test('every wrong setting is listed at once', async () => {
    const { code, stderr } = await quarterdeck(['start', '--port', 'eighty'], { LOG_LEVEL: 'loud', QUARTERDECK_POOL: '3' });
    expect(code).toBe(2);
    expect(stderr).toMatch(/^quarterdeck start: 3 settings are wrong:\n {2}QUARTERDECK_POOL: .*\n {2}--port: .*\n {2}LOG_LEVEL: /);
  });

  test('programs get the error as JSON', async () => {
    const { code, stderr } = await quarterdeck(['key', 'rotate', '--json']);
    expect(code).toBe(2);
    expect(JSON.parse(stderr)).toEqual({
      error: { code: 'usage', message: 'No key was named.', next: 'Give its id or name; `quarterdeck key list` shows them.', details: {} },
    });
  });
});

describe('what does not need the data', () => {
  test('the version, and the help of everything', async () => {
    expect(await quarterdeck(['--version'])).toEqual({ code: 0, stdout: `${version}\n`, stderr: '' });
    const help = await quarterdeck([]);
    expect(help).toEqual(await quarterdeck(['--help']));
    expect(help).toMatchObject({ code: 0, stdout: expect.stringMatching(/^Usage: quarterdeck [\s\S]*\n {2}doctor /), stderr: '' });
  });

  test('settings are shown with their sources, without secrets', async () => {
    const environment = { DATABASE_URL: 'postgres://deck:hunter2@db.example.org:5432/deck', METRICS_TOKEN: 'sixteen characters' };
    await writeFile(join(folder, '.env'), 'QUARTERDECK_LEASE_SECONDS=60\n');
    const { stdout } = await quarterdeck(['config', 'show', '--port', '9000', '--json'], environment);
    const { settings } = JSON.parse(stdout) as { settings: object[] };
    expect(settings).toEqual(
      expect.arrayContaining([
        { variable: 'QUARTERDECK_PORT', flag: 'port', value: 9000, source: 'flag' },
        { variable: 'DATABASE_URL', flag: null, value: 'postgres://deck@db.example.org:5432/deck', source: 'environment' },
        { variable: 'METRICS_TOKEN', flag: null, value: '[set]', source: 'environment' },
        { variable: 'QUARTERDECK_LEASE_SECONDS', flag: null, value: 60, source: '.env' },
        { variable: 'QUARTERDECK_HOST', flag: 'host', value: '127.0.0.1', source: 'default' },
      ]),
    );
    expect(stdout).not.toMatch(/hunter2|sixteen/);
  });

  test('a reader that has seen enough is no error', async () => {
    const child = spawn(process.execPath, [program, 'config', 'show'], { cwd: folder, env: {}, stdio: ['ignore', 'pipe', 'pipe'] });
    child.stdout.destroy();
    expect(await once(child, 'exit')).toEqual([0, null]);
  });
});

describe('a server that cannot start ends with 1', () => {
  test('when another program has its port', async () => {
    const other = createServer().listen(0, '127.0.0.1');
    await once(other, 'listening');
    const { port } = other.address() as { port: number };
    const { code, stderr } = await quarterdeck(['start', '--port', String(port)]);
    other.close();
    expect(code).toBe(1);
    expect(stderr).toContain(
      `quarterdeck start: Cannot listen on 127.0.0.1 port ${port}: another program has it. Stop that one, or choose`,
    );
  });

  test('when a file is where its data folder should be', async () => {
    await writeFile(join(folder, 'occupied'), '');
    const { code, stderr } = await quarterdeck(['start', '--data', 'occupied']);
    expect(code).toBe(1);
    expect(stderr).toMatch(/^quarterdeck start: .*occupied.* a file is in the way\. Choose another folder with --data\.$/m);
  });
});
