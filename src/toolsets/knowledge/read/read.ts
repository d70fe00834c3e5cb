/** Reads a source of any format: what it says and how it is built, or why it cannot be read. */

import { Worker } from 'node:worker_threads';
import { invalidInput, overloaded } from '../../../platform/problem.ts';
import { createTurnstile } from '../../../platform/turnstile.ts';
import { type Format, type OnProgress, type ReadLimits, type ReadText } from './document.ts';
import { type Source, assertSourceSize, formatOf, readHere } from './reader.ts';
import { formatBytes, refuse } from './refusal.ts';
import type { WorkerAnswer, WorkerInput } from './worker.ts';

export interface ReadOptions {
  limits: ReadLimits;
  signal?: AbortSignal | undefined;
  onProgress?: OnProgress | undefined;
}

/** Up to this size, in bytes, text is read at once: the most hostile Markdown of this size takes milliseconds. */
const atOnce = 64 * 1024;

/** What can be made to take time and memory without end, however small it is. */
const threadOnly: ReadonlySet<Format> = new Set(['html', 'pdf']);

/** A reader may take `limits.memory`, so they are few; the rest wait their turn. */
const readers = createTurnstile({
  places: 2,
  queue: 64,
  wait_ms: 300_000,
  refusal: () => overloaded({ message: 'Too many sources are being read.', next: 'Try again in a minute.' }),
});

/**
 * Large texts, and formats that can be hostile, are read in a thread of their own, which is stopped at the limits and with the signal.
 * Nothing is read from the network or the disk.
 * @throws Problem `invalid_input` with `details.reason`; `overloaded`; the reason of the signal
 */
export async function readSource(source: Source, { limits, signal, onProgress }: ReadOptions): Promise<ReadText> {
  signal?.throwIfAborted();
  const size = assertSourceSize(source, limits);
  if (size <= atOnce && !threadOnly.has(formatOf(source))) return readHere(source, limits);
  await readers.enter(signal);
  try {
    return await readInThread({ source, limits }, { signal, onProgress });
  } finally {
    readers.leave();
  }
}

/** Whether a reader takes too much of what its own limit does not count, in milliseconds. */
const lookEvery = 250;

const mebibyte = 1024 * 1024;

async function readInThread(input: WorkerInput, { signal, onProgress }: Omit<ReadOptions, 'limits'>): Promise<ReadText> {
  const { limits } = input;
  // Compiled, the neighbour is JavaScript as well; the compiler does not rewrite this name.
  const entry = new URL(import.meta.url.endsWith('.ts') ? './worker.ts' : './worker.js', import.meta.url);
  const worker = new Worker(entry, {
    workerData: input,
    execArgv: [],
    // What a library prints must not reach our standard output, which is the protocol channel of `stdio`.
    stdout: true,
    stderr: true,
    resourceLimits: { maxOldGenerationSizeMb: limits.memory },
  });
  const answer = Promise.withResolvers<ReadText>();
  const onAbort = () => answer.reject(signal?.reason);
  signal?.addEventListener('abort', onAbort, { once: true });
  const timer = setTimeout(() => answer.reject(tooSlow(limits)), limits.seconds * 1_000);
  const looker = setInterval(() => void watchMemory(worker, limits).catch(answer.reject), lookEvery);
  worker.on('message', (message: WorkerAnswer) => {
    if (message.kind === 'progress') onProgress?.(message.progress);
    else if (message.kind === 'read') answer.resolve(message.read);
    else answer.reject(invalidInput(message.text));
  });
  worker.on('error', (error) => answer.reject(isOutOfMemory(error) ? tooMuchMemory(limits) : error));
  worker.on('exit', () => answer.reject(new Error('the reader ended without an answer')));
  try {
    return await answer.promise;
  } finally {
    clearTimeout(timer);
    clearInterval(looker);
    signal?.removeEventListener('abort', onAbort);
    await worker.terminate();
  }
}

/** What is outside of the heap, such as a stream of a PDF that was packed small, is counted by nobody else. */
async function watchMemory(worker: Worker, limits: ReadLimits): Promise<void> {
  // It may have ended while it was asked.
  const statistics = await worker.getHeapStatistics().catch(() => undefined);
  if (statistics !== undefined && statistics.external_memory > limits.memory * mebibyte) throw tooMuchMemory(limits);
}

function isOutOfMemory(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ERR_WORKER_OUT_OF_MEMORY';
}

const smaller = 'Send it as plain text or Markdown, or in parts, or raise';

function tooSlow({ seconds }: ReadLimits): Error {
  return refuse('too_slow', `The source could not be read within ${seconds} s.`, `${smaller} QUARTERDECK_READ_SECONDS.`, {
    seconds,
  });
}

function tooMuchMemory({ memory }: ReadLimits): Error {
  const limit = formatBytes(memory * mebibyte);
  return refuse('too_much_memory', `The source needs more than ${limit} of memory to be read.`, `${smaller} QUARTERDECK_READ_MEMORY_MB.`, {
    memory,
  });
}
