/** Starts the programs that a measurement consists of, and ends them. */

import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import type { Load, Measured } from './load.ts';

export interface Server {
  url: string;
  /** An API key, where there is somebody to sign in. */
  key: string;
  child: ChildProcess;
  /** Memory held by the process, in MB. */
  memory(): Promise<number>;
  /** Processor time since it started, in milliseconds. */
  stop(): Promise<void>;
}

export async function startServer(name: 'echo' | 'sdk' | 'quarterdeck', environment: Record<string, string> = {}): Promise<Server> {
  const child = fork(join(import.meta.dirname, 'servers', `${name}.ts`), {
    env: { ...process.env, NODE_ENV: 'production', QUARTERDECK_RATE_LIMIT: 'off', LOG_LEVEL: 'warn', ...environment },
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  });
  const [ready] = (await Promise.race([
    once(child, 'message'),
    once(child, 'exit').then(() => Promise.reject(new Error(`the ${name} server did not start`))),
  ])) as [{ url: string; key?: string }];
  return {
    url: ready.url,
    key: ready.key ?? '',
    child,
    async memory() {
      child.send('memory');
      const [{ rss }] = (await once(child, 'message')) as [{ rss: number }];
      return rss / 1_048_576;
    },
    async stop() {
      if (child.exitCode !== null) return;
      const gone = once(child, 'exit');
      if (name === 'quarterdeck') child.send('stop');
      else child.kill();
      await gone;
    },
  };
}

/** Runs the load in a process of its own. @throws Error when an answer is not the expected one: a fast wrong answer is no result */
export async function runLoad(load: Load): Promise<Measured> {
  const child = fork(join(import.meta.dirname, 'load.ts'), { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
  child.send(load);
  const [measured] = (await once(child, 'message')) as [Measured];
  if (measured.bad > 0) throw new Error(`${measured.bad} of ${measured.answers} answers were wrong, the first: ${measured.firstBad}`);
  return measured;
}
