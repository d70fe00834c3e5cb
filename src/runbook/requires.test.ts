import { execFile } from 'node:child_process';
import { chmod, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { readFrontMatter } from './parse/front-matter.ts';
import { checkRequired } from './requires.ts';

let folder: string;

/** What each program does; `$*` is how it was called. */
const programs: Record<string, string> = {
  kubectl: 'test "$*" = "version --client" && echo "Client Version: v1.26.3" && echo "Kustomize Version: v5.0.1"',
  helm: 'test "$*" = "version --short" && echo "v3.12.0-rc.1+gc9f554d"',
  openssl: 'test "$*" = version && echo "OpenSSL 1.1.1w  11 Sep 2023"',
  aws: 'test "$*" = --version && echo "aws-cli/2.13.5 Python/3.11.4 Linux/6.1.0 exe/x86_64"',
  psql: 'echo "psql (PostgreSQL) 16.2"',
  yq: 'echo "a warning" && echo "yq (https://example.org/yq/) version v4.40.5"',
  old: 'echo "old, build 7 from 2.0.1" >&2',
  less: 'echo "less 590 (GNU regular expressions)"',
  dated: 'echo "dated 2023.01.05"',
  silent: 'true',
  broken: 'echo "unknown flag: --version, see 1.2.3" >&2; exit 3',
  stuck: 'echo 1.2.3; sleep 600 & echo $! > stuck.pid; sleep 600',
  noisy: 'yes 9.9.9 | head -c 1000000',
};

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'quarterdeck-requires-'));
  for (const [name, script] of Object.entries(programs)) await makeProgram(join(folder, name), script);
  await mkdir(join(folder, 'bin'));
  await makeProgram(join(folder, 'bin', 'tool'), 'echo "tool $WHICH"');
});
afterAll(() => rm(folder, { recursive: true, force: true }));

async function makeProgram(path: string, script: string): Promise<void> {
  await writeFile(path, `#!/usr/bin/env bash\n${script}\n`);
  await chmod(path, 0o755);
}

async function isRunning(pid: number): Promise<boolean> {
  // One that has ended stays in the list until its parent has asked; where nobody does, it is a Z for ever.
  const { stdout } = await promisify(execFile)('ps', ['-o', 'stat=', '-p', String(pid)]).catch(() => ({ stdout: '' }));
  return stdout.trim() !== '' && !stdout.startsWith('Z');
}

/** What is said of a front matter with this under `requires`, each in a line of its own. */
const problems = (requires: string, timeoutMs?: number) => {
  const { front, faults } = readFrontMatter(`requires:\n${requires}`);
  expect(faults).toEqual([]);
  const environment = { PATH: `${folder}:${process.env['PATH']}`, WHICH: '0.9' };
  return checkRequired(front.requires, { environment, cwd: folder, ...(timeoutMs === undefined ? {} : { timeoutMs }) });
};

describe('the programs that a runbook requires', () => {
  test('are asked in the way that each knows, and the first version that they say is compared', async () => {
    expect(
      await problems(
        [
          "  kubectl: '>=1.26'",
          "  helm: '^3.12'",
          "  openssl: '>=1.1.1'",
          "  aws: '2.13.x'",
          "  psql: '>=15 <17'",
          "  yq: '4'",
          "  old: '~2.0.1'",
          "  less: '>=500'",
          "  dated: '>=2023'",
          "  noisy: '*'",
          "  bin/tool: '0.9'",
          "  silent: '*'",
        ].join('\n'),
      ),
    ).toEqual([]);
  });

  test.each([
    ["kubectl: '>=1.28'", 'kubectl is 1.26.3, and this runbook requires >=1.28: install a newer one.'],
    ["psql: '<16'", 'psql is 16.2, and this runbook requires <16: install an older one.'],
    ["helm: '2.x || >=4'", 'helm is 3.12.0, and this runbook requires 2.x || >=4: install another one.'],
    ["no-such-program: '>=1'", 'no-such-program is not on the PATH, and this runbook requires >=1: install it.'],
    ["bin/none: '*'", 'bin/none is not there, and this runbook requires *: install it.'],
    ["silent: '>=1'", 'The version of silent cannot be read: `silent --version` prints none. Name a command that does under requires.'],
    [
      "broken: '>=1'",
      'The version of broken cannot be read: `broken --version` ends with status 3 and says "unknown flag: --version, see 1.2.3". Mend it, or name another command under requires.',
    ],
  ])('%s is told with what to do', async (requires, problem) => {
    expect(await problems(`  ${requires}`)).toEqual([problem]);
  });

  test('may have a command of their own, which is shell', async () => {
    expect(await problems(`  broken: { version: '>=7', command: 'echo "broken $WHICH" | tr 0 7' }`)).toEqual([]);
    expect(await problems(`  broken: { version: '>=7', command: 'echo "broken $WHICH"' }`)).toEqual([
      'broken is 0.9, and this runbook requires >=7: install a newer one.',
    ]);
  });

  test('are ended with all that they started when they do not answer', async () => {
    expect(await problems("  stuck: '>=1'", 1_000)).toEqual([
      'The version of stuck cannot be read: `stuck --version` does not answer within 1 s. Mend it, or name another command under requires.',
    ]);
    const started = Number(await readFile(join(folder, 'stuck.pid'), 'utf8'));
    await expect.poll(() => isRunning(started), { timeout: 10_000 }).toBe(false);
  });

  test('are told all at once, in the order of the file', async () => {
    const found = await problems("  none-a: '1'\n  kubectl: '>=9'\n  silent: '1'\n  aws: '2'");
    expect(found.map((problem) => problem.split(' is ')[0]?.split(' cannot ')[0])).toEqual(['none-a', 'kubectl', 'The version of silent']);
  });
});
