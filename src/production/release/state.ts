/** What a release remembers on disk, so that a supervisor that is started again finds its replicas. */

import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { writeDurably } from '../../system/durable.ts';
import { desiredSchema, nothing } from './desired.ts';
import { stateFile } from './names.ts';

const place = z.strictObject({
  id: z.string(),
  slot: z.enum(['blue', 'green']),
  version: z.string(),
  port: z.number(),
  /** null: it waits to be started again. */
  process: z.strictObject({ pid: z.number(), started: z.string(), boot: z.string() }).nullable(),
  restarts: z.number(),
  /** On its way out: it gets no requests, and is not started again. */
  leaving: z.boolean(),
});
/** A replica's place: it outlives the processes that fill it. */
export type Place = z.output<typeof place>;

const stateSchema = z.strictObject({
  schema: z.literal(1),
  listen: z.strictObject({ host: z.string(), port: z.number() }),
  desired: desiredSchema,
  /** A change under way, and what to go back to when it is not finished. */
  change: z.strictObject({ what: z.string(), since: z.string(), before: desiredSchema }).nullable(),
  places: z.array(place),
});
export type State = z.output<typeof stateSchema>;

export function newState(listen: State['listen']): State {
  return { schema: 1, listen, desired: nothing, change: null, places: [] };
}

/** undefined: nothing was ever started in this folder. @throws Error when the file cannot be understood */
export function readState(folder: string): State | undefined {
  const path = join(folder, stateFile);
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw error;
  }
  try {
    return stateSchema.parse(JSON.parse(text));
  } catch {
    throw new Error(
      `${path} is not the state of a release that this version can read. Choose another folder with --state, or the version that wrote it.`,
    );
  }
}

/** On disk when it returns. The file holds the environment of replicas, so only its owner may read it. */
export function writeState(folder: string, state: State): void {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  writeDurably(join(folder, stateFile), JSON.stringify(state));
}
