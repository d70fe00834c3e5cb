/** Where notifications go: what a channel does, and how one says that it could not. */

import type { Notice } from './notice.ts';

/** A value that must not be seen, with the name that stands in its place. */
export interface NamedSecret {
  readonly name: string;
  readonly value: string;
}

export interface Channel {
  /** In words, without secrets: `webhook OPS_WEBHOOK_URL`. */
  readonly name: string;
  readonly secrets: readonly NamedSecret[];
  /** One try. @throws DeliveryError */
  deliver(notice: Notice, signal: AbortSignal): Promise<void>;
}

export class DeliveryError extends Error {
  /** Milliseconds that the receiver wants to be left alone; 0: it did not say; undefined: trying again is of no use. */
  readonly retryAfterMs: number | undefined;

  constructor(why: string, retryAfterMs: number | undefined) {
    super(why);
    this.name = 'DeliveryError';
    this.retryAfterMs = retryAfterMs;
  }
}
