/** Counts how often a replica was started anew, from when its process says that it began, remembered between two calls. */

import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { writeDurably } from '../../system/durable.ts';

const memory = z.object({
  place: z.string(),
  /** Seconds since 1970. */
  started: z.number(),
  /** By the clock of the replica. */
  seen: z.number(),
  restarts: z.number(),
});

export type Memory = z.output<typeof memory>;

export interface Sighting {
  readonly place: string;
  readonly started: number;
  /** When it answered, by its own clock; 0: nobody knows, and every other start is a restart. */
  readonly seen: number;
}

/** Another process that ran already when this place was seen before: a restart is younger. */
export class AnotherProcess extends Error {
  constructor({ place, started }: Sighting, before: number) {
    super(
      `${place} leads to more than one process: one was started at ${shown(before)}, another at ${shown(started)}, and both run. ` +
        'It is a load balancer: name each replica with a --url of its own, or ask Prometheus.',
    );
    this.name = 'AnotherProcess';
  }
}

/** @throws AnotherProcess */
export function remember(before: Memory | undefined, sighting: Sighting): Memory {
  if (before === undefined) return { ...sighting, restarts: 0 };
  if (before.started === sighting.started) return { ...sighting, restarts: before.restarts };
  // Both are whole seconds of one clock, so a start in the second of the sighting counts as later.
  if (sighting.started < before.seen) throw new AnotherProcess(sighting, before.started);
  return { ...sighting, restarts: before.restarts + 1 };
}

/** Two calls at once may both write: they saw the same, so it does not matter who is last. @throws AnotherProcess, Error of the file system */
export function countRestarts(folder: string, sighting: Sighting): number {
  const path = join(folder, `${createHash('sha256').update(sighting.place).digest('hex').slice(0, 16)}.json`);
  const now = remember(read(path), sighting);
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  writeDurably(path, `${JSON.stringify(now)}\n`);
  return now.restarts;
}

/** A file that cannot be read counts as none: a count that begins anew is no growth. */
function read(path: string): Memory | undefined {
  try {
    return memory.safeParse(JSON.parse(readFileSync(path, 'utf8'))).data;
  } catch {
    return undefined;
  }
}

function shown(seconds: number): string {
  return new Date(seconds * 1_000).toISOString().slice(0, 19);
}
