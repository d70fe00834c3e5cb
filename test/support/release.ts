/** A release in a folder of its own, driven as a user does, and a service of a few lines to release. */

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { freePort } from '../../src/production/release/spawn.ts';
import type { ReleaseStatus } from '../../src/production/release/status.ts';

const program = fileURLToPath(new URL('../../bin/quarterdeck.mjs', import.meta.url));

/**
 * Answers with its version, after DELAY milliseconds and with the share ERRORS of failures; `/slow` after a while, `/stream` with events for
 * ever. A replica that is sent SIGUSR2 fails half of its requests, one that is sent SIGHUP takes 450 ms for each; its health shows neither.
 */
const service = `
import { createServer } from 'node:http';
const { PORT, HOST, VERSION, HEALTH = '200', SLOW = '300', DELAY = '0', ERRORS = '0' } = process.env;
let [asked, errors, delay] = [0, Number(ERRORS), Number(DELAY)];
process.on('SIGUSR2', () => (errors = 0.5));
process.on('SIGHUP', () => (delay = 450));
const server = createServer((request, response) => {
  if (request.url === '/health/ready') return response.writeHead(Number(HEALTH)).end();
  if (request.url === '/slow') return setTimeout(() => response.end(VERSION), Number(SLOW));
  if (request.url === '/stream') {
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    const timer = setInterval(() => response.write('data: ' + VERSION + '\\n\\n'), 50);
    return void response.on('close', () => clearInterval(timer));
  }
  if (errors > 0 && ++asked % Math.round(1 / errors) === 0) response.statusCode = 500;
  request.resume().on('end', () => setTimeout(() => response.end(VERSION), delay));
});
server.listen(Number(PORT), HOST);
process.on('SIGTERM', () => process.exit(0));
`;

export interface Ran {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface TestRelease {
  readonly folder: string;
  readonly port: number;
  readonly url: string;
  /** How the service is started. */
  readonly command: string;
  /** `quarterdeck release COMMAND --state … --json` */
  run(words: readonly string[]): Promise<Ran>;
  /** The same, and it must succeed. */
  done(words: readonly string[]): Promise<ReleaseStatus & { switched_ms: number | null }>;
  start(): Promise<ReleaseStatus>;
  deploy(version: string, ...words: string[]): Promise<ReleaseStatus & { switched_ms: number | null }>;
  status(): Promise<ReleaseStatus>;
  /** The state folder. */
  readonly state: string;
  /** What happened, from the log of events. */
  events(): Record<string, unknown>[];
  /** The version that answers. */
  ask(path?: string): Promise<string>;
  remove(): Promise<void>;
}

export async function createRelease(): Promise<TestRelease> {
  const folder = mkdtempSync(join(tmpdir(), 'quarterdeck-release-'));
  const file = join(folder, 'service.mjs');
  writeFileSync(file, service);
  const port = await freePort('127.0.0.1');
  const url = `http://127.0.0.1:${port}`;
  const state = join(folder, 'state');
  const command = `node ${file}`;

  async function run(words: readonly string[]): Promise<Ran> {
    const child = spawn(process.execPath, [program, 'release', ...words, '--state', state, '--json'], {
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const [stdout, stderr] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'close')]);
    return { code: child.exitCode, stdout, stderr };
  }

  async function done(words: readonly string[]): Promise<ReleaseStatus & { switched_ms: number | null }> {
    const { code, stdout, stderr } = await run(words);
    if (code !== 0) throw new Error(`release ${words.join(' ')} ended with ${code}: ${stderr}`);
    return JSON.parse(stdout) as ReleaseStatus & { switched_ms: number | null };
  }

  return {
    folder,
    state,
    port,
    url,
    command,
    run,
    done,
    start: () => done(['start', '--listen', `127.0.0.1:${port}`]),
    deploy: (version, ...words) => done(['deploy', '--version', version, '--command', command, '--env', `VERSION=${version}`, ...words]),
    status: () => done(['status']),
    events: () =>
      readFileSync(join(state, 'events.jsonl'), 'utf8')
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line) as Record<string, unknown>),
    ask: async (path = '/') => (await fetch(`${url}${path}`)).text(),
    async remove() {
      await run(['stop']);
      await rm(folder, { recursive: true, force: true });
    },
  };
}
