/** A worker as a process of its own, with its own connections, which its parent may kill at any moment. */

import { readSettings } from '../../src/platform/config/read.ts';
import { createLog } from '../../src/platform/telemetry/log.ts';
import { openPlatform } from '../../src/server/platform.ts';
import { type WorkerOptions, runWorker } from './race-worker.ts';

/** What the parent says first. The settings come in the environment. */
export interface Orders extends WorkerOptions {
  key: string;
}

/** What the worker says, after one `ready`: how often what happened since the last time. */
export type Counts = Record<string, number>;

/** Often enough that a kill loses few counts, seldom enough to cost nothing. */
const tellMs = 100;

const effective = readSettings({ folder: process.env['QUARTERDECK_DATA'] ?? '' });
const platform = await openPlatform(effective, createLog(effective.settings));
const stop = new AbortController();
let counts: Counts = {};

function tell(): void {
  if (Object.keys(counts).length === 0) return;
  // A parent that is gone is no bug of ours.
  process.send?.(counts, undefined, undefined, (error) => error !== null && orphaned());
  counts = {};
}

/** Without its parent a worker would work on for ever. */
const orphaned = () => process.exit(1);
process.once('disconnect', orphaned);
process.once('message', (orders: Orders) => {
  void work(orders);
  process.once('message', () => stop.abort());
});
process.send?.('ready');

async function work({ key, ...options }: Orders): Promise<void> {
  const timer = setInterval(tell, tellMs);
  const principal = await platform.identity.verify(key);
  const count = (what: string) => {
    counts[what] = (counts[what] ?? 0) + 1;
  };
  await runWorker({ registry: platform.registry, principal, count, stop: stop.signal }, options);
  clearInterval(timer);
  tell();
  await platform.close();
  process.off('disconnect', orphaned);
  process.disconnect();
}
