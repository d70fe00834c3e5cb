/** What became of every request, and whether that is what was promised. Pure. */

import type { Sample, StreamEnd } from './load.ts';

/** Something was killed, in milliseconds since the beginning of the load. */
export interface Kill {
  readonly what: 'replica' | 'supervisor' | 'proxy' | 'database' | 'database dropped' | 'tasks deleted' | 'supervisor and proxy';
  readonly at: number;
  /** When everything was as before again. */
  readonly until: number;
}

/**
 * `ok`. `injected`: a bad version of the rehearsal failed it on purpose. `interrupted`: it was in flight on a process when that was killed. `down`: the
 * whole proxy or database was away. `failed`: none of these, so it should not have been.
 */
export type Fate = 'ok' | 'injected' | 'interrupted' | 'down' | 'failed';

/** Between the kill as we note it, before the signal, and the moment at which the process is gone. */
const slackMs = 250;

/** What takes everything with it while it is away. */
const total: ReadonlySet<Kill['what']> = new Set(['proxy', 'supervisor and proxy', 'database', 'database dropped', 'tasks deleted']);

export function fateOf(sample: Sample, kills: readonly Kill[]): Fate {
  if (sample.ok) return 'ok';
  if (wasInjected(sample.why)) return 'injected';
  const [from, to] = [sample.at, sample.at + sample.ms];
  if (kills.some(({ at }) => from <= at + slackMs && to >= at && from > at - slackMs - sample.ms)) return 'interrupted';
  if (kills.some(({ what, at, until }) => total.has(what) && from <= until && to >= at)) return 'down';
  return 'failed';
}

function wasInjected(why: string | null): boolean {
  return why?.includes('rehearsal_fault') === true;
}

/** Whether an event stream ended as it should: between two events, because what carried it was killed, or on purpose. */
export function isStreamFine({ how, why, at }: StreamEnd, kills: readonly Kill[]): boolean {
  return how === 'whole' || wasInjected(why) || kills.some((kill) => at >= kill.at && at <= kill.until + slackMs);
}

export interface Promised {
  readonly promise: string;
  readonly measured: string;
  readonly kept: boolean;
}

export interface Losses {
  readonly kill: Kill;
  readonly interrupted: number;
  readonly down: number;
}

/** Of each kill, what it cost. */
export function lossesOf(samples: readonly Sample[], kills: readonly Kill[]): Losses[] {
  return kills.map((kill) => {
    const fates = samples.map((sample) => fateOf(sample, [kill]));
    return {
      kill,
      interrupted: fates.filter((fate) => fate === 'interrupted').length,
      down: fates.filter((fate) => fate === 'down').length,
    };
  });
}
