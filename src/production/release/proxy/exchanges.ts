/** What is in flight through the proxy, by replica: counted, waited for, and ended when a replica must go. */

import type { IncomingMessage, ServerResponse } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';

/** One request that a replica has, until its answer is over. */
export interface Exchange {
  readonly replica: string;
  /**
   * An event stream that the server keeps open to tell of changes, not the answer to a call: it would never end, so that nobody waits
   * for it. Clients open it again and go on after the last event that they saw.
   */
  standing: boolean;
  /** A WebSocket: it ends with the replica, which says goodbye in its own protocol. */
  readonly upgraded: boolean;
  /** Ends it where a client sees no half of anything; false: not now, an event is on its way. */
  close(): boolean;
  /** Ends it at once. */
  cut(): void;
}

export interface Drained {
  /** Requests that were in flight and were answered. */
  finished: number;
  /** Requests that were still in flight when the time was over. */
  cut: number;
  /** Event streams that were ended early. */
  streams: number;
}

/** How often it is looked at whether all is over: below what anybody notices in a switch. */
const lookMs = 10;

export class Exchanges {
  readonly #open = new Set<Exchange>();
  readonly #counts = new Map<string, number>();
  readonly #standing = new Map<string, number>();

  add(exchange: Exchange): void {
    this.#open.add(exchange);
    count(this.#counts, exchange.replica, 1);
  }

  /** From now on it only listens. */
  stands(exchange: Exchange): void {
    if (exchange.standing || !this.#open.has(exchange)) return;
    exchange.standing = true;
    count(this.#standing, exchange.replica, 1);
  }

  remove(exchange: Exchange): void {
    if (!this.#open.delete(exchange)) return;
    count(this.#counts, exchange.replica, -1);
    if (exchange.standing) count(this.#standing, exchange.replica, -1);
  }

  inFlight(replica: string): number {
    return this.#counts.get(replica) ?? 0;
  }

  /** Requests that wait for their answer: a stream that only listens is no work, and one more of them must not turn requests away. */
  waiting(replica: string): number {
    return this.inFlight(replica) - (this.#standing.get(replica) ?? 0);
  }

  counts(): Record<string, number> {
    return Object.fromEntries(this.#counts);
  }

  /** Waits until these replicas have nothing in flight, and cuts what is left after `timeoutMs`. Whoever calls has taken them off the table. */
  async drain(replicas: ReadonlySet<string>, timeoutMs: number, signal?: AbortSignal): Promise<Drained> {
    const mine = (): Exchange[] => [...this.#open].filter(({ replica, upgraded }) => !upgraded && replicas.has(replica));
    const before = mine();
    const streams = new Set<Exchange>();
    const until = performance.now() + timeoutMs;
    for (let left = before; left.length > 0; left = mine()) {
      for (const stream of left) if (stream.standing && !streams.has(stream) && stream.close()) streams.add(stream);
      if (performance.now() >= until) break;
      await sleep(lookMs, undefined, { signal });
    }
    const late = mine();
    for (const exchange of late) exchange.cut();
    const finished = before.filter((exchange) => !streams.has(exchange) && !late.includes(exchange)).length;
    return { finished, cut: late.filter((exchange) => !streams.has(exchange)).length, streams: streams.size };
  }
}

function count(counts: Map<string, number>, key: string, more: number): void {
  const now = (counts.get(key) ?? 0) + more;
  if (now > 0) counts.set(key, now);
  else counts.delete(key);
}

/** https://modelcontextprotocol.io/specification/2026-07-28: the one call whose answer is open as long as the client listens. */
const listening = 'subscriptions/listen';

/** Whether an answer is an event stream that stands open by itself: what GET opens, and the subscription of MCP. */
export function isStanding({ method, headers }: IncomingMessage, answer: IncomingMessage): boolean {
  const isStream = /^text\/event-stream\b/i.test(answer.headers['content-type'] ?? '');
  return isStream && (method === 'GET' || headers['mcp-method'] === listening);
}

/** An exchange over HTTP; `listen` is told when the answer turns out to be a standing stream. */
export function httpExchange(replica: string, response: ServerResponse): Exchange & { listen(answer: IncomingMessage): void } {
  let upstream: IncomingMessage | undefined;
  let tail = '\n\n';
  return {
    replica,
    standing: false,
    upgraded: false,
    listen(answer) {
      upstream = answer;
      answer.on('data', (chunk: Buffer) => void (tail = (tail + chunk.subarray(-2).toString('latin1')).slice(-2)));
    },
    close() {
      // An event ends with an empty line: https://html.spec.whatwg.org/multipage/server-sent-events.html
      if (tail !== '\n\n' || response.writableNeedDrain) return false;
      upstream?.unpipe(response);
      response.end();
      return true;
    },
    cut: () => void response.destroy(),
  };
}

export function upgradedExchange(replica: string): Exchange {
  return { replica, standing: false, upgraded: true, close: () => false, cut: () => undefined };
}
