/** Keeps the logs of a release from filling the disk, and shows the end of them. */

import { closeSync, copyFileSync, fstatSync, openSync, readSync, readdirSync, statSync, truncateSync } from 'node:fs';
import { join } from 'node:path';
import { logFolder, proxyLog, supervisorLog } from './names.ts';
import { readState } from './state.ts';

/** With the one before it, 40 MB a replica: about a day of a line for each request at 200 bytes and one request a second. */
const mostBytes = 20 * 1024 * 1024;

/** As `copytruncate` of logrotate does: the process keeps the file open, so it cannot be moved away under it. */
export function trimLogs(folder: string): void {
  for (const name of readdirSync(folder)) {
    const path = join(folder, name);
    if (!name.endsWith('.log') || statSync(path).size <= mostBytes) continue;
    copyFileSync(path, `${path}.1`);
    truncateSync(path);
  }
}

const tailBytes = 4_096;

/** The last lines of a log, without the values of `secrets`. Empty when there is no log. */
export function lastLines(path: string, count: number, secrets: readonly string[]): string {
  return withoutSecrets(tailOf(path, tailBytes).trimEnd().split('\n').slice(-count).join('\n'), secrets);
}

function withoutSecrets(text: string, secrets: readonly string[]): string {
  return secrets.filter(({ length }) => length >= leastSecret).reduce((left, secret) => left.replaceAll(secret, '[redacted]'), text);
}

export interface LogEnd {
  /** A replica, `supervisor` or `proxy`. */
  readonly of: string;
  /** null: of all versions. */
  readonly version: string | null;
  readonly file: string;
  readonly lines: readonly string[];
}

export interface LogWishes {
  /** From each. */
  readonly count: number;
  /** Only lines in which this is found. */
  readonly match: RegExp | undefined;
}

/** How far back lines are looked for: a minute of a busy replica. */
const searchedBytes = 4 * 1024 * 1024;

/**
 * The ends of the logs of all replicas that are or should be there, of the proxy and of the supervisor, without the values of their
 * environment. Nobody has to run.
 */
export function readLogs(folder: string, { count, match }: LogWishes): LogEnd[] {
  const state = readState(folder);
  if (state === undefined) throw new Error(`Nothing was released in ${folder}. Choose another folder with --state.`);
  const secrets = state.desired.slots.flatMap(({ spec }) => Object.values(spec.environment));
  const endOf = (of: string, version: string | null, file: string): LogEnd => {
    const lines = withoutSecrets(tailOf(file, searchedBytes), secrets).trimEnd().split('\n');
    return { of, version, file, lines: lines.filter((line) => line !== '' && (match === undefined || match.test(line))).slice(-count) };
  };
  return [
    ...state.places.map(({ id, version }) => endOf(id, version, join(folder, logFolder, `${id}.log`))),
    endOf('proxy', null, join(folder, proxyLog)),
    endOf('supervisor', null, join(folder, supervisorLog)),
  ];
}

/** A shorter value, such as `1` or `on`, would take words out of every line and is no secret. */
const leastSecret = 8;

/** The end of a file; empty when there is none. */
export function tailOf(path: string, bytes: number): string {
  let file: number;
  try {
    file = openSync(path, 'r');
  } catch {
    return '';
  }
  try {
    const { size } = fstatSync(file);
    const buffer = Buffer.alloc(Math.min(size, bytes));
    readSync(file, buffer, 0, buffer.length, size - buffer.length);
    return buffer.toString('utf8');
  } finally {
    closeSync(file);
  }
}
