/** The container image of the checkout, on a base that is made on the spot, and its processes without a container engine: Linux itself gives them what one would. */

import { type ChildProcessByStdio, execFile, spawn, spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { Readable } from 'node:stream';
import { promisify } from 'node:util';

const run = promisify(execFile);
const checkout = join(import.meta.dirname, '../..');

/** What a container gets from its engine. */
interface ImageConfig {
  User: string;
  Env: string[];
  Cmd: string[];
  Entrypoint: string[];
  WorkingDir: string;
  StopSignal: string;
  Volumes: Record<string, unknown>;
  Labels: Record<string, string>;
  Healthcheck: { Test: string[] };
}

export type Sealed = ChildProcessByStdio<null, Readable, Readable>;

export interface Image {
  readonly config: ImageConfig;
  /** Its files, and those of the base under it. */
  readonly root: string;
  readonly base: string;
  /** What a command in a container of it prints. The root can be written to, as far as its user may. */
  run(words: readonly string[], environment?: Readonly<Record<string, string>>): Promise<string>;
  /** A container with what docs/containers.md says: a root that is read only, no capabilities and none to be had, process 1 of its own. */
  start(words: readonly string[], data: string, environment?: Readonly<Record<string, string>>): Sealed;
  remove(): Promise<void>;
}

/** Why there can be no image here; undefined: there can. */
export function whyNoImage(): string | undefined {
  if (process.platform !== 'linux' || process.getuid?.() !== 0) return 'images are built by root on Linux';
  const missing = ['buildah', 'debootstrap', 'unshare', 'setpriv'].find((program) => spawnSync(program, ['--version']).error !== undefined);
  if (missing !== undefined) return `${missing} is not installed (apt: ${missing})`;
  return spawnSync('unshare', ['--mount', '--pid', '--fork', 'true']).status === 0 ? undefined : 'this root may not unshare';
}

/** @throws Error with the last lines of what failed */
export async function buildImage(revision: string): Promise<Image> {
  const folder = mkdtempSync(join(tmpdir(), 'quarterdeck-image-'));
  const storage = ['--root', join(folder, 'root'), '--runroot', join(folder, 'run'), '--storage-driver', 'vfs'];
  const buildah = async (...words: string[]): Promise<string> => {
    const { stdout } = await run('buildah', [...storage, ...words], { cwd: checkout, maxBuffer: 64 * 1_024 * 1_024 });
    return stdout.trim();
  };
  const remove = async (): Promise<void> => {
    await buildah('umount', '--all').catch(() => undefined);
    rmSync(folder, { recursive: true, force: true });
  };
  try {
    const base = await makeBase(folder, buildah);
    const secrets = certificateSecrets(folder);
    const facts = ['VERSION=1.2.3', `REVISION=${revision}`, 'SOURCE=https://example.org/quarterdeck', `BASE=${baseName}`];
    const words = ['--isolation', 'chroot', '--pull-never', '--format', 'docker', '--tag', imageName, ...secrets];
    await buildah('bud', ...words, ...facts.flatMap((fact) => ['--build-arg', fact]), '--file', 'deploy/docker/Dockerfile', '.');
    const { Docker } = JSON.parse(await buildah('inspect', '--type', 'image', imageName)) as { Docker: { config: ImageConfig } };
    const container = await buildah('from', '--pull-never', imageName);
    const root = await buildah('mount', container);
    return {
      config: Docker.config,
      root,
      base,
      remove,
      run: (command, environment = {}) =>
        buildah('run', '--isolation', 'chroot', ...pairs(environment).flatMap((pair) => ['--env', pair]), container, '--', ...command),
      start: (command, data, environment = {}) => startSealed(root, data, [...Docker.config.Env, ...pairs(environment)], command),
    };
  } catch (error) {
    await remove();
    throw error;
  }
}

const baseName = 'localhost/node:24';
const imageName = 'localhost/quarterdeck:test';

const pairs = (environment: Readonly<Record<string, string>>): string[] =>
  Object.entries(environment).map(([name, value]) => `${name}=${value}`);

/** Debian with the Node and the npm that run this test, as the official image has them. Returns its folder. */
async function makeBase(folder: string, buildah: (...words: string[]) => Promise<string>): Promise<string> {
  const base = join(folder, 'base');
  await run('debootstrap', ['--variant=minbase', 'bookworm', base], { maxBuffer: 16 * 1_024 * 1_024 });
  const local = join(base, 'usr/local');
  // Where its program really lies: what npm itself calls its root depends on which Node comes first on the path.
  const { stdout } = await run('sh', ['-c', 'command -v npm']);
  const npm = dirname(dirname(realpathSync(stdout.trim())));
  mkdirSync(join(local, 'lib/node_modules'), { recursive: true });
  cpSync(process.execPath, join(local, 'bin/node'));
  cpSync(npm, join(local, 'lib/node_modules/npm'), { recursive: true, verbatimSymlinks: true });
  symlinkSync('../lib/node_modules/npm/bin/npm-cli.js', join(local, 'bin/npm'));
  for (const cache of ['var/cache/apt', 'var/lib/apt/lists']) rmSync(join(base, cache), { recursive: true, force: true });
  const container = await buildah('from', 'scratch');
  await buildah('copy', '--quiet', container, base, '/');
  await buildah('config', '--env', 'PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin', container);
  await buildah('commit', '--quiet', container, baseName);
  await buildah('rm', container);
  return base;
}

/** Where the registry is reached through a certificate that only this machine trusts, the build is told of it as anybody with such a registry would. */
function certificateSecrets(folder: string): string[] {
  const certificates = process.env['NODE_EXTRA_CA_CERTS'];
  if (certificates === undefined || !existsSync(certificates)) return [];
  const npmrc = join(folder, 'npmrc');
  writeFileSync(npmrc, 'cafile=/run/secrets/ca\n');
  return ['--secret', `id=npmrc,src=${npmrc}`, '--secret', `id=ca,src=${certificates}`];
}

/** What `--read-only --tmpfs /tmp --cap-drop ALL --security-opt no-new-privileges` and a volume come to. */
const sealed = `
set -eu
root=$1 data=$2; shift 2
mount --make-rprivate /
mount --bind "$root" "$root"
mount -o remount,ro,bind "$root"
mount -t tmpfs tmpfs "$root/tmp"
mount -t proc proc "$root/proc"
mount --bind "$data" "$root/data"
cd "$root"
exec chroot . setpriv --reuid 10001 --regid 10001 --clear-groups --no-new-privs --bounding-set=-all --inh-caps=-all -- env --ignore-environment --chdir=/app "$@"
`;

function startSealed(root: string, data: string, environment: readonly string[], words: readonly string[]): Sealed {
  const namespaces = ['--mount', '--pid', '--fork', '--kill-child'];
  return spawn('unshare', [...namespaces, 'sh', '-c', sealed, 'sh', root, data, 'HOME=/data', ...environment, ...words], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
}

/** Sends a signal to process 1 of a container. */
export function signalContainer({ pid }: Sealed, signal: NodeJS.Signals): void {
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ');
  for (const child of children) process.kill(Number(child), signal);
}
