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

type Notification = Parameters<ServerContext['mcpReq']['notify']>[0];

/** `asMessages`: the client of 2025 wants log messages, and reads them under this name. */
export function progressTeller({ mcpReq }: ServerContext, log: Log, asMessages?: string): ProgressTeller {
  const progressToken = mcpReq._meta?.progressToken;
  if (progressToken === undefined && asMessages === undefined) return { tell: undefined, sent: () => Promise.resolve() };
  let sent = Promise.resolve();
  let [lastDone, lastAt] = [Number.NEGATIVE_INFINITY, Number.NEGATIVE_INFINITY];
  const notify = (notification: Notification) => {
    sent = sent
      .then(() => mcpReq.notify(notification))
      .catch((error: unknown) => log.debug({ err: error }, 'progress was not told: the client is gone'));
  };
  return {
    tell: (progress) => {
      const { done, total, message } = progress;
      // The specification wants it to grow; and the last step is told in any case.
      if (done <= lastDone || (performance.now() - lastAt < minGapMs && done !== total)) return;
      [lastDone, lastAt] = [done, performance.now()];
      if (asMessages !== undefined)
        notify({ method: 'notifications/message', params: { level: 'info', logger: asMessages, data: describe(progress) } });
      if (progressToken === undefined) return;
      const params = {
        progressToken,
        progress: done,
        ...(total === undefined ? {} : { total }),
        ...(message === undefined ? {} : { message }),
      };
      notify({ method: 'notifications/progress', params });
    },
    sent: () => sent,
  };
}

export function describe({ done, total, message }: Progress): string {
  return message ?? (total === undefined ? String(done) : `${done} of ${total}`);
}
