/** Servers for tests: one in this process, or a real child process that can be killed. */

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { inject } from 'vitest';
import { readSettings } from '../../src/platform/config/read.ts';
import { type Log, createLog } from '../../src/platform/telemetry/log.ts';
import { type Instead, type RunningServer, startServer } from '../../src/server/start.ts';
import { createDataFolder, createMigratedDataFolder } from './data-folder.ts';
import { createMigratedTestDatabase } from './postgres.ts';

export { client, signUp } from './client.ts';
export type { Answer, Client, TestUser } from './client.ts';

const root = dirname(dirname(import.meta.dirname));

/** Longest time for a child process to serve: a first start takes two seconds, and thirty have been seen on a machine that was busy with other things. */
const readyTimeoutMs = 90_000;

export interface ServerOptions {
  /** Default: the kind that this project of the test run is for. */
  kind?: 'embedded' | 'postgres';
  /** Settings by their variables, over those that the server needs anyway: `{ QUARTERDECK_LEASE_SECONDS: '1' }`. */
  environment?: Record<string, string>;
  /** Where the data is; what is given here is neither made nor removed. Start a second server on it for a replica or a restart. */
  place?: Place;
}

/** A database and a data folder, which outlive the server that uses them. */
export interface Place {
  kind: 'embedded' | 'postgres';
  data: string;
  databaseUrl: string | undefined;
  remove(): Promise<void>;
}

/** A migrated database; on PostgreSQL it can also be an empty one. */
export async function createPlace(kind = inject('databaseKind'), create = createMigratedTestDatabase): Promise<Place> {
  const database = kind === 'postgres' ? await create() : undefined;
  const data = kind === 'postgres' ? await createDataFolder() : await createMigratedDataFolder(inject('templates'));
  return {
    kind,
    data,
    databaseUrl: database?.url,
    async remove() {
      await database?.drop();
      await rm(data, { recursive: true, force: true });
    },
  };
}

export interface TestServer extends RunningServer {
  readonly place: Place;
}

/** A server in this process with a database of its own. `close` also removes the database, unless the place was given. */
export async function startTestServer(options: ServerOptions & { log?: Log; instead?: Instead } = {}): Promise<TestServer> {
  const place = options.place ?? (await createPlace(options.kind));
  const effective = readSettings({ environment: environmentOf(place, options), folder: place.data });
  const log = options.log ?? createLog({ logLevel: 'silent' });
  const server = await startServer(effective, log, {
    migrate: true,
    ...(options.instead === undefined ? {} : { instead: options.instead }),
  });
  return {
    ...server,
    place,
    async close() {
      await server.close();
      if (options.place === undefined) await place.remove();
    },
  };
}

export interface Exit {
  code: number | null;
  signal: NodeJS.Signals | null;
}

export interface SpawnedServer {
  readonly url: string;
  readonly pid: number;
  readonly place: Place;
  /** What it has printed so far. The log is on standard error. */
  readonly output: { stdout: string; stderr: string };
  readonly exited: Promise<Exit>;
  /** Sends the signal and waits for the end. */
  kill(signal?: NodeJS.Signals): Promise<Exit>;
  /** Kills it if it still runs, and removes the database, unless the place was given. */
  close(): Promise<void>;
}

/** A server as a user starts it. @throws Error with all that it printed when it does not come to serve */
export async function spawnServer(options: ServerOptions & { command?: string[] } = {}): Promise<SpawnedServer> {
  const place = options.place ?? (await createPlace(options.kind));
  const command = options.command ?? [join(root, 'bin', 'quarterdeck.mjs'), 'start'];
  const child = spawn(process.execPath, command, {
    // Not in the checkout, whose `.env` belongs to its developer.
    cwd: place.data,
    env: { PATH: process.env['PATH'], HOME: place.data, ...environmentOf(place, options) },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const exited = once(child, 'exit').then(([code, signal]): Exit => ({ code, signal }));
  const output = collect(child);
  const url = await becomeReady(output, exited);
  const kill = (signal: NodeJS.Signals = 'SIGTERM') => {
    child.kill(signal);
    return exited;
  };
  return {
    url,
    pid: child.pid ?? 0,
    place,
    output,
    exited,
    kill,
    async close() {
      await kill('SIGKILL');
      if (options.place === undefined) await place.remove();
    },
  };
}

function environmentOf({ data, databaseUrl }: Place, { environment }: ServerOptions): Record<string, string> {
  return {
    QUARTERDECK_PORT: '0',
    QUARTERDECK_DATA: data,
    ...(databaseUrl === undefined ? {} : { DATABASE_URL: databaseUrl }),
    ...environment,
  };
}

function collect({ stdout, stderr }: ChildProcess): SpawnedServer['output'] {
  const output = { stdout: '', stderr: '' };
  stdout?.setEncoding('utf8').on('data', (chunk: string) => (output.stdout += chunk));
  stderr?.setEncoding('utf8').on('data', (chunk: string) => (output.stderr += chunk));
  return output;
}

/** Waits for the log line that says where it listens. */
async function becomeReady(output: SpawnedServer['output'], exited: Promise<Exit>): Promise<string> {
  let exit: Exit | undefined;
  void exited.then((result) => (exit = result));
  const deadline = Date.now() + readyTimeoutMs;
  for (;;) {
    const url = listeningUrl(output.stderr);
    if (url !== undefined) return url;
    if (exit !== undefined || Date.now() > deadline)
      throw new Error(`the server did not start (${JSON.stringify(exit ?? 'too slow')}):\n${output.stdout}${output.stderr}`);
    await sleep(20);
  }
}

function listeningUrl(log: string): string | undefined {
  const line = log.split('\n').find((text) => text.startsWith('{') && text.includes('"msg":"listening"') && text.endsWith('}'));
  return line === undefined ? undefined : (JSON.parse(line) as { url: string }).url;
}
