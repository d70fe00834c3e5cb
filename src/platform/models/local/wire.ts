/** A local model behind the same wire as those of other machines: a thread that starts with the first text. */

import { basename, dirname, isAbsolute, resolve as absolute } from 'node:path';
import { Worker } from 'node:worker_threads';
import type { Log } from '../../telemetry/log.ts';
import type { Pooling } from '../families.ts';
import { NotLoaded, UnusableAnswer } from '../failure.ts';
import type { EmbeddingAnswer, EmbeddingWire } from '../wire.ts';
import { requireLibrary } from './library.ts';
import type { LocalAnswer, LocalRequest, LocalSettings } from './messages.ts';

export interface LocalOptions {
  /** A name on the hub of Hugging Face, or the absolute path of a folder with a model. */
  id: string;
  pooling: Pooling;
  /** The data folder: fetched models are kept in its `models`. */
  data: string;
  log: Log;
}

/** All texts of a batch are as long as its longest one, and cannot be stopped once they run; a small batch wastes little. */
const mostTexts = 8;

/** @throws SettingsError when the library is not installed */
export function openLocalWire({ id, pooling, data, log }: LocalOptions): EmbeddingWire & { close(): Promise<void> } {
  requireLibrary();
  const settings: LocalSettings = isAbsolute(id)
    ? { id: basename(id), folder: dirname(id), fetches: false, pooling }
    : { id, folder: absolute(data, 'models'), fetches: true, pooling };
  let thread: LocalThread | undefined;
  return {
    mostTexts,
    async embed(texts, signal, heard) {
      if (thread === undefined || thread.ended) thread = new LocalThread(settings, log);
      return until(thread.request({ texts }, heard), signal);
    },
    close: async () => thread?.end(),
  };
}

interface Waiting extends PromiseWithResolvers<EmbeddingAnswer> {
  heard: () => void;
}

class LocalThread {
  ended = false;
  readonly #worker: Worker;
  #waiting: Waiting[] = [];

  constructor(settings: LocalSettings, log: Log) {
    // Compiled, the neighbour is JavaScript as well; the compiler does not rewrite this name.
    const entry = new URL(import.meta.url.endsWith('.ts') ? './worker.ts' : './worker.js', import.meta.url);
    // What the library prints must not reach our standard output, which is the protocol channel of `stdio`.
    this.#worker = new Worker(entry, { workerData: settings, execArgv: [], stdout: true, stderr: true });
    for (const output of [this.#worker.stdout, this.#worker.stderr])
      output.on('data', (text: Buffer) => log.debug({ text: text.toString() }, 'local model'));
    this.#worker.on('message', (answer: LocalAnswer) => this.#settle(answer));
    this.#worker.on('error', (error) => this.#fail(error));
    this.#worker.on('exit', () => this.#fail(new Error('the thread of the local model ended')));
  }

  request(request: LocalRequest, heard: () => void): Promise<EmbeddingAnswer> {
    const waiting = { ...Promise.withResolvers<EmbeddingAnswer>(), heard };
    this.#waiting.push(waiting);
    this.#worker.postMessage(request, []);
    return waiting.promise;
  }

  async end(): Promise<void> {
    await this.#worker.terminate();
  }

  #settle(answer: LocalAnswer): void {
    // Requests are answered in their order, so whoever waits behind the first hears of it as well.
    for (const { heard } of this.#waiting) heard();
    if (answer.kind === 'loading') return;
    const waiting = this.#waiting.shift();
    if (answer.kind === 'vectors')
      waiting?.resolve({ vectors: rowsOf(answer), usage: { input_tokens: undefined, output_tokens: undefined } });
    else waiting?.reject(answer.loading ? new NotLoaded(answer.message) : new UnusableAnswer(answer.message));
  }

  #fail(reason: Error): void {
    this.ended = true;
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const { reject } of waiting) reject(reason);
  }
}

function rowsOf({ values, count }: { values: Float32Array; count: number }): Float32Array[] {
  const size = values.length / Math.max(1, count);
  return Array.from({ length: count }, (_, row) => values.subarray(row * size, (row + 1) * size));
}

/** A text that runs cannot be stopped: its answer is dropped. */
function until<Answer>(answer: Promise<Answer>, signal: AbortSignal): Promise<Answer> {
  const { promise, resolve, reject } = Promise.withResolvers<Answer>();
  const onAbort = () => reject(signal.reason as Error);
  if (signal.aborted) onAbort();
  signal.addEventListener('abort', onAbort, { once: true });
  answer.then(resolve, reject).finally(() => signal.removeEventListener('abort', onAbort));
  return promise;
}
