/** Remembers when each key was last used, and writes all of them once a minute. */

import type { Database } from '../database/types.ts';
import type { Log } from '../telemetry/log.ts';
import { updateLastUse } from './key-store.ts';

/** A minute is as fine as anybody looks at "last used", and makes it one write instead of one a call. */
const flushEveryMs = 60_000;

export interface LastUse {
  touch(key: { workspace_id: string; id: string }): void;
  /** Writes what is left and stops the timer. */
  close(): Promise<void>;
}

export function createLastUse(database: Database, log: Log): LastUse {
  let used = new Map<string, { workspace_id: string; id: string; at: Date }>();
  let flushing: Promise<void> = Promise.resolve();

  async function write(): Promise<void> {
    if (used.size === 0) return;
    // Sorted, so that two replicas which write the same keys do not lock them in opposite orders.
    const uses = [...used.values()].sort((a, b) => (a.id < b.id ? -1 : 1));
    used = new Map();
    // It is only information: what cannot be written is not worth failing or keeping for.
    await updateLastUse(database, uses).catch((error: unknown) => log.warn({ err: error }, 'the last use of keys was not written'));
  }

  function flush(): Promise<void> {
    flushing = flushing.then(write);
    return flushing;
  }

  const timer = setInterval(() => void flush(), flushEveryMs);
  timer.unref();

  return {
    touch({ workspace_id, id }) {
      used.set(id, { workspace_id, id, at: new Date() });
    },
    async close() {
      clearInterval(timer);
      await flush();
    },
  };
}
