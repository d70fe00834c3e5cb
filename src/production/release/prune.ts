/** The logs of replicas that are gone: each release leaves some, and nobody else removes them. */

import { readdirSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { logFolder } from './names.ts';
import { readState } from './state.ts';

export interface OldLog {
  readonly file: string;
  readonly bytes: number;
}

/** A replica that is being started writes before anybody looks: what was written to just now is nobody's old log. */
const youngestMs = 60_000;

/** @throws Error when nothing was released there */
export function findOldLogs(folder: string, now: number): OldLog[] {
  const state = readState(folder);
  if (state === undefined) throw new Error(`Nothing was released in ${folder}. Choose another folder with --state.`);
  const kept = new Set(state.places.map(({ id }) => id));
  const logs = join(folder, logFolder);
  return readdirSync(logs)
    .filter((name) => logName.test(name) && !kept.has(name.replace(logName, '')))
    .map((name) => {
      const { size, mtimeMs } = statSync(join(logs, name));
      return { file: join(logs, name), bytes: size, mtimeMs };
    })
    .filter(({ mtimeMs }) => now - mtimeMs > youngestMs)
    .map(({ file, bytes }) => ({ file, bytes }));
}

/** The current one, or the part before it. */
const logName = /\.log(\.1)?$/;

export function removeLogs(logs: readonly OldLog[]): void {
  for (const { file } of logs) rmSync(file, { force: true });
}
