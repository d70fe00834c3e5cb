/**
 * The lock that keeps two runs of the same thing apart: a lease with a number that grows. A run that has begun a change parks its lock, which then
 * does not expire: whoever comes next must first know what the change came to.
 */

import { hostname } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { isAlive } from '../../system/process.ts';
import type { LockContent, LockOwner, LockStatus, LockStore, StoredLock } from './store.ts';

/** Four heartbeats may be lost before somebody else comes. */
export const defaultLeaseMs = 30_000;
const heartbeatsInLease = 5;

/** Somebody else has it. */
export class LockIsHeld extends Error {
  readonly held: StoredLock;

  constructor(held: StoredLock) {
    const { key, owner, since, status } = held;
    const who = `run ${owner.run} (${owner.user} on ${owner.host})`;
    super(
      status === 'parked' && !runsHere(owner)
        ? `${who} waits for a person with the lock ${key} since ${since}, in the middle of a change: resume, undo or abort it.`
        : `${who} holds the lock ${key} since ${since}: wait until it has ended.`,
    );
    this.name = 'LockIsHeld';
    this.held = held;
  }
}

export interface Lease {
  readonly key: string;
  readonly fence: number;
  /** Aborted when somebody else has the lock: nothing may be changed any more. */
  readonly lost: AbortSignal;
  /** From now on it does not expire. @throws Error when it is lost */
  park(): Promise<void>;
  /** Stops the heartbeat, and gives the lock back unless it is parked and stays so. */
  end(how: 'release' | 'keep'): Promise<void>;
}

export interface Wish {
  readonly store: LockStore;
  readonly key: string;
  readonly owner: LockOwner;
  readonly leaseMs: number;
}

/** @throws LockIsHeld */
export async function takeLock({ store, key, owner, leaseMs }: Wish): Promise<Lease> {
  for (;;) {
    const held = await store.read(key);
    if (held !== undefined && !isOpen(held, owner)) throw new LockIsHeld(held);
    // Who goes on with a change does not let go of it in between.
    const status = held?.status === 'parked' && held.owner.run === owner.run ? 'parked' : 'held';
    const content: LockContent = { owner, status, since: new Date().toISOString() };
    if (await store.succeed(key, held, content, leaseMs)) return keepAlive({ store, key, leaseMs, owner }, (held?.fence ?? 0) + 1, content);
  }
}

/** Whether this run may have a lock that somebody has or had. */
function isOpen({ status, expired, owner }: StoredLock, claimant: LockOwner): boolean {
  if (status === 'free') return true;
  if (owner.run === claimant.run) return !runsHere(owner);
  return status === 'held' && expired;
}

function runsHere({ host, process: identity }: LockOwner): boolean {
  return host === hostname() && isAlive(identity);
}

function keepAlive({ store, key, leaseMs }: Wish, fence: number, first: LockContent): Lease {
  const lost = new AbortController();
  const ended = new AbortController();
  let content = first;
  const amend = async (status: LockStatus): Promise<void> => {
    content = { ...content, status };
    if (!(await store.amend(key, fence, content, leaseMs))) lost.abort();
  };
  const beat = async (): Promise<void> => {
    let until = Date.now() + leaseMs;
    while (!ended.signal.aborted && !lost.signal.aborted) {
      await sleep(leaseMs / heartbeatsInLease, undefined, { signal: ended.signal, ref: false });
      try {
        await amend(content.status);
        until = Date.now() + leaseMs;
      } catch {
        // The place does not answer. A parked lock waits for it; any other may be somebody else's by then.
        if (content.status !== 'parked' && Date.now() > until) lost.abort();
      }
    }
  };
  const beating = beat().catch(() => undefined);
  return {
    key,
    fence,
    lost: lost.signal,
    async park() {
      if (content.status !== 'parked') await amend('parked');
      if (lost.signal.aborted) throw new Error(`The lock ${key} is somebody else's by now.`);
    },
    async end(how) {
      ended.abort();
      await beating;
      if (lost.signal.aborted) return;
      if (how === 'release' || content.status !== 'parked') await amend('free');
    },
  };
}

/** Takes the lock away from whoever holds it; its run stops when it notices. undefined: nobody holds it. */
export async function forceLock(store: LockStore, key: string, by: LockOwner): Promise<StoredLock | undefined> {
  for (;;) {
    const held = await store.read(key);
    if (held === undefined || held.status === 'free') return undefined;
    if (await store.succeed(key, held, { owner: by, status: 'free', since: new Date().toISOString() }, 0)) return held;
  }
}
