/** Starts the programs that a measurement consists of, and ends them. */

import { type ChildProcess, fork, spawn } from 'node:child_process';
import { once } from 'node:events';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Load, Measured } from './load.ts';

const root = dirname(import.meta.dirname);

export interface Server {
  url: string;
  pid: number;
  stop(): Promise<void>;
}

const environment = { ...process.env, NODE_ENV: 'production' };

/** One of the programs in `servers`, which send their address. */
export async function startReference(name: 'echo' | 'sdk'): Promise<Server> {
  const child = fork(join(import.meta.dirname, 'servers', `${name}.ts`), {
    env: environment,
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  });
  const { url } = (await firstOf(child, once(child, 'message'))) as { url: string };
  return { url, pid: pidOf(child), stop: () => end(child) };
}

/** As the published package runs it. The limits of calls are off, and ordinary requests are not logged. */
export async function startQuarterdeck(variables: Record<string, string>): Promise<Server> {
  const child = spawn(process.execPath, [join(root, 'dist', 'cli', 'main.js'), 'start', '--json'], {
    env: { ...environment, QUARTERDECK_PORT: '0', QUARTERDECK_RATE_LIMIT: 'off', LOG_LEVEL: 'warn', ...variables },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const line = (await firstOf(child, once(createInterface({ input: child.stdout }), 'line'))) as string;
  return { url: (JSON.parse(line) as { url: string }).url, pid: pidOf(child), stop: () => end(child) };
}

/** @throws Error when the process ends before */
async function firstOf(child: ChildProcess, event: Promise<unknown[]>): Promise<unknown> {
  const ended = once(child, 'exit').then(() => Promise.reject(new Error(`${child.spawnargs.join(' ')} ended before it was ready`)));
  const [value] = await Promise.race([event, ended]);
  return value;
}

function pidOf({ pid }: ChildProcess): number {
  if (pid === undefined) throw new Error('the process could not be started');
  return pid;
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null) return;
  const gone = once(child, 'exit');
  child.kill();
  await gone;
}

/** Runs the load in a process of its own. @throws Error when an answer is not the expected one: a fast wrong answer is no result */
export async function runLoad(load: Load): Promise<Measured> {
  const child = fork(join(import.meta.dirname, 'load.ts'), { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
  child.send(load);
  const [measured] = (await once(child, 'message')) as [Measured];
  if (measured.bad > 0) throw new Error(`${measured.bad} of ${measured.answers} answers were wrong, the first: ${measured.firstBad}`);
  return measured;
}
