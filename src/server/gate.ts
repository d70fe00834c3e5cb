/** How much is worked on at once, in all and for one credential, and who is told to come back instead of waiting for ever. */

import type { Settings } from '../platform/config/settings.ts';
import { overloaded } from '../platform/problem.ts';
import { createTurnstile } from '../platform/turnstile.ts';
import type { Exchange } from './exchange.ts';
import { watchLag } from './lag.ts';

export interface Gate {
  /**
   * Resolves when the work may begin; the place is free again when the answer is over. What is essential has places of its own.
   * @throws Problem `overloaded`
   */
  enter(exchange: Exchange, credential: string, essential: boolean): Promise<void>;
  close(): void;
}

/** Places for claims beside the others: they are short, so a quarter serves more of them than all the rest. */
const essentialShare = 0.25;

export function createGate(settings: Pick<Settings, 'maxRequests' | 'maxRequestsPerCredential' | 'maxLagMs' | 'poolTimeoutMs'>): Gate {
  const { maxRequests, maxRequestsPerCredential, poolTimeoutMs } = settings;
  // As many wait as are worked on, and as long as for a connection: whoever waits longer has given up by then.
  const options = { queue: maxRequests, wait_ms: poolTimeoutMs, refusal: tooBusy };
  const ordinary = createTurnstile({ ...options, places: maxRequests });
  const essentials = createTurnstile({ ...options, places: Math.ceil(maxRequests * essentialShare) });
  const byCredential = new Map<string, number>();
  const stopWatching = watchLag(settings.maxLagMs, (lagging) => (ordinary.closed = lagging));
  const count = (credential: string, change: number) => {
    const left = (byCredential.get(credential) ?? 0) + change;
    if (left === 0) byCredential.delete(credential);
    else byCredential.set(credential, left);
  };

  return {
    async enter({ outgoing, signal }, credential, essential) {
      const turnstile = essential ? essentials : ordinary;
      const blocked = () => !essential && (byCredential.get(credential) ?? 0) >= maxRequestsPerCredential;
      const turn = turnstile.enter(signal, blocked);
      if (turn !== undefined) await turn;
      if (!essential) count(credential, 1);
      const leave = () => {
        if (!essential) count(credential, -1);
        turnstile.leave();
      };
      // The client may have gone while this waited; then nothing tells of the end any more.
      if (outgoing.destroyed || outgoing.writableFinished) leave();
      else outgoing.on('close', leave);
    },
    close: stopWatching,
  };
}

function tooBusy() {
  return overloaded({
    message: 'The server has more to do than it can take on.',
    next: 'Wait a second, then try again; wait longer each time it is refused.',
  });
}
