import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { stepEnvironment } from './environment.ts';
import { type ProcessIdentity, endGroup, identityOf, isAlive, isGroupAlive, signalGroup } from '../../system/process.ts';
import { type Script, mostOutput, runScript } from './process.ts';

function run(text: string, more: Partial<Script> = {}, graceMs = 5_000) {
  const environment = stepEnvironment(process.env, {});
  const nothing = { onSpawn: () => undefined, onOutput: () => undefined, signal: new AbortController().signal };
  return runScript({ text, cwd: process.cwd(), environment, timeoutMs: 60_000, ...nothing, ...more }, graceMs);
}

describe('a script', () => {
  test('runs in a strict shell, with standard input closed', async () => {
    expect(await run('echo out; echo err >&2; cat; echo "$0 $-"')).toMatchObject({
      exit: 0,
      stdout: expect.stringMatching(/^out\nbash \S*e\S*u/),
      stderr: 'err\n',
    });
    expect(await run('false; echo never')).toMatchObject({ exit: 1, stdout: '' });
    expect(await run('false | cat; echo never')).toMatchObject({ exit: 1, stdout: '' });
    expect(await run('echo "$nowhere"')).toMatchObject({
      exit: 1,
      stderr: expect.stringContaining('nowhere: unbound variable') as string,
    });
    expect(await run('exit 7')).toMatchObject({ exit: 7, signal: null, stopped: undefined });
    expect(await run('kill -9 $$')).toMatchObject({ exit: null, signal: 'SIGKILL', stopped: undefined });
  });

  test('does not begin before its process is known', async () => {
    const seen: string[] = [];
    const onSpawn = (leader: ProcessIdentity) => {
      expect(isAlive(leader)).toBe(true);
      seen.push('known');
    };
    await run('echo begun', { onSpawn, onOutput: (_stream, text) => void seen.push(text) });
    expect(seen).toEqual(['known', 'begun\n']);
    let leader: ProcessIdentity | undefined;
    const refused = run('echo begun', {
      onSpawn(identity) {
        leader = identity;
        throw new Error('the disk is full');
      },
      onOutput: (_stream, text) => void seen.push(text),
    });
    await expect(refused).rejects.toThrow('the disk is full');
    expect(seen).toEqual(['known', 'begun\n']);
    await expect.poll(() => leader !== undefined && isGroupAlive(leader)).toBe(false);
  });

  test('waits until whoever starts it is ready', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'quarterdeck-gate-'));
    onTestFinished(() => rmSync(folder, { recursive: true }));
    const begun = join(folder, 'begun');
    let early: boolean | undefined;
    const onSpawn = () => {
      // Long enough for a shell that does not wait.
      spawnSync('sleep', ['0.5']);
      early = existsSync(begun);
    };
    expect(await run(`touch '${begun}'`, { onSpawn })).toMatchObject({ exit: 0 });
    expect([early, existsSync(begun)]).toEqual([false, true]);
  });

  test('leaves nobody behind who does not listen to TERM', async () => {
    let leader: ProcessIdentity | undefined;
    const onSpawn = (identity: ProcessIdentity) => void (leader = identity);
    const ended = await run(`(trap '' TERM; echo up; exec sleep 300) & wait`, { timeoutMs: 500, onSpawn }, 1_500);
    expect(ended).toMatchObject({ stopped: 'timeout', signal: 'SIGTERM', stdout: 'up\n' });
    expect(leader !== undefined && isGroupAlive(leader)).toBe(false);
  });

  test('is ended with all that it started when its time is over', async () => {
    let leader: ProcessIdentity | undefined;
    const stubborn = `trap '' TERM; (trap '' TERM; sleep 300) & echo up; sleep 300`;
    const ended = await run(stubborn, { timeoutMs: 300, onSpawn: (identity) => void (leader = identity) }, 200);
    expect(ended).toMatchObject({ exit: null, signal: 'SIGKILL', stopped: 'timeout', stdout: 'up\n' });
    expect(leader !== undefined && isGroupAlive(leader)).toBe(false);
    // Whoever listens to TERM may tidy up.
    const tidy = `trap 'echo tidied; exit 3' TERM; echo up; while :; do sleep 0.05; done`;
    expect(await run(tidy, { timeoutMs: 1_000 })).toMatchObject({ exit: 3, stopped: 'timeout', stdout: 'up\ntidied\n' });
  });

  test('is ended when the operator says so', async () => {
    const controller = new AbortController();
    const onOutput = () => controller.abort();
    expect(await run('echo up; sleep 300', { signal: controller.signal, onOutput })).toMatchObject({
      stopped: 'interrupt',
      signal: 'SIGTERM',
    });
    expect(await run('sleep 300', { signal: controller.signal })).toMatchObject({ stopped: 'interrupt' });
  });

  test('may leave something in the background', async () => {
    let leader: ProcessIdentity | undefined;
    onTestFinished(() => void (leader !== undefined && signalGroup(leader.pid, 'SIGKILL')));
    // It holds the output of the step as well, which would otherwise never end.
    const ended = await run('sleep 300 & echo up', { onSpawn: (identity) => void (leader = identity) });
    expect(ended).toMatchObject({ exit: 0, stdout: 'up\n' });
    expect(leader !== undefined && isGroupAlive(leader)).toBe(true);
    expect(leader !== undefined && isAlive(leader)).toBe(false);
    if (leader !== undefined) await endGroup(leader, 10_000);
    expect(leader !== undefined && isGroupAlive(leader)).toBe(false);
  });

  test('has its output cut at the limit, and whole characters in it', async () => {
    const ended = await run(`head -c ${mostOutput + 10} /dev/zero | tr '\\0' x; printf 'ü' >&2`);
    expect([ended.stdout.length, ended.cut, ended.stderr]).toEqual([mostOutput, true, 'ü']);
  });

  test.each([
    ['a folder that is not there', { cwd: '/nowhere' }, 'there is no folder /nowhere to run it in'],
    ['a PATH without bash', { environment: { PATH: '/nowhere' } }, 'there is no bash on PATH'],
  ])('cannot be started with %s', async (_what, more, message) => {
    await expect(run('true', more)).rejects.toThrow(message);
  });
});

test('a step sees the environment of the operator, without what a shell would run first', async () => {
  const operator = {
    PATH: process.env['PATH'],
    OWN: 'kept',
    BASH_ENV: '/tmp/evil',
    'BASH_FUNC_ls%%': '() { echo evil; }',
    LANG: 'de_DE',
    PAGER: 'less',
  };
  const environment = stepEnvironment(operator, { INPUT: 'given' });
  const { stdout } = await run('env | sort', { environment });
  const variables = stdout.split('\n').filter((line) => !/^(_|PWD|SHLVL|OLDPWD)=|^$/.test(line));
  expect(variables).toEqual([
    'COLUMNS=80',
    'GIT_PAGER=cat',
    'GIT_TERMINAL_PROMPT=0',
    'INPUT=given',
    'LANG=C.UTF-8',
    'LC_ALL=C.UTF-8',
    'NO_COLOR=1',
    'OWN=kept',
    'PAGER=cat',
    `PATH=${process.env['PATH']}`,
    'SYSTEMD_PAGER=',
    'TERM=dumb',
    'TZ=UTC',
  ]);
});

test('a process is told from another one with its number', () => {
  const self = identityOf(process.pid);
  expect(self !== undefined && isAlive(self)).toBe(true);
  expect(self !== undefined && isAlive({ ...self, started: '1' })).toBe(false);
  expect(self !== undefined && isAlive({ ...self, boot: 'another' })).toBe(false);
  expect(identityOf(2 ** 22 + 1)).toBeUndefined();
});
