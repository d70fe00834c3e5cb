/** The stream that a client of 2025 opens with GET: changes of the lists, and of the resources that it is subscribed to. */

import type { IncomingMessage, ServerResponse } from 'node:http';
import type { McpBackend, ResourceChange } from '../backend.ts';

/** True for a request for the stream. Clients of 2026-07-28 say their revision and are told 405; those before 2025-06-18 say none. */
export function opensOlderStream({ method, headers }: Pick<IncomingMessage, 'method' | 'headers'>): boolean {
  if (method !== 'GET' || headers.accept?.includes('text/event-stream') !== true) return false;
  const revision = headers['mcp-protocol-version'];
  return revision === undefined || (typeof revision === 'string' && revision < '2026');
}

/** Resolves when the connection is over. Nothing is resent: after a gap the client reads again, as it does when it connects. */
export async function serveOlderStream(
  res: ServerResponse,
  { principal, wishes, subscribe }: McpBackend,
  { keepAliveMs, failed }: { keepAliveMs: number; failed(error: unknown): void },
): Promise<void> {
  const over = new Promise<void>((resolve) => void res.once('close', resolve));
  const followed = wishes.follow(principal);
  const tell = async (change: ResourceChange) => {
    if (change.kind === 'resources_list_changed') return send(res, 'notifications/resources/list_changed');
    if (await followed.wants(change.uri)) send(res, 'notifications/resources/updated', { uri: change.uri });
  };
  try {
    // One after the other, because the second may be known before the first is looked up.
    let told = Promise.resolve();
    const stop = await subscribe((change) => void (told = told.then(() => tell(change)).catch(failed)));
    res.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-cache, no-transform', 'x-accel-buffering': 'no' });
    // A proxy passes the head on with the first bytes.
    res.write(': open\n\n');
    const beat = setInterval(() => res.write(': keep-alive\n\n'), keepAliveMs);
    await over;
    clearInterval(beat);
    stop();
  } finally {
    await followed.stop();
  }
}

function send(res: ServerResponse, method: string, params?: object): void {
  if (res.writable)
    res.write(`event: message\ndata: ${JSON.stringify({ jsonrpc: '2.0', method, ...(params === undefined ? {} : { params }) })}\n\n`);
}
