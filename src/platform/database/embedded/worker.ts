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

/** A simple query as PostgreSQL reads it. */
function queryMessage(text: string): Uint8Array {
  const message = Buffer.alloc(6 + text.length);
  message.write('Q', 0);
  message.writeUInt32BE(5 + text.length, 1);
  message.write(text, 5);
  return message;
}

const attachMessages = [syncMessage, queryMessage('rollback'), queryMessage('discard all')];

async function serve(port: MessagePort, { folder, code }: WorkerSettings): Promise<void> {
  const database = await PGlite.create({
    dataDir: folder,
    extensions,
    pgliteWasmModule: code,
    startParams: [...PGlite.defaultStartParams, '-c', `shared_buffers=${sharedBuffers}`],
  });

  /**
   * What PostgreSQL answers. As a stream, because otherwise the library parses each answer as well, and keeps what it has parsed for a caller of
   * another of its methods, who never comes. Once it streams, its other methods are of no use.
   */
  async function send(message: Uint8Array): Promise<Uint8Array<ArrayBuffer>> {
    const pieces: Uint8Array[] = [];
    // Each piece is a view into the memory of PostgreSQL.
    await database.execProtocolRawStream(message, { onRawData: (piece) => void pieces.push(piece.slice()) });
    return joined(pieces);
  }

  async function answer(request: Request): Promise<Uint8Array<ArrayBuffer> | undefined> {
    switch (request.kind) {
      case 'attach':
        for (const message of attachMessages) await send(message);
        return undefined;
      case 'protocol':
        return send(request.bytes);
      case 'close':
        await database.close();
        return undefined;
    }
  }

  async function reply(request: Request): Promise<void> {
    try {
      const bytes = await answer(request);
      const panic = bytes === undefined ? undefined : findPanic(bytes);
      post(panic === undefined ? { kind: 'done', bytes } : { kind: 'panicked', panic });
    } catch (error) {
      post({ kind: 'failed', message: error instanceof Error ? error.message : String(error) });
    }
    if (request.kind === 'close') port.close();
  }

  function post(message: Answer): void {
    const bytes = message.kind === 'done' ? message.bytes : undefined;
    port.postMessage(message, bytes === undefined ? [] : [bytes.buffer]);
  }

  let last: Promise<void> = Promise.resolve();
  port.on('message', (request: Request) => {
    last = last.then(() => reply(request));
  });
}

function joined(pieces: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const all = new Uint8Array(pieces.reduce((length, piece) => length + piece.length, 0));
  let at = 0;
  for (const piece of pieces) {
    all.set(piece, at);
    at += piece.length;
  }
  return all;
}

if (parentPort === null) throw new Error('this module is the entry of a worker thread');
await serve(parentPort, workerData as WorkerSettings);
