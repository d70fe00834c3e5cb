/** One worker thread with the embedded database open in it, and the requests that it still owes an answer. */

import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { unavailable } from '../../problem.ts';
import type { Log } from '../../telemetry/log.ts';
import { diskFull, storageRanOut } from '../errors.ts';
import type { Answer, Request, WorkerSettings } from './messages.ts';
import type { Panic } from './panic.ts';

type Bytes = Uint8Array<ArrayBuffer> | undefined;

export class Thread {
  /** Resolves when the files are free again. */
  readonly ended: Promise<void>;
  readonly #worker: Worker;
  readonly #log: Log;
  #waiting: PromiseWithResolvers<Bytes>[] = [];
  #failure: unknown;

  constructor(settings: WorkerSettings, log: Log) {
    // Compiled, the neighbour is JavaScript as well; the compiler does not rewrite this name.
    const entry = new URL(import.meta.url.endsWith('.ts') ? './worker.ts' : './worker.js', import.meta.url);
    const worker = new Worker(entry, { workerData: settings, execArgv: [], stdout: true, stderr: true });
    // What PostgreSQL prints must not reach our standard output, which is the protocol channel of `stdio`.
    for (const output of [worker.stdout, worker.stderr])
      output.on('data', (text: Buffer) => log.debug({ text: text.toString() }, 'embedded database'));
    worker.on('message', (answer: Answer) => this.#settle(answer));
    worker.on('error', (error) => {
      log.error({ err: error, folder: settings.folder }, 'the embedded database failed');
      this.#fail(error);
    });
    this.ended = once(worker, 'exit').then(
      () => this.#fail(stopped()),
      () => once(worker, 'exit').then(() => undefined),
    );
    this.#worker = worker;
    this.#log = log;
  }

  /** Requests are answered in their order. */
  request(request: Request): Promise<Bytes> {
    const waiting = Promise.withResolvers<Bytes>();
    if (this.#failure !== undefined) {
      waiting.reject(this.#failure);
      return waiting.promise;
    }
    this.#waiting.push(waiting);
    this.#worker.postMessage(request, request.kind === 'protocol' ? [request.bytes.buffer] : []);
    return waiting.promise;
  }

  /** Ends the thread in the middle of whatever it does; who waits for it gets `reason`. */
  end(reason: unknown): void {
    this.#fail(reason);
    void this.#worker.terminate();
  }

  #settle(answer: Answer): void {
    // Whoever asked waits with the others: the connection is over for all.
    if (answer.kind === 'panicked') {
      this.#log.error({ code: answer.panic.code, reason: answer.panic.message }, 'the embedded database gave up; it is opened again');
      return this.end(panicked(answer.panic));
    }
    const waiting = this.#waiting.shift();
    if (answer.kind === 'done') waiting?.resolve(answer.bytes);
    else waiting?.reject(new Error(`the embedded database failed: ${answer.message}`));
  }

  /** The first reason is the cause of those that follow. */
  #fail(reason: unknown): void {
    this.#failure ??= reason;
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const { reject } of waiting) reject(this.#failure);
  }
}

function panicked({ code, message }: Panic): Error {
  const cause = new Error(message);
  if (code === diskFull) return storageRanOut(cause);
  return unavailable({ message: 'The embedded database failed.', next: 'Try again; it is opened again at once.', cause });
}

function stopped(): Error {
  return unavailable({ message: 'The embedded database stopped.', next: 'Try again; it is opened again at once.' });
}
