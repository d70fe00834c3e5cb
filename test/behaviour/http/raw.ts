/** Bytes over a socket, for requests that no HTTP client would send. */

import { once } from 'node:events';
import { type Socket, connect } from 'node:net';
import { text } from 'node:stream/consumers';

export interface RawAnswer {
  status: number;
  headers: Record<string, string>;
  body: string;
}

/** A connection to the server of `url`. */
export async function openSocket(url: string): Promise<Socket> {
  const { hostname, port } = new URL(url);
  const socket = connect(Number(port), hostname);
  await once(socket, 'connect');
  return socket;
}

/** Sends the bytes, then reads until the server closes: the request must ask for that. */
export async function sendRaw(url: string, bytes: string | Uint8Array): Promise<RawAnswer> {
  const socket = await openSocket(url);
  socket.write(bytes);
  return parse(await text(socket));
}

/** One request with these headers, a body if there is one, and a closed connection after it. */
export function request(
  url: string,
  line: string,
  headers: Record<string, string> = {},
  body: string | Uint8Array = '',
): Promise<RawAnswer> {
  const payload = Buffer.from(body);
  const all: Record<string, string> = {
    Host: new URL(url).host,
    Connection: 'close',
    ...(payload.length > 0 ? { 'Content-Type': 'application/json', 'Content-Length': String(payload.length) } : {}),
    ...headers,
  };
  const head = [`${line} HTTP/1.1`, ...Object.entries(all).map(([name, value]) => `${name}: ${value}`), '', ''].join('\r\n');
  return sendRaw(url, Buffer.concat([Buffer.from(head), payload]));
}

export function parse(answer: string): RawAnswer {
  const [head = '', ...rest] = answer.split('\r\n\r\n');
  const [line = '', ...fields] = head.split('\r\n');
  const headers = Object.fromEntries(
    fields.map((field) => {
      const colon = field.indexOf(':');
      return [field.slice(0, colon).toLowerCase(), field.slice(colon + 1).trim()];
    }),
  );
  return { status: Number(line.split(' ')[1] ?? 0), headers, body: rest.join('\r\n\r\n') };
}
