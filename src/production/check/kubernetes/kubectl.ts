/** Asks a cluster through kubectl, which knows how to sign in to it. */

import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { reasonOf } from '../../reason.ts';

export interface Cluster {
  /** Never the current one: that is whatever somebody used last. */
  readonly context: string;
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
  /** Default: what `kubectl` is on the path. */
  readonly program?: string;
}

export type Reply = { readonly json: unknown } | { readonly why: string };

/** The list of all pods of a large cluster. */
const mostBytes = 512 * 1024 * 1024;

/** For kubectl to start and sign in, which may run a program of the cloud. */
const signInMs = 10_000;

/** `json` is null for a thing that is not there. */
export async function kubectl({ context, timeoutMs, signal, program = 'kubectl' }: Cluster, words: readonly string[]): Promise<Reply> {
  const limits = ['--context', context, '--request-timeout', `${Math.ceil(timeoutMs / 1_000)}s`];
  try {
    const options = { signal, timeout: timeoutMs + signInMs, maxBuffer: mostBytes };
    const { stdout } = await promisify(execFile)(program, [...limits, ...words, '-o', 'json'], options);
    return { json: stdout.trim() === '' ? null : (JSON.parse(stdout) as unknown) };
  } catch (error) {
    signal.throwIfAborted();
    return { why: whyOf(error, program, timeoutMs) };
  }
}

function whyOf(error: unknown, program: string, timeoutMs: number): string {
  const { code, killed, stderr = '' } = error as { code?: unknown; killed?: boolean; stderr?: string };
  if (code === 'ENOENT') return `there is no ${program} on the path`;
  if (killed === true) return `no answer within ${timeoutMs} ms`;
  // Above it, kubectl logs each of its attempts.
  const last = stderr.trim().split('\n').at(-1) ?? '';
  return last === '' ? reasonOf(error) : last.replace(/^error: /, '');
}
