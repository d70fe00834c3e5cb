/** Stands in front of a server and answers some requests in its place, or late: a server that is broken on purpose. */

import { once } from 'node:events';
import { type IncomingMessage, createServer, request as forward } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

export interface Meddling {
  /** Instead of the server's answer. */
  readonly answer?: { readonly status: number; readonly body: string };
  /** Before the server is asked. */
  readonly delayMs?: number;
}

export interface Meddler {
  readonly url: string;
  close(): Promise<void>;
}

/** `meddle`: undefined leaves a request as it is. */
export async function startMeddler(target: string, meddle: (request: IncomingMessage) => Meddling | undefined): Promise<Meddler> {
  const server = createServer((request, response) => {
    void (async () => {
      const meddling = meddle(request);
      if (meddling?.delayMs !== undefined) await sleep(meddling.delayMs);
      if (meddling?.answer !== undefined) {
        request.resume();
        response.writeHead(meddling.answer.status, { 'content-type': 'application/json' }).end(meddling.answer.body);
        return;
      }
      const onward = forward(new URL(request.url ?? '/', target), { method: request.method, headers: request.headers }, (answer) => {
        response.writeHead(answer.statusCode ?? 502, answer.headers);
        answer.pipe(response);
      });
      onward.on('error', () => response.destroy());
      request.pipe(onward);
    })();
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}
