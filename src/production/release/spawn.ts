/** Starts processes that outlive the supervisor, and tells when they are over. */

import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, mkdirSync, openSync } from 'node:fs';
import { createServer } from 'node:net';
import { dirname } from 'node:path';
import type { Writable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { type ProcessIdentity, identityOf, isAlive } from '../../system/process.ts';

export interface Started {
  readonly identity: ProcessIdentity;
  /** Lets it begin. Until then nothing of the command runs, and it ends when this process dies. */
  begin(): void;
  /** `code 1` or `SIGKILL`. */
  readonly ended: Promise<string>;
}

/**
 * Waits until it is told to go, so that the process is on record before it does anything: a supervisor that dies in between leaves no
 * replica that nobody knows.
 */
const waitForGo = 'read -r _ <&3 || exit 125; exec 3<&-; exec bash --noprofile --norc -c "$1"';

/** How often a process that is not our child is looked at. */
const lookMs = 100;

export interface Command {
  /** For `bash -c`. */
  readonly command: string;
  readonly cwd: string;
  readonly environment: NodeJS.ProcessEnv;
  /** Where its output is appended. */
  readonly log: string;
}

/** In a group of its own. @throws Error when it cannot be started */
export async function startCommand({ command, cwd, environment, log }: Command): Promise<Started> {
  const child = await launch('bash', ['--noprofile', '--norc', '-c', waitForGo, 'bash', command], { cwd, environment, log, gate: 'pipe' });
  const identity = identityOf(child.pid ?? 0);
  const ended = endOf(child);
  if (identity === undefined) throw new Error(`bash ended at once: ${await ended}`);
  const pipe = child.stdio[3] as Writable;
  // A shell that is gone already says so by its exit.
  pipe.on('error', () => undefined);
  return { identity, ended, begin: () => void pipe.end('\n') };
}

interface Launch {
  cwd?: string | undefined;
  environment: NodeJS.ProcessEnv;
  log: string;
  /** Its descriptor 3. */
  gate: 'pipe' | 'ignore';
}

/** A process that does not end with this one, and writes to a file. @throws Error when it cannot be started */
export async function launch(program: string, words: readonly string[], { cwd, environment, log, gate }: Launch): Promise<ChildProcess> {
  mkdirSync(dirname(log), { recursive: true, mode: 0o700 });
  // Appended, so that the file can be cut while the process writes.
  const output = openSync(log, 'a', 0o600);
  try {
    const child = spawn(program, words, { cwd, env: environment, detached: true, stdio: ['ignore', output, output, gate] });
    await new Promise<void>((resolve, reject) => {
      child.once('spawn', resolve);
      child.once('error', reject);
    });
    child.unref();
    return child;
  } finally {
    closeSync(output);
  }
}

export function endOf(child: ChildProcess): Promise<string> {
  return new Promise((resolve) => child.once('exit', (code, signal) => resolve(signal ?? `code ${code}`)));
}

/** Of a process that somebody else started. */
export async function endOfStranger(identity: ProcessIdentity, signal: AbortSignal): Promise<string> {
  while (isAlive(identity)) await sleep(lookMs, undefined, { signal });
  return 'unknown: its supervisor had ended';
}

/** One that was free a moment ago; a replica that finds it taken ends, and is started on another. */
export function freePort(host: string): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, host, () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' && address !== null ? address.port : 0));
    });
  });
}
