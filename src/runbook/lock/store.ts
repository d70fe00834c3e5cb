/** What a place for locks must be able to do. What a lock means is decided above it, in `lock.ts`, the same for every place. */

import type { ProcessIdentity } from '../../system/process.ts';

/** Who holds a lock. */
export interface LockOwner {
  readonly run: string;
  readonly user: string;
  readonly host: string;
  readonly process: ProcessIdentity;
}

/** `parked`: a change has begun, so that it does not expire. `free`: it is kept for its number. */
export type LockStatus = 'held' | 'parked' | 'free';

export interface LockContent {
  readonly owner: LockOwner;
  readonly status: LockStatus;
  /** ISO 8601. */
  readonly since: string;
}

export interface StoredLock extends LockContent {
  readonly key: string;
  /** Grows with each holder. */
  readonly fence: number;
  /** By the clock of the place. */
  readonly expired: boolean;
  /** Grows each time that the holder says something. */
  readonly revision: number;
}

export interface LockStore {
  /** For messages and the journal, without passwords. */
  readonly name: string;
  read(key: string): Promise<StoredLock | undefined>;
  /** Makes the next holder, with the next number. false: somebody else was faster, or the lock is not as it was `seen` (undefined: there was none). */
  succeed(key: string, seen: StoredLock | undefined, content: LockContent, leaseMs: number): Promise<boolean>;
  /** Changes what the holder with this number says, and how long it holds. false: there is a later one. */
  amend(key: string, fence: number, content: LockContent, leaseMs: number): Promise<boolean>;
  close(): Promise<void>;
}
