/** Looks like a socket to pg and speaks PostgreSQL's wire protocol with the embedded database. */

import { Duplex } from 'node:stream';
import type { Engine } from './engine.ts';

/** First bytes of messages (PostgreSQL documentation, "Message Formats"). */
const terminate = 0x58; // 'X'

export class EmbeddedSocket extends Duplex {
  readonly #engine: Engine;
  #attached = false;

  constructor(engine: Engine) {
    super();
    this.#engine = engine;
  }

  /** pg calls the methods of a network socket; there is nothing to set here. */
  connect(): void {
    process.nextTick(() => this.emit('connect'));
  }
  setNoDelay(): void {}
  setKeepAlive(): void {}
  ref(): void {}
  unref(): void {}

  override _read(): void {}

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: (error?: Error | null) => void): void {
    this.#pass([chunk]).then(() => done(), done);
  }

  /** What pg corks is one query: parse, bind, describe, execute, sync. It goes to the worker as one message. */
  override _writev(chunks: { chunk: Buffer }[], done: (error?: Error | null) => void): void {
    this.#pass(chunks.map(({ chunk }) => chunk)).then(() => done(), done);
  }

  override _final(done: () => void): void {
    this.push(null);
    done();
  }

  async #pass(chunks: Buffer[]): Promise<void> {
    if (!this.#attached) return this.#attach();
    if (chunks[0]?.[0] === terminate) return;
    // Copied, because pg's buffers are views into a pool, and a view cannot change threads.
    const answer = await this.#engine.request({ kind: 'protocol', bytes: joined(chunks) });
    if (answer !== undefined && answer.length > 0 && !this.destroyed)
      this.push(Buffer.from(answer.buffer, answer.byteOffset, answer.length));
  }

  /** The first message is the start-up packet. The database has one user and one session, so we answer it ourselves. */
  async #attach(): Promise<void> {
    await this.#engine.request({ kind: 'attach' });
    this.#attached = true;
    this.push(greeting);
  }
}

function joined(chunks: readonly Buffer[]): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(chunks.reduce((sum, chunk) => sum + chunk.length, 0));
  let offset = 0;
  for (const chunk of chunks) {
    bytes.set(chunk, offset);
    offset += chunk.length;
  }
  return bytes;
}

/** One message: its letter, its length including these four bytes, its body. */
function message(letter: string, body: Buffer): Buffer {
  const head = Buffer.alloc(5);
  head.write(letter, 0, 'latin1');
  head.writeInt32BE(body.length + 4, 1);
  return Buffer.concat([head, body]);
}

function integers(...values: number[]): Buffer {
  const body = Buffer.alloc(values.length * 4);
  values.forEach((value, index) => body.writeInt32BE(value, index * 4));
  return body;
}

const greeting = Buffer.concat([
  message('R', integers(0)), // AuthenticationOk
  message('S', Buffer.from('client_encoding\0UTF8\0')), // ParameterStatus
  message('K', integers(0, 0)), // BackendKeyData: there is nothing to cancel with it
  message('Z', Buffer.from('I')), // ReadyForQuery, idle
]);
