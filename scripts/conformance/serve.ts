/** Our server as it is, with the suite's tools, behind a proxy that adds the credential: the suite cannot send one. */

import { type IncomingMessage, type RequestListener, createServer, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readSettings } from '../../src/platform/config/read.ts';
import { createLog } from '../../src/platform/telemetry/log.ts';
import { startServer } from '../../src/server/start.ts';
import { toolsets } from '../../src/toolsets/index.ts';
import { conformanceOffers } from './fixture/offers.ts';
import { conformanceToolset } from './fixture/operations.ts';
import { answerRaw } from './fixture/raw.ts';

export interface ServedFixture {
  /** The MCP endpoint for the suite. */
  url: string;
  close(): Promise<void>;
}

/** On an embedded database in a temporary folder; the credential is an API key of a person who signed up over HTTP. */
export async function serveFixture(): Promise<ServedFixture> {
  const data = await mkdtemp(join(tmpdir(), 'quarterdeck-conformance-'));
  // The suite sends faster than an agent does; limits have tests of their own.
  const environment = { QUARTERDECK_PORT: '0', QUARTERDECK_DATA: data, QUARTERDECK_RATE_LIMIT: 'off', LOG_LEVEL: 'error' };
  const effective = readSettings({ environment, folder: data });
  const instead = { toolsets: [conformanceToolset, ...toolsets], offers: conformanceOffers, questions: answerRaw };
  const server = await startServer(effective, createLog(effective.settings), { migrate: true, instead });
  const proxy = createServer(forward(server.port, await makeKey(server.url)));
  await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://localhost:${(proxy.address() as AddressInfo).port}/mcp?toolsets=conformance`,
    close: async () => {
      proxy.closeAllConnections();
      await new Promise((resolve) => proxy.close(resolve));
      await server.close();
      await rm(data, { recursive: true, force: true });
    },
  };
}

async function makeKey(url: string): Promise<string> {
  const post = async (path: string, body: object, token?: string) => {
    const headers = { 'Content-Type': 'application/json', ...(token === undefined ? {} : { Authorization: `Bearer ${token}` }) };
    const answer = await fetch(`${url}${path}`, { method: 'POST', headers, body: JSON.stringify(body) });
    if (!answer.ok) throw new Error(`${path} answered ${answer.status}: ${await answer.text()}`);
    return (await answer.json()) as { token: string; key: string };
  };
  const { token } = await post('/api/auth/signup', { email: 'suite@example.com', password: 'correct horse battery staple', name: 'Suite' });
  return (await post('/keys', { name: 'suite' }, token)).key;
}

/** Everything goes through as it came, `Host` and `Origin` among it; only a credential is added. */
function forward(port: number, key: string): RequestListener {
  return (incoming, outgoing) => {
    const { method, url: path, rawHeaders } = incoming;
    const headers = [...rawHeaders, 'Authorization', `Bearer ${key}`];
    const onward = request({ host: '127.0.0.1', port, method, path, headers, setHost: false }, (answer: IncomingMessage) => {
      outgoing.writeHead(answer.statusCode ?? 502, answer.rawHeaders);
      answer.pipe(outgoing);
    });
    outgoing.once('close', () => onward.destroy());
    onward.once('error', () => outgoing.destroy());
    incoming.pipe(onward);
  };
}
