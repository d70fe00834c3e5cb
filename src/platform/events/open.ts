/** Tells listeners in this replica what any replica committed: wake-ups are hints, the outbox is the truth. */

import type { Database } from '../database/types.ts';
import type { Log } from '../telemetry/log.ts';
import { type OutboxPosition, type Snapshot, currentSnapshot, insertEvents, isBefore, readEvents, startOf } from './outbox.ts';
import type { Events, WorkspaceEvent } from './types.ts';

const channel = 'quarterdeck_events';

/** At most one NOTIFY per replica in this time: a burst of commits wakes the others once. */
const wakeIntervalMs = 20;

/** A wake-up can be lost while a connection is remade, so each replica also looks by itself. */
const pollMs = 1_000;

/** Rows per read; more are read at once while there are more. */
const batch = 500;

interface Subscription {
  workspace_id: string;
  user_id: string;
  /** What it was not to be told of any more. */
  since: Snapshot;
  listener: (event: WorkspaceEvent) => void;
}

export interface EventsOptions {
  database: Database;
  log: Log;
}

export async function openEvents({ database, log }: EventsOptions): Promise<Events> {
  const subscriptions = new Set<Subscription>();
  let position: OutboxPosition | undefined;
  let reading: Promise<void> | undefined;
  let again = false;
  let closed = false;
  let wakeTimer: NodeJS.Timeout | undefined;

  /** Reads everything new and hands it out; calls during a read make it look once more afterwards. */
  function look(): Promise<void> {
    again = true;
    reading ??= drain().finally(() => {
      reading = undefined;
    });
    return reading;
  }

  async function drain(): Promise<void> {
    while (again && !closed) {
      again = false;
      try {
        await readOn();
      } catch (error) {
        log.warn({ err: error }, 'events could not be read; trying again within a second');
        return;
      }
    }
  }

  async function readOn(): Promise<void> {
    // With nobody listening there is nothing to tell: start from the present when somebody comes.
    if (subscriptions.size === 0) {
      position = undefined;
      return;
    }
    for (let full = true; full && !closed;) {
      const events = await database.transaction('system', { mode: 'read' }, async (scope) => {
        position ??= startOf(await currentSnapshot(scope));
        return readEvents(scope, position, batch);
      });
      for (const event of events) deliver(event);
      position = events.at(-1) ?? position;
      full = events.length === batch;
    }
  }

  function deliver(event: WorkspaceEvent & OutboxPosition): void {
    for (const subscription of subscriptions) {
      if (subscription.workspace_id !== event.workspace_id) continue;
      if (event.owner_id !== null && event.owner_id !== subscription.user_id) continue;
      if (isBefore(event, subscription.since)) continue;
      try {
        subscription.listener(event);
      } catch (error) {
        log.error({ err: error, type: event.type }, 'a listener failed on an event');
      }
    }
  }

  const stopListening = await database.listen(channel, () => void look());
  const poll = setInterval(() => void look(), pollMs);
  poll.unref();

  return {
    write: insertEvents,
    wake() {
      if (wakeTimer !== undefined || closed) return;
      wakeTimer = setTimeout(() => {
        wakeTimer = undefined;
        database
          .notify(channel)
          .catch((error: unknown) => log.debug({ err: error }, 'a wake-up was not sent; the poll will find the events'));
      }, wakeIntervalMs);
    },
    async subscribe(viewer, listener) {
      // The present has to be fixed before the first event, or a change right after this call would be missed.
      const since = await database.transaction('system', { mode: 'read' }, currentSnapshot);
      const subscription = { workspace_id: viewer.workspace_id, user_id: viewer.user_id, since, listener };
      position ??= startOf(since);
      subscriptions.add(subscription);
      return () => void subscriptions.delete(subscription);
    },
    get subscribers() {
      return subscriptions.size;
    },
    async close() {
      closed = true;
      clearInterval(poll);
      clearTimeout(wakeTimer);
      subscriptions.clear();
      await stopListening();
      await reading;
    },
  };
}
