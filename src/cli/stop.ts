/** Waits for whoever runs the process to end it: once in order, twice at once. */

import { constants } from 'node:os';

export interface Stop {
  /** Aborted at the first signal. */
  readonly signal: AbortSignal;
  readonly requested: Promise<void>;
}

/** SIGHUP comes when the terminal is closed. */
const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/** The exit status of a process that a signal ended, as shells count it: https://pubs.opengroup.org/onlinepubs/9799919799/utilities/V3_chap02.html#tag_19_08_02 */
const signalled = 128;

/** Ctrl-C under `npm start` comes twice, from the terminal and passed on by npm; what comes this soon is the same wish. */
const sameWishMs = 500;

export function listenForStop(): Stop {
  const controller = new AbortController();
  const { promise, resolve } = Promise.withResolvers<void>();
  let first: number | undefined;
  for (const signal of signals)
    process.on(signal, () => {
      const now = performance.now();
      first ??= now;
      if (now - first > sameWishMs) process.exit(signalled + constants.signals[signal]);
      controller.abort();
      resolve();
    });
  return { signal: controller.signal, requested: promise };
}
