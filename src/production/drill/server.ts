/** A real server on a restored database: this program, as a process of its own. */

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { cp } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Settings } from '../../platform/config/settings.ts';

/** Longest time to begin to serve. It takes a second or two, and longer when the backup has to be migrated. */
const readyMs = 600_000;

/** What it may take to stop before it is killed: nobody needs anything from it any more. */
const stopMs = 10_000;

export interface DrillServer {
  url: string;
  stop(): Promise<void>;
}

export interface DrillServerOptions {
  /** The file that starts this program. */
  program: string;
  /** Of the restored database. */
  settings: Settings;
  /** Of the live server: its secrets open the signing keys. */
  live: Settings;
  signal: AbortSignal | undefined;
}

/** On a free port of this machine. It ends when this process does, however it ends. @throws Error with what it printed when it does not come to serve */
export async function startDrillServer({ program, settings, live, signal }: DrillServerOptions): Promise<DrillServer> {
  const { data, databaseUrl } = settings;
  // None where the secret is a setting.
  await cp(join(live.data, 'secrets.json'), join(data, 'secrets.json')).catch(() => undefined);
  const child = spawn(process.execPath, [program, 'start', '--json'], {
    cwd: data,
    env: {
      PATH: process.env['PATH'],
      HOME: data,
      LOG_LEVEL: 'warn',
      QUARTERDECK_DATA: data,
      QUARTERDECK_PORT: '0',
      // It watches the channel to whoever it names here, and ends with it.
      LAUNCHER_PID: String(process.pid),
      ...(databaseUrl === undefined ? {} : { DATABASE_URL: databaseUrl }),
      ...(live.authSecret === undefined ? {} : { BETTER_AUTH_SECRET: live.authSecret }),
    },
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
  });
  try {
    return { url: await urlOf(child, signal), stop: () => stop(child) };
  } catch (error) {
    await stop(child);
    throw error;
  }
}

async function urlOf(child: ChildProcess, signal: AbortSignal | undefined): Promise<string> {
  let printed = '';
  child.stderr?.setEncoding('utf8').on('data', (text: string) => (printed = (printed + text).slice(-4_000)));
  const lines = createInterface({ input: child.stdout ?? process.stdin });
  const wait = AbortSignal.any([AbortSignal.timeout(readyMs), ...(signal === undefined ? [] : [signal])]);
  const ready = (once(lines, 'line', { signal: wait }) as Promise<[string]>).then(
    ([line]) => (JSON.parse(line) as { listening: string }).listening,
  );
  const ended = once(child, 'exit').then(([code]: unknown[]) => {
    throw new Error(`The server on the restored database ended with ${String(code)}: ${printed.trim()}`);
  });
  ended.catch(() => undefined);
  return Promise.race([ready, ended]);
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = once(child, 'exit');
  child.kill('SIGTERM');
  const timer = setTimeout(() => child.kill('SIGKILL'), stopMs);
  await exited;
  clearTimeout(timer);
}
