/** Runs one command as a user does, in a process of its own, on the data of a place. */

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import type { Place } from './server.ts';

/** A command that hangs is killed before its test is given up, so that it does not outlive the run. */
const longestMs = 25_000;

export const program = fileURLToPath(new URL('../../bin/quarterdeck.mjs', import.meta.url));

export interface Ran {
  code: number | null;
  stdout: string;
  stderr: string;
}

export interface RunOptions {
  /** Standard input. Default: empty. */
  input?: string;
  environment?: Record<string, string>;
}

/** What a place needs in the environment, and nothing of the test run's own. */
export function environmentOf({ data, databaseUrl }: Pick<Place, 'data' | 'databaseUrl'>): Record<string, string> {
  return {
    PATH: process.env['PATH'] ?? '',
    HOME: data,
    QUARTERDECK_DATA: data,
    QUARTERDECK_PORT: '0',
    ...(databaseUrl === undefined ? {} : { DATABASE_URL: databaseUrl }),
  };
}

export async function quarterdeck(
  place: Pick<Place, 'data' | 'databaseUrl'>,
  words: readonly string[],
  { input = '', environment = {} }: RunOptions = {},
): Promise<Ran> {
  const child = spawn(process.execPath, [program, ...words], {
    cwd: place.data,
    env: { ...environmentOf(place), ...environment },
    stdio: ['pipe', 'pipe', 'pipe'],
    timeout: longestMs,
    killSignal: 'SIGKILL',
  });
  // A command that reads no input may be gone before it is written.
  child.stdin.on('error', () => undefined).end(input);
  const [stdout, stderr, [code]] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    once(child, 'exit') as Promise<[number | null]>,
  ]);
  return { code, stdout, stderr };
}

/** The JSON object that a command printed. @throws Error with all that it printed when it failed */
export async function ask<Result>(place: Place, words: readonly string[], options?: RunOptions): Promise<Result> {
  const ran = await quarterdeck(place, [...words, '--json'], options);
  if (ran.code !== 0) throw new Error(`quarterdeck ${words.join(' ')} ended with ${ran.code}: ${ran.stdout}${ran.stderr}`);
  return JSON.parse(ran.stdout) as Result;
}
