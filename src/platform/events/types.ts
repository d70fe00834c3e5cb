/** Changes, as they are written to the outbox and told to listeners. */

import type { TransactionScope } from '../database/types.ts';
import type { Actor } from '../identity/principal.ts';

/** What an operation says happened. */
export interface NewEvent {
  /** `noun.verb` in the past tense: `task.created`, `claim.expired`. */
  type: string;
  /** The thing it happened to, as people name it: `WEB-12`. */
  subject: string;
  /** The MCP resource that changed, when there is one. */
  resource?: string | undefined;
  /** Set for things that only their owner sees; null or absent: the whole workspace. */
  owner_id?: string | null | undefined;
  data?: Record<string, unknown> | undefined;
}

/** One delivered event. */
export interface WorkspaceEvent {
  /** Opaque; a place to go on from. */
  cursor: string;
  workspace_id: string;
  owner_id: string | null;
  type: string;
  subject: string;
  resource: string | null;
  actor: Actor;
  data: Record<string, unknown>;
  at: Date;
}

export interface Events {
  /** Writes the events into the outbox, with the commit of the caller's transaction. */
  write(scope: TransactionScope, actor: Actor, events: readonly NewEvent[]): void;
  /** To be called after a commit that wrote events: wakes every replica, at most once every 20 ms. */
  wake(): void;
  /** Calls `listener` for each event that this viewer may see, in order, from now on. Returns how to stop. */
  subscribe(viewer: { workspace_id: string; user_id: string }, listener: (event: WorkspaceEvent) => void): Promise<() => void>;
  /** Number of open subscriptions. */
  readonly subscribers: number;
  close(): Promise<void>;
}
