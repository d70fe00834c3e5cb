/** What the main thread and the worker of the embedded database say to each other. */

import type { Code } from './code.ts';
import type { Panic } from './panic.ts';

export interface WorkerSettings {
  /** The folder of the database files. */
  folder: string;
  code: Code;
}

/** Answered one by one, in order. */
export type Request =
  /** A new connection: whatever the last one left behind is cleared. */
  | { kind: 'attach' }
  /** Messages of PostgreSQL's wire protocol. */
  | { kind: 'protocol'; bytes: Uint8Array<ArrayBuffer> }
  /** Writes everything and closes the files; the worker ends. */
  | { kind: 'close' };

export type Answer =
  | { kind: 'done'; bytes?: Uint8Array<ArrayBuffer> | undefined }
  | { kind: 'failed'; message: string }
  /** The database gave up; the worker is of no use any more. */
  | { kind: 'panicked'; panic: Panic };
