/** `quarterdeck release` as a user types it, on a service of a few lines. */

import { once } from 'node:events';
import { rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { call } from '../../src/production/release/admin.ts';
import { proxySocket } from '../../src/production/release/names.ts';
import { findSocket } from '../../src/system/socket.ts';
import { identityOf } from '../../src/system/process.ts';
import { quarterdeck } from '../support/quarterdeck.ts';
import { type Ran, type TestRelease, createRelease } from '../support/release.ts';

let release: TestRelease;

let waited: Promise<Ran>;

beforeAll(async () => {
  release = await createRelease();
  waited = release.run(['status', '--wait', '1m']);
  await release.start();
});

afterAll(() => release.remove());

const isGone = (pid: number | null): boolean => pid === null || identityOf(pid) === undefined;

// One release, from its first version on: each test goes on where the one before has ended.
describe('a release', () => {
  test('is waited for by whoever asks while its supervisor is being started', async () => {
    expect(await waited).toMatchObject({ code: 0, stderr: '' });
  });

  test('answers 503 before there is a version', async () => {
    const response = await fetch(release.url);
    expect(response.status).toBe(503);
    expect(await response.json()).toMatchObject({ error: { code: 'no_replica' } });
  });

  test('of a first version serves once all replicas are healthy', async () => {
    const status = await release.deploy('v1', '--replicas', '2');
    expect(status).toMatchObject({ live: 'v1', previous: null, slots: [{ version: 'v1', weight: 100, state: 'live' }] });
    expect(status.slots[0]?.replicas.map(({ healthy }) => healthy)).toEqual([true, true]);
    expect(await release.ask()).toBe('v1');
  });

  test.each([
    [
      'ends at once',
      ['--command', 'echo the password is hunter2-hunter2; exit 3', '--env', 'SECRET=hunter2-hunter2'],
      /3 times.*password is \[redacted\]/s,
    ],
    ['never becomes ready', ['--env', 'HEALTH=503', '--deploy-timeout', '1s'], /after 1 s: green-\d+ 503 Service Unavailable/],
  ])('of a version that %s changes nothing', async (_how, words, why) => {
    const before = await release.status();
    const ran = await release.run(['deploy', '--version', 'broken', '--command', release.command, ...words]);
    expect(ran.code).toBe(1);
    const { error } = JSON.parse(ran.stderr) as { error: { code: string; message: string; next: string } };
    expect(error).toMatchObject({ code: 'refused', message: expect.stringMatching(why), next: 'What was live serves as before.' });
    expect(await release.status()).toEqual(before);
  });

  test('rolls over to the next version, one replica after the other', async () => {
    const [before] = (await release.status()).slots;
    const status = await release.deploy('v2', '--replicas', '2');
    expect(status).toMatchObject({ live: 'v2', previous: 'v1' });
    expect(before?.replicas.map(({ pid }) => isGone(pid))).toEqual([true, true]);
    expect(await release.ask()).toBe('v2');
  });

  test('switches to the next version at once, and back at once', async () => {
    const answered = release.ask('/slow');
    const status = await release.deploy('v3', '--replicas', '2', '--strategy', 'blue-green');
    expect(await answered).toBe('v2');
    expect(status).toMatchObject({ live: 'v3', previous: 'v2', switched_ms: expect.any(Number) });
    const pids = status.slots.find(({ version }) => version === 'v2')?.replicas.map(({ pid }) => pid);
    expect(await release.ask()).toBe('v3');
    // An undo of a release that never was must not undo the one before it.
    expect(await release.done(['rollback', '--from', 'v9'])).toMatchObject({ live: 'v3', switched_ms: null });
    const back = await release.done(['rollback', '--from', 'v3']);
    expect(back).toMatchObject({ live: 'v2', previous: null });
    expect(back.slots).toHaveLength(1);
    expect(back.slots[0]?.replicas.map(({ pid }) => pid)).toEqual(pids);
    expect(await release.ask()).toBe('v2');
  });

  test('goes back while another release is under way, which is ended', async () => {
    await release.deploy('v3', '--replicas', '2', '--strategy', 'blue-green');
    const begun = release.run(['deploy', '--version', 'v5', '--command', release.command, '--env', 'HEALTH=503']);
    await expect.poll(async () => (await release.status()).change, { timeout: 20_000 }).not.toBeNull();
    expect(await release.done(['rollback', '--from', 'v3'])).toMatchObject({ live: 'v2', change: null });
    expect((await begun).code).toBe(1);
    expect((await release.status()).slots.map(({ version }) => version)).toEqual(['v2']);
    expect(await release.ask()).toBe('v2');
  });

  test('gives a canary its share, and no other release is begun meanwhile', async () => {
    const status = await release.deploy('v4', '--replicas', '1', '--strategy', 'canary', '--weight', '50');
    expect(status).toMatchObject({ live: 'v2', canary: 'v4' });
    const answers = await Promise.all(Array.from({ length: 60 }, () => release.ask()));
    expect(new Set(answers)).toEqual(new Set(['v2', 'v4']));
    const refused = await release.run(['deploy', '--version', 'v5', '--command', release.command]);
    expect(refused).toMatchObject({ code: 1, stderr: expect.stringContaining('v4 is a canary with 50 % of the requests.') });
    expect(await release.done(['shift', '--weight', '99'])).toMatchObject({ canary: 'v4' });
    expect(await release.done(['promote'])).toMatchObject({ live: 'v4', canary: null, previous: 'v2' });
    expect(await release.ask()).toBe('v4');
  });

  test('survives its supervisor, and goes on with the same replicas', async () => {
    const before = await release.status();
    process.kill(before.supervisor.pid, 'SIGKILL');
    await expect.poll(() => isGone(before.supervisor.pid)).toBe(true);
    expect(await release.ask()).toBe('v4');
    const after = await release.start();
    expect(after.proxy).toEqual(before.proxy);
    expect(after.slots.map(({ replicas }) => replicas.map(({ pid }) => pid))).toEqual(
      before.slots.map(({ replicas }) => replicas.map(({ pid }) => pid)),
    );
  });

  test('starts a replica again that was killed, and the proxy', async () => {
    const before = await release.status();
    const live = before.slots.find(({ state }) => state === 'live')?.replicas[0];
    process.kill(live?.pid ?? 0, 'SIGKILL');
    process.kill(before.proxy.pid ?? 0, 'SIGKILL');
    await expect
      .poll(async () => (await release.status()).slots.find(({ state }) => state === 'live')?.replicas[0], { timeout: 20_000 })
      .toMatchObject({ id: live?.id, healthy: true, restarts: 1 });
    await expect.poll(() => release.ask().catch(() => ''), { timeout: 20_000 }).toBe('v4');
  });

  test('has one proxy, also when that before it was still accepting as it died', async () => {
    const { proxy } = await release.status();
    const path = findSocket(release.state, proxySocket) ?? '';
    rmSync(path);
    const dying = createServer((socket) => {
      socket.destroy();
      dying.close();
    }).listen(path);
    await once(dying, 'listening');
    process.kill(proxy.pid ?? 0, 'SIGKILL');
    await expect.poll(() => release.ask().catch(() => ''), { timeout: 20_000 }).toBe('v4');
    const after = await release.status();
    expect(after.proxy.pid).not.toBe(proxy.pid);
    expect(isGone(after.proxy.pid)).toBe(false);
    expect(await call(release.state, proxySocket, 'look', null)).toMatchObject({ pid: after.proxy.pid });
  });

  test('takes back a version whose supervisor is killed before it serves', async () => {
    const begun = release.run(['deploy', '--version', 'v6', '--command', release.command, '--env', 'HEALTH=503']);
    await expect
      .poll(
        async () =>
          (await release.status()).slots.some(({ version, replicas }) => version === 'v6' && replicas.every(({ pid }) => pid !== null)),
        { timeout: 20_000 },
      )
      .toBe(true);
    const { supervisor, slots } = await release.status();
    process.kill(supervisor.pid, 'SIGKILL');
    expect((await begun).code).toBe(1);
    await release.start();
    await expect.poll(async () => (await release.status()).change, { timeout: 20_000 }).toBeNull();
    expect((await release.status()).slots.map(({ version }) => version)).not.toContain('v6');
    expect(slots.filter(({ version }) => version === 'v6').flatMap(({ replicas }) => replicas.map(({ pid }) => isGone(pid)))).not.toContain(
      false,
    );
    expect(await release.ask()).toBe('v4');
  });

  test('is stopped in order, and serves again after the next start', async () => {
    const { slots } = await release.status();
    const answered = release.ask('/slow');
    expect(await release.run(['stop'])).toMatchObject({ code: 0 });
    expect(await answered).toBe('v4');
    expect(slots.flatMap(({ replicas }) => replicas.map(({ pid }) => isGone(pid)))).not.toContain(false);
    await release.start();
    await expect.poll(() => release.ask(), { timeout: 20_000 }).toBe('v4');
  });

  test('says what happened, one line each', () => {
    const names = release.events().map(({ event }) => event);
    for (const event of [
      'supervisor started',
      'proxy started',
      'proxy taken up',
      'replica started',
      'switched',
      'unfinished change',
      'went back',
    ])
      expect(names).toContain(event);
  });
});

describe('a wrong call', () => {
  test.each([
    [['deploy', '--version', 'x'], /required option '--command/],
    [['deploy', '--version', 'x', '--command', 'true', '--replicas', 'many'], /many is no number from 1 to 64/],
    [['deploy', '--version', 'x', '--command', 'true', '--cwd', '/nowhere'], /There is no folder \/nowhere/],
    [['deploy', '--version', 'x', '--command', 'true', '--env', 'novalue'], /novalue is not NAME=value/],
    [['deploy', '--version', 'x', '--command', 'true', '--env-from', '/nowhere'], /\/nowhere cannot be read/],
    [['start', '--listen', 'somewhere'], /somewhere is no address to listen on/],
  ])('%j is refused before anything happens', async (words, why) => {
    const ran = await release.run(words);
    expect(ran.code).toBe(2);
    expect(ran.stderr).toMatch(why);
  });
});

test('a fresh replica takes the place of one, and a version that does not come up takes none', async () => {
  const service = join(release.folder, 'gone');
  await release.deploy('r1', '--replicas', '2', '--command', `test -e '${service}' && exit 1; exec ${release.command}`);
  const ids = async () => (await release.status()).slots.find(({ state }) => state === 'live')?.replicas.map(({ id }) => id) ?? [];
  const [first = '', second = ''] = await ids();
  await release.done(['replace', first]);
  const after = await ids();
  expect(after).toHaveLength(2);
  expect(after).toContain(second);
  expect(after).not.toContain(first);
  expect(await release.ask()).toBe('r1');
  writeFileSync(service, '');
  expect(await release.run(['replace', second])).toMatchObject({ code: 1, stderr: expect.stringContaining('never became healthy') });
  expect(await ids()).toEqual(after);
  expect((await release.run(['replace', 'red-9'])).stderr).toContain('There is no replica red-9');
});

test('what replicas wrote last is shown without the values of their environment, and in one word how the release is', async () => {
  await release.deploy(
    'chatty',
    '--env',
    'TOLD=hunter2-hunter2',
    '--command',
    `echo "password $TOLD" >&2; ${release.command}`,
    '--replicas',
    '1',
  );
  const { stdout } = await release.run(['logs', '--match', 'password']);
  const { logs } = JSON.parse(stdout) as { logs: { of: string; version: string; lines: string[] }[] };
  expect(logs.find(({ version }) => version === 'chatty')?.lines).toEqual(['password [redacted]']);
  expect(logs.slice(-2)).toMatchObject([{ of: 'proxy', lines: [] }, { of: 'supervisor' }]);
  const { status } = await quarterdeckCheck('--print', 'condition');
  expect(status).toEqual({ code: 0, stdout: 'serving\n' });
  const nothing = await quarterdeckCheck('--print', 'weather');
  expect([nothing.status.code, nothing.stderr]).toEqual([1, expect.stringMatching(/weather was not measured: there is condition, listen/)]);
});

/** `quarterdeck check release` on it. */
async function quarterdeckCheck(...words: string[]) {
  const { code, stdout, stderr } = await quarterdeck({ data: release.folder, databaseUrl: undefined }, [
    'check',
    'release',
    '--state',
    release.state,
    ...words,
  ]);
  return { status: { code, stdout }, stderr };
}

test('the environment of replicas is read from a file, and shown nowhere', async () => {
  const file = join(release.folder, 'service.env');
  writeFileSync(file, 'VERSION="v9 from a file"\n');
  const ran = await release.run(['deploy', '--version', 'v9', '--command', release.command, '--env-from', file, '--replicas', '1']);
  expect(ran).toMatchObject({ code: 0, stdout: expect.not.stringContaining('from a file') });
  expect(await release.ask()).toBe('v9 from a file');
});
