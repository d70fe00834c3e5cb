/** Runs commands of this program as whoever types them does: a process each, nothing shared but what is on disk. */

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import type { Account } from './cluster.ts';

export interface Ran {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface Program {
  /** The words with which a shell starts it. */
  readonly words: readonly string[];
  run(words: readonly string[], input?: string): Promise<Ran>;
  /** The object that it prints with `--json`. @throws Error with what it said when it fails */
  json<Result>(words: readonly string[], input?: string): Promise<Result>;
}

/** `entry` is the file that starts this program. Every command gets `environment` and nothing else, and runs as `account`. */
export function createProgram(
  entry: string,
  environment: NodeJS.ProcessEnv,
  cwd: string,
  signal: AbortSignal,
  account: Account = {},
): Program {
  const words = [process.execPath, ...process.execArgv, entry];
  const run: Program['run'] = async (more, input = '') => {
    const [command = '', ...rest] = [...words, ...more];
    // A command that is told to stop tidies up by itself.
    const child = spawn(command, rest, {
      ...account,
      cwd,
      env: environment,
      stdio: ['pipe', 'pipe', 'pipe'],
      signal,
      killSignal: 'SIGTERM',
    });
    child.on('error', () => undefined);
    child.stdin.on('error', () => undefined);
    child.stdin.end(input);
    const [stdout, stderr] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'close')]);
    signal.throwIfAborted();
    return { code: child.exitCode, stdout, stderr };
  };
  return {
    words,
    run,
    async json<Result>(more: readonly string[], input?: string): Promise<Result> {
      const { code, stdout, stderr } = await run([...more, '--json'], input);
      if (code !== 0) throw new Error(`quarterdeck ${more.slice(0, 3).join(' ')} ended with ${code}: ${stderr.trim()}`);
      return JSON.parse(stdout.trim().split('\n').at(-1) ?? '') as Result;
    },
  };
}
