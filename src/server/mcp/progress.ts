/** Progress of a call, as notifications on the stream of its own request. */

import type { ServerContext } from '@modelcontextprotocol/server';
import type { Progress } from '../../operations/types.ts';
import type { Log } from '../../platform/telemetry/log.ts';

/** Shortest time between two notifications: no person reads faster, and a busy loop must not flood the stream. */
const minGapMs = 50;

export interface ProgressTeller {
  /** Undefined when the client did not ask. */
  tell: ((progress: Progress) => void) | undefined;
  /** Resolves when all that was told is on its way, so that the result does not overtake it. */
  sent(): Promise<void>;
}

export function progressTeller({ mcpReq }: ServerContext, log: Log): ProgressTeller {
  const progressToken = mcpReq._meta?.progressToken;
  if (progressToken === undefined) return { tell: undefined, sent: () => Promise.resolve() };
  let sent = Promise.resolve();
  let [lastDone, lastAt] = [Number.NEGATIVE_INFINITY, Number.NEGATIVE_INFINITY];
  return {
    tell: ({ done, total, message }) => {
      // The specification wants it to grow; and the last step is told in any case.
      if (done <= lastDone || (performance.now() - lastAt < minGapMs && done !== total)) return;
      [lastDone, lastAt] = [done, performance.now()];
      const params = {
        progressToken,
        progress: done,
        ...(total === undefined ? {} : { total }),
        ...(message === undefined ? {} : { message }),
      };
      sent = sent
        .then(() => mcpReq.notify({ method: 'notifications/progress', params }))
        .catch((error: unknown) => log.debug({ err: error }, 'progress was not told: the client is gone'));
    },
    sent: () => sent,
  };
}
