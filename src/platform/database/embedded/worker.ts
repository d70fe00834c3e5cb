/** The thread that the embedded database lives in: its queries run synchronously and would stop everything else. */

import { type MessagePort, parentPort, workerData } from 'node:worker_threads';
import { PGlite } from '@electric-sql/pglite';
import { extensions } from './extensions.ts';
import type { Answer, Request, WorkerSettings } from './messages.ts';
import { findPanic } from './panic.ts';

/** Of the 128 MB that are usual. The operating system caches the files anyway; it saves 120 MB of memory. */
const sharedBuffers = '16MB';

/** Ends an extended query that a broken connection left open, so that the next message is not skipped. */
const syncMessage = new Uint8Array([0x53, 0, 0, 0, 4]);

async function serve(port: MessagePort, { folder, code }: WorkerSettings): Promise<void> {
  const database = await PGlite.create({
    dataDir: folder,
    extensions,
    pgliteWasmModule: code,
    startParams: [...PGlite.defaultStartParams, '-c', `shared_buffers=${sharedBuffers}`],
  });

  async function answer(request: Request): Promise<Uint8Array<ArrayBuffer> | undefined> {
    switch (request.kind) {
      case 'attach':
        await database.execProtocolRaw(syncMessage);
        await database.exec('rollback');
        await database.exec('discard all');
        return undefined;
      case 'protocol':
        return new Uint8Array(await database.execProtocolRaw(request.bytes));
      case 'close':
        await database.close();
        return undefined;
    }
  }

  async function reply(request: Request): Promise<void> {
    try {
      const bytes = await answer(request);
      const panic = bytes === undefined ? undefined : findPanic(bytes);
      send(panic === undefined ? { kind: 'done', bytes } : { kind: 'panicked', panic });
    } catch (error) {
      send({ kind: 'failed', message: error instanceof Error ? error.message : String(error) });
    }
    if (request.kind === 'close') port.close();
  }

  function send(message: Answer): void {
    const bytes = message.kind === 'done' ? message.bytes : undefined;
    port.postMessage(message, bytes === undefined ? [] : [bytes.buffer]);
  }

  let last: Promise<void> = Promise.resolve();
  port.on('message', (request: Request) => {
    last = last.then(() => reply(request));
  });
}

if (parentPort === null) throw new Error('this module is the entry of a worker thread');
await serve(parentPort, workerData as WorkerSettings);
