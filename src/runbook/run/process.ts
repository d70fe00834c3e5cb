/** Runs the script of a step in a process group of its own, and ends all of the group when its time is over. */

import { type ChildProcess, spawn } from 'node:child_process';
import { statSync } from 'node:fs';
import type { Readable, Writable } from 'node:stream';
import { StringDecoder } from 'node:string_decoder';
import { setTimeout as sleep } from 'node:timers/promises';
import { type ProcessIdentity, endGroup, identityOf, signalGroup } from '../../system/process.ts';

export interface Script {
  readonly text: string;
  /** Absolute. */
  readonly cwd: string;
  readonly environment: Readonly<Record<string, string>>;
  readonly timeoutMs: number;
  /** Ends it early. */
  readonly signal: AbortSignal;
  /** Called before the first line of the script runs; what it throws keeps the script from running. */
  onSpawn(leader: ProcessIdentity): void;
  onOutput(stream: Stream, text: string): void;
}

export type Stream = 'stdout' | 'stderr';

export interface Ended {
  /** null: a signal ended it. */
  readonly exit: number | null;
  readonly signal: NodeJS.Signals | null;
  /** Why it was stopped; undefined: it ended by itself. */
  readonly stopped: 'timeout' | 'interrupt' | undefined;
  /** What it wrote, up to the limit. */
  readonly stdout: string;
  readonly stderr: string;
  /** It wrote more than is kept. */
  readonly cut: boolean;
}

/** It could not be started. */
export class NotStarted extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'NotStarted';
  }
}

/** Of each stream; no expectation is about more, and it is held in memory. */
export const mostOutput = 10 * 1024 * 1024;

/** From TERM to KILL: what kubectl and systemd ask of programs is between ten and ninety seconds, and an operator waits for it. */
export const defaultGraceMs = 10_000;

/** A program that was left in the background may hold the output of a step that has ended; its last words have this long. */
const lastWordsMs = 500;

/**
 * Waits until it is told to go, so that nothing of the script runs before its process is in the journal: when the runner dies before that, the
 * pipe ends and so does the shell. Then it becomes the shell of the script.
 */
const gate = 'read -r -u 3 || exit 125; exec 3<&-; exec bash --noprofile --norc -euo pipefail -c "$1" bash';

/** @throws NotStarted */
export async function runScript(script: Script, graceMs = defaultGraceMs): Promise<Ended> {
  const { child, leader } = await start(script);
  const outputs = { stdout: collect('stdout', child.stdout, script), stderr: collect('stderr', child.stderr, script) };
  const ended = new Promise<{ exit: number | null; signal: NodeJS.Signals | null }>((resolve) =>
    child.once('exit', (exit, signal) => resolve({ exit, signal })),
  );
  const closed = new Promise<void>((resolve) => child.once('close', () => resolve()));
  const guard = guardTime(script, leader, graceMs);
  try {
    script.onSpawn(leader);
    open(child);
  } catch (error) {
    signalGroup(leader.pid, 'SIGKILL');
    throw error;
  }
  const how = await ended;
  const stopped = guard.end();
  await Promise.race([closed, sleep(lastWordsMs, undefined, { ref: false })]);
  child.stdout?.destroy();
  child.stderr?.destroy();
  // Whoever was stopped leaves nothing behind; whoever ended well may have started something on purpose.
  if (stopped !== undefined) await endGroup(leader, graceMs);
  const [stdout, stderr] = [outputs.stdout.end(), outputs.stderr.end()];
  return { ...how, stopped, stdout: stdout.text, stderr: stderr.text, cut: stdout.cut || stderr.cut };
}

async function start({ text, cwd, environment }: Script): Promise<{ child: ChildProcess; leader: ProcessIdentity }> {
  // Otherwise the system would say that there is no bash.
  if (statSync(cwd, { throwIfNoEntry: false })?.isDirectory() !== true) throw new NotStarted(`there is no folder ${cwd} to run it in`);
  const words = ['--noprofile', '--norc', '-c', gate, 'bash', text];
  const child = spawn('bash', words, { cwd, env: environment, detached: true, stdio: ['ignore', 'pipe', 'pipe', 'pipe'] });
  await new Promise<void>((resolve, reject) => {
    child.once('spawn', resolve);
    child.once('error', (error: NodeJS.ErrnoException) =>
      reject(new NotStarted(error.code === 'ENOENT' ? 'there is no bash on PATH' : `bash cannot be started: ${error.message}`)),
    );
  });
  // It waits at the gate, so it is there.
  const leader = identityOf(child.pid ?? 0);
  if (leader === undefined) throw new NotStarted('bash ended before the script began');
  return { child, leader };
}

function open(child: ChildProcess): void {
  const pipe = child.stdio[3] as Writable;
  // A shell that is gone already says so by its exit.
  pipe.on('error', () => undefined);
  pipe.end('\n');
}

function collect(name: Stream, stream: Readable | null, { onOutput }: Script): { end(): { text: string; cut: boolean } } {
  const decoder = new StringDecoder('utf8');
  let text = '';
  let cut = false;
  const take = (piece: string): void => {
    if (piece === '') return;
    onOutput(name, piece);
    const room = mostOutput - text.length;
    cut ||= piece.length > room;
    if (room > 0) text += piece.slice(0, room);
  };
  stream?.on('data', (chunk: Buffer) => take(decoder.write(chunk)));
  // Its reader is this process; it ends when the stream does.
  stream?.on('error', () => undefined);
  return {
    end() {
      take(decoder.end());
      return { text, cut };
    },
  };
}

/** Stops the group when its time is over or the operator says so. */
function guardTime({ timeoutMs, signal }: Script, leader: ProcessIdentity, graceMs: number): { end(): Ended['stopped'] } {
  let stopped: Ended['stopped'];
  const stop = (why: 'timeout' | 'interrupt'): void => {
    if (stopped !== undefined) return;
    stopped = why;
    void endGroup(leader, graceMs);
  };
  const interrupt = (): void => stop('interrupt');
  const timer = setTimeout(() => stop('timeout'), timeoutMs);
  if (signal.aborted) interrupt();
  signal.addEventListener('abort', interrupt);
  return {
    end() {
      clearTimeout(timer);
      signal.removeEventListener('abort', interrupt);
      return stopped;
    },
  };
}
