/** Keeps the embedded database running: opens it when it is needed, ends a statement that takes too long, and opens it again. */

import { statfs } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { unavailable } from '../../problem.ts';
import type { Log } from '../../telemetry/log.ts';
import { statementTimedOut, storageRanOut } from '../errors.ts';
import type { Code } from './code.ts';
import type { Request } from './messages.ts';
import { Thread } from './thread.ts';

/** The database itself looks at no clock, so ours allows for the way there and back on a busy machine. */
const marginMs = 500;

/** Opening costs a second of a processor, so callers do not make it fail again and again. */
const pauseAfterFailureMs = 1_000;

/** To open its files after a crash it writes one segment of its log, of 16 MiB, and some more. */
const leastFreeBytes = 32 * 1024 * 1024;

export interface EngineOptions {
  folder: string;
  code: Code;
  /** Longest time for one statement; 0: no limit. */
  statementTimeoutMs: number;
  log: Log;
}

export class Engine {
  readonly #options: EngineOptions;
  #thread: Promise<Thread> | undefined;
  /** Resolves when the files are free: two threads on them would lose rows. */
  #free: Promise<void> = Promise.resolve();
  #unhurried = 0;
  #closed = false;

  constructor(options: EngineOptions) {
    this.#options = options;
  }

  /** The first use does the same. @throws Error when the files cannot be opened */
  async open(): Promise<void> {
    await this.#open();
  }

  /** @throws Problem `timed_out` when it took too long, `unavailable` when the thread died; the next request opens a new one. */
  async request(request: Request): Promise<Uint8Array<ArrayBuffer> | undefined> {
    const thread = await this.#open();
    const timer = this.#startTimer(thread);
    try {
      return await thread.request(request);
    } finally {
      clearTimeout(timer);
    }
  }

  /** Lifts the time limit while `work` runs. */
  async unhurried<Result>(work: () => Promise<Result>): Promise<Result> {
    this.#unhurried += 1;
    try {
      return await work();
    } finally {
      this.#unhurried -= 1;
    }
  }

  async close(): Promise<void> {
    this.#closed = true;
    // A thread that never opened or has died holds no files.
    const thread = await this.#thread?.catch(() => undefined);
    await thread?.request({ kind: 'close' }).catch(() => undefined);
    await this.#free;
  }

  #open(): Promise<Thread> {
    if (this.#closed)
      return Promise.reject(
        unavailable({ message: 'The database is closed: the server is shutting down.', next: 'Try again in a moment.' }),
      );
    this.#thread ??= this.#start();
    return this.#thread;
  }

  async #start(): Promise<Thread> {
    await this.#free;
    const { folder, code, log } = this.#options;
    const thread = new Thread({ folder, code }, log);
    const started = this.#thread;
    let pauseMs = pauseAfterFailureMs;
    this.#free = thread.ended.then(() => sleep(pauseMs)).then(() => this.#forget(started));
    try {
      await thread.request({ kind: 'attach' });
      pauseMs = 0;
    } catch (error) {
      thread.end(error);
      throw await cannotOpen(folder, error);
    }
    return thread;
  }

  /** The next request starts a new thread, unless one has been started since. */
  #forget(thread: Promise<Thread> | undefined): void {
    if (this.#thread === thread) this.#thread = undefined;
  }

  #startTimer(thread: Thread): NodeJS.Timeout | undefined {
    const { statementTimeoutMs, log } = this.#options;
    if (statementTimeoutMs === 0 || this.#unhurried > 0) return undefined;
    const current = this.#thread;
    return setTimeout(() => {
      log.warn({ limit_ms: statementTimeoutMs }, 'a statement ran past its limit; the embedded database is opened again');
      this.#forget(current);
      thread.end(statementTimedOut());
    }, statementTimeoutMs + marginMs);
  }
}

/** What it prints when it does not start is that it did not start, so the usual reason is looked for here. */
async function cannotOpen(folder: string, cause: unknown): Promise<Error> {
  const free = await statfs(folder).then(
    ({ bavail, bsize }) => bavail * bsize,
    () => Infinity,
  );
  return free < leastFreeBytes
    ? storageRanOut(cause)
    : new Error(`The embedded database in ${folder} cannot be opened: ${String(cause)}`, { cause });
}
