/** What happened in a release, read back from its log of events. */

import { join } from 'node:path';
import { tailOf } from './logs.ts';
import { eventsFile } from './names.ts';

export interface PastEvent {
  /** RFC 3339. */
  readonly at: string;
  readonly event: string;
  readonly [detail: string]: unknown;
}

/** Some five thousand events: days of a quiet release, and an hour of one whose replicas all end every few seconds. */
const tailBytes = 1024 * 1024;

/** The last events, the oldest first; none when nothing was ever started there. */
export function readHistory(folder: string): PastEvent[] {
  const lines = tailOf(join(folder, eventsFile), tailBytes).split('\n');
  return lines.flatMap((line) => parse(line) ?? []);
}

/** undefined: half a line, at the beginning of the tail or where the machine went down. */
function parse(line: string): PastEvent | undefined {
  try {
    const value: unknown = JSON.parse(line);
    return typeof value === 'object' && value !== null && 'at' in value && 'event' in value ? (value as PastEvent) : undefined;
  } catch {
    return undefined;
  }
}

/** When this version began to get the requests that it gets now; undefined: before what the log still tells. */
export function servingSince(history: readonly PastEvent[], version: string): Date | undefined {
  let since: Date | undefined;
  for (const { event, at, shares } of history) {
    if (event !== 'switched' || typeof shares !== 'object' || shares === null) continue;
    const share = (shares as Readonly<Record<string, unknown>>)[version];
    if (typeof share !== 'number' || share === 0) since = undefined;
    else since ??= new Date(at);
  }
  // Its beginning may have been cut off: then the first event that is left says nothing.
  const [first] = history;
  return since !== undefined && first !== undefined && new Date(first.at) < since ? since : undefined;
}

/** Replicas that ended by themselves since then, the last one last. */
export function endsSince(history: readonly PastEvent[], since: Date): { replica: string; how: string; at: string }[] {
  return history
    .filter(({ event, at }) => event === 'replica ended' && new Date(at) >= since)
    .map(({ replica, how, at }) => ({ replica: String(replica), how: String(how), at }));
}
