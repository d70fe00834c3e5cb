/** LISTEN on a connection of its own, made again for as long as it takes when it breaks. */

import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import type { Log } from '../telemetry/log.ts';

/** Back-off between attempts to connect: soon at first, because most breaks are short, and never rarer than every 5 s. */
const firstRetryMs = 100;
const slowestRetryMs = 5_000;

export interface Notifications {
  listen(channel: string, listener: () => void): Promise<() => Promise<void>>;
  close(): Promise<void>;
}

/** Nothing is connected before the first `listen`. */
export function createNotifications(config: pg.ClientConfig, log: Log): Notifications {
  const listeners = new Map<string, Set<() => void>>();
  const stopping = new AbortController();
  let client: pg.Client | undefined;
  let running: Promise<void> | undefined;
  const firstAttempt = Promise.withResolvers<void>();

  async function keepConnected(): Promise<void> {
    for (let retryMs = firstRetryMs; !stopping.signal.aborted; retryMs = Math.min(retryMs * 2, slowestRetryMs)) {
      try {
        await listenUntilBroken(() => {
          retryMs = firstRetryMs;
          firstAttempt.resolve();
        });
      } catch (error) {
        log.warn({ err: error, retry_ms: retryMs }, 'the connection for notifications broke; connecting again');
      }
      firstAttempt.resolve();
      await sleep(retryMs, undefined, { signal: stopping.signal }).catch(() => undefined);
    }
  }

  /** Resolves when we close it, rejects when it breaks. */
  async function listenUntilBroken(onConnected: () => void): Promise<void> {
    const connection = new pg.Client(config);
    const ended = Promise.withResolvers<void>();
    connection.on('error', ended.reject);
    connection.on('end', () => (stopping.signal.aborted ? ended.resolve() : ended.reject(new Error('the server closed the connection'))));
    connection.on('notification', ({ channel }) => call(listeners.get(channel)));
    ended.promise.catch(() => undefined);
    try {
      await connection.connect();
      for (const channel of listeners.keys()) await connection.query(`listen ${pg.escapeIdentifier(channel)}`);
      client = connection;
      onConnected();
      // What was told while nobody listened is lost, so everybody looks for themselves.
      for (const each of listeners.values()) call(each);
      await ended.promise;
    } finally {
      client = undefined;
      await connection.end().catch(() => undefined);
    }
  }

  function call(some: Set<() => void> | undefined): void {
    for (const listener of some ?? []) listener();
  }

  return {
    async listen(channel, listener) {
      const existing = listeners.get(channel);
      const all = existing ?? new Set();
      listeners.set(channel, all.add(listener));
      running ??= keepConnected();
      await firstAttempt.promise;
      // A new channel on a connection that was there before; when it just broke, the next one listens to all.
      if (existing === undefined) await client?.query(`listen ${pg.escapeIdentifier(channel)}`).catch(() => undefined);
      return async () => void all.delete(listener);
    },
    async close() {
      stopping.abort();
      await client?.end().catch(() => undefined);
      await running;
    },
  };
}
