/**
 * The units of systemd: judged by its own tools, installed by their runbook, and their lines run for a user without rights. No test
 * machine runs systemd, so `test/support/systemd.ts` stands in for it: what its sandbox forbids is judged and not felt here.
 */

import { spawn, spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import { freePort } from '../../src/production/release/spawn.ts';
import type { ReleaseStatus } from '../../src/production/release/status.ts';
import type { State } from '../../src/production/release/state.ts';
import { identityOf } from '../../src/system/process.ts';
import { pack, whyNoRegistry } from '../support/package.ts';
import { type TestDatabase, createTestDatabase } from '../support/postgres.ts';
import { type LastLine, type Workshop, createWorkshop } from '../support/runbook.ts';
import { mainPid, readUnit, startUnit } from '../support/systemd.ts';

const deploy = join(import.meta.dirname, '../../deploy/systemd');
const services = readdirSync(deploy).filter((name) => name.endsWith('.service'));

describe('the units', () => {
  const analyse = (...words: string[]) => spawnSync('systemd-analyze', words, { encoding: 'utf8' });
  const obstacle = analyse('--version').status === 0 ? undefined : 'systemd-analyze is not installed (apt: systemd)';
  let folder: string;
  beforeAll(() => void (folder = mkdtempSync(join(tmpdir(), 'quarterdeck-units-'))));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  beforeEach(({ skip }) => skip(obstacle !== undefined, obstacle));

  test('are understood by systemd without a remark', () => {
    // It looks whether programs are there.
    for (const name of readdirSync(deploy))
      writeFileSync(join(folder, name), readFileSync(join(deploy, name), 'utf8').replaceAll('/opt/quarterdeck/bin/node', process.execPath));
    const { status, stdout, stderr } = analyse('verify', ...readdirSync(deploy).map((name) => join(folder, name)));
    expect({ status, said: `${stdout}${stderr}` }).toEqual({ status: 0, said: '' });
  });

  // 0 is what touches nothing at all, 10 what may do everything. What is left is the network, its own sockets, and V8.
  test.each(services)('%s is rated by systemd as exposing less than 2.0 of 10', (name) => {
    const { status, stdout } = analyse('security', '--offline=true', '--threshold=20', join(deploy, name));
    expect(status, stdout).toBe(0);
  });

  test('do not stop replicas for the supervisor or for one of them, and know what they say', () => {
    const unit = readUnit(readFileSync(join(deploy, 'quarterdeck.service'), 'utf8'));
    expect([unit.one('KillMode'), unit.one('Restart'), unit.one('OOMPolicy'), unit.one('PrivateTmp')]).toEqual([
      'process',
      'always',
      'continue',
      '',
    ]);
    expect(unit.all('MemoryDenyWriteExecute')).toEqual([]);
  });
});

describe('on a machine', () => {
  let obstacle: string | undefined;
  let workshop: Workshop;
  let database: TestDatabase;
  let root: string;
  let url: string;
  let install: LastLine;

  beforeAll(async () => {
    obstacle =
      process.platform === 'linux' && process.getuid?.() === 0 ? await whyNoRegistry(tmpdir()) : 'it is installed by root on Linux';
    if (obstacle !== undefined) return;
    workshop = createWorkshop();
    database = await createTestDatabase();
    root = createRoot(workshop.folder);
    const { filename } = await pack(workshop.folder);
    const listen = `127.0.0.1:${await freePort('127.0.0.1')}`;
    url = `http://${listen}`;
    const settings = {
      RELEASE_LISTEN: listen,
      DATABASE_URL: database.url,
      BETTER_AUTH_SECRET: randomBytes(32).toString('base64'),
      QUARTERDECK_URL: 'https://deck.example.org',
      QUARTERDECK_REPLICAS: '2',
      METRICS_TOKEN: randomBytes(24).toString('base64'),
      QUARTERDECK_DATA: join(root, 'var/lib/quarterdeck/data'),
    };
    const lines = Object.entries(settings).map(([name, value]) => `${name}=${value}\n`);
    const inputs = {
      PACKAGE: join(workshop.folder, filename),
      VERSION: '1.4.0',
      ENV_FILE: workshop.write('quarterdeck.env', lines.join('')),
      BASE_URL: url,
      REPLICAS: '2',
      NODE: process.execPath,
      PREFIX: root,
    };
    const words = Object.entries(inputs).flatMap(([name, value]) => ['--input', `${name}=${value}`]);
    const runbook = join(import.meta.dirname, '../../runbooks/install-systemd.md');
    install = await workshop.last(['run', runbook, ...words], { environment: machine() });
  });
  afterAll(async () => {
    if (obstacle !== undefined) return;
    // What the last test should have ended, when it failed.
    for (const pid of processes()) process.kill(pid, 'SIGKILL');
    await database.drop();
    await workshop.remove();
  });
  beforeEach(({ skip }) => skip(obstacle !== undefined, obstacle));

  /** `systemctl` is the stand-in; npm reaches the registry as that of this user does. */
  const machine = (): Record<string, string> => ({
    PATH: `${join(root, 'bin')}:${process.env['PATH'] ?? ''}`,
    npm_config_cache: join(homedir(), '.npm'),
    ...(process.env['NODE_EXTRA_CA_CERTS'] === undefined ? {} : { NODE_EXTRA_CA_CERTS: process.env['NODE_EXTRA_CA_CERTS'] }),
  });

  /** Of everything that was started from this root. */
  const processes = (): number[] =>
    readdirSync('/proc')
      .filter((name) => /^\d+$/.test(name))
      .map(Number)
      .filter((pid) => pid !== process.pid && commandOf(pid).startsWith(`${root}/opt/quarterdeck/bin/node`));

  const stateFolder = (): string => join(root, 'var/lib/quarterdeck/release');
  const status = async (): Promise<ReleaseStatus> => {
    const node = join(root, 'opt/quarterdeck/bin/node');
    const program = join(root, 'opt/quarterdeck/current/bin/quarterdeck.mjs');
    const { stdout } = spawnSync(node, [program, 'release', 'status', '--json', '--state', stateFolder()], { encoding: 'utf8' });
    return JSON.parse(stdout) as ReleaseStatus;
  };
  const replicas = async () => (await status()).slots.flatMap((slot) => slot.replicas.map(({ pid }) => pid));
  const healthy = async () => ((await (await fetch(`${url}/health`)).json()) as { status: string }).status;

  test('the runbook installs it for a user of its own, with settings that only root can read, and proves that it serves', async () => {
    expect(install, JSON.stringify(install)).toMatchObject({ exit: 0, outcome: 'passed' });
    expect(statSync(join(root, 'etc/quarterdeck/quarterdeck.env')).mode & 0o777).toBe(0o600);
    expect(readFileSync(join(root, 'etc/passwd'), 'utf8')).toMatch(/^quarterdeck:.*nologin$/m);
    expect(await status()).toMatchObject({ live: '1.4.0', slots: [{ replicas: [{ healthy: true }, { healthy: true }] }] });
    expect(new Set(processes().map((pid) => statSync(`/proc/${pid}`).uid))).toEqual(new Set([65_534]));
  });

  test('a supervisor that is killed is started again, and replicas and proxy go on', async () => {
    const before = { replicas: await replicas(), proxy: (await status()).proxy };
    process.kill(mainPid(root) ?? 0, 'SIGKILL');
    await expect.poll(() => mainPid(root)).toBeUndefined();
    expect(await healthy()).toBe('healthy');
    startUnit(root);
    expect({ replicas: await replicas(), proxy: (await status()).proxy }).toEqual(before);
  });

  test('after a reboot what was live serves again, also when others have its numbers by now', async () => {
    const all = processes();
    for (const pid of all) process.kill(pid, 'SIGKILL');
    await expect.poll(() => processes(), { timeout: 20_000 }).toEqual([]);
    const file = join(stateFolder(), 'state.json');
    const state = JSON.parse(readFileSync(file, 'utf8')) as State;
    const [first, second] = state.places;
    // Somebody else has the number of a replica by now. Of one place only the boot tells, of the other only the start.
    const somebody = spawn('sleep', ['600'], { detached: true, stdio: 'ignore' });
    onTestFinished(() => void somebody.kill('SIGKILL'));
    const identity = identityOf(somebody.pid ?? 0);
    if (first === undefined || second === undefined || identity === undefined) throw new Error('two replicas ran');
    first.process = { ...identity, boot: '00000000-0000-0000-0000-000000000000' };
    second.process = { ...identity, started: '1' };
    writeFileSync(file, JSON.stringify(state));
    startUnit(root);
    await expect.poll(healthy, { timeout: 60_000 }).toBe('healthy');
    await expect
      .poll(async () => (await status()).slots[0]?.replicas.map((replica) => replica.healthy), { timeout: 60_000 })
      .toEqual([true, true]);
    expect(await replicas()).not.toContain(somebody.pid);
    // Taken for a replica, it would have been asked for its health until it counted as hung.
    expect(readFileSync(join(stateFolder(), 'events.jsonl'), 'utf8')).not.toContain('no answer to checks of health');
    expect(identityOf(somebody.pid ?? 0)).toEqual(identity);
  });

  test('the undo of the run stops all of it and takes it away, but for the data', async () => {
    expect(await workshop.runbook(['undo', install.run], { environment: machine() })).toMatchObject({ code: 0 });
    expect(processes()).toEqual([]);
    await expect(fetch(`${url}/health`)).rejects.toThrow('fetch failed');
    for (const path of ['opt/quarterdeck', 'etc/quarterdeck', 'etc/systemd/system/quarterdeck.service'])
      expect(existsSync(join(root, path)), path).toBe(false);
    expect(readFileSync(join(root, 'etc/passwd'), 'utf8')).not.toContain('quarterdeck');
    expect(existsSync(join(stateFolder(), 'state.json'))).toBe(true);
  });
});

/** A root with users of its own and the stand-in as its systemctl. */
function createRoot(folder: string): string {
  const root = join(folder, 'machine');
  for (const path of ['bin', 'etc']) mkdirSync(join(root, path), { recursive: true });
  for (const name of ['passwd', 'group', 'shadow', 'gshadow', 'login.defs']) writeFileSync(join(root, 'etc', name), '');
  const standIn = join(import.meta.dirname, '../support/systemd.ts');
  writeFileSync(join(root, 'bin/systemctl'), `#!/bin/sh\nexec '${process.execPath}' '${standIn}' '${root}' "$@"\n`);
  // The user of the service has to reach its program.
  for (const path of [folder, root, join(root, 'bin/systemctl')]) chmodSync(path, 0o755);
  return root;
}

function commandOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8');
  } catch {
    return '';
  }
}
