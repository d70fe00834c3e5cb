/**
 * Makes a version bad: loaded into a server before its own code with `--import`, it delays requests, or answers a share of them with 500. Nothing
 * of the server knows of it, so that what is rehearsed is what runs.
 */

import { EventEmitter } from 'node:events';
import { type IncomingMessage, Server, type ServerResponse } from 'node:http';

const { REHEARSAL_DELAY_MS: delay = '0', REHEARSAL_ERROR_EVERY: every = '0' } = process.env;

/** Health is what the gate sees: a version that fails it would never get a request. */
const spared = /^\/health/;

let asked = 0;
const emit = Object.getOwnPropertyDescriptor(EventEmitter.prototype, 'emit')?.value as (...words: unknown[]) => boolean;

function faulty(this: Server, ...words: unknown[]): boolean {
  const [event, request, response] = words as [string, IncomingMessage, ServerResponse];
  if (event !== 'request' || spared.test(request.url ?? '')) return Reflect.apply(emit, this, words);
  asked += 1;
  if (Number(every) > 0 && asked % Number(every) === 0) {
    request.resume();
    response.writeHead(500, { 'Content-Type': 'application/json' }).end('{"error":{"code":"rehearsal_fault"}}');
    return true;
  }
  if (Number(delay) === 0) return Reflect.apply(emit, this, words);
  setTimeout(() => Reflect.apply(emit, this, words), Number(delay));
  return true;
}

Object.defineProperty(Server.prototype, 'emit', { value: faulty });
