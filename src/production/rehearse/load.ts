/** Load at a steady rate, whether answers come or not: what real clients do, and what shows an outage in its whole length. */

import { Agent, type IncomingMessage, type OutgoingHttpHeaders, request } from 'node:http';
import { text } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';

/** One request to send. */
export interface Shot {
  readonly method: string;
  readonly path: string;
  readonly headers?: OutgoingHttpHeaders;
  readonly body?: string;
  /** Decides whether the answer is the one that was wanted, and keeps what it needs of it. Default: 2xx. */
  accept?(status: number, body: string): boolean;
}

export interface Kind {
  readonly name: string;
  /** How often, relative to the others. */
  readonly share: number;
  shoot(number: number): Shot;
}

/** One request and what came of it. Times in milliseconds since the beginning of the load. */
export interface Sample {
  readonly kind: string;
  readonly at: number;
  readonly ms: number;
  /** null: no answer, or half of one. */
  readonly status: number | null;
  readonly ok: boolean;
  /** Why it is not; null when it is. */
  readonly why: string | null;
}

/** An event stream that was open, and how it ended. */
export interface StreamEnd {
  readonly at: number;
  /** Ended by the server between two events; `broken`: the connection broke. */
  readonly how: 'whole' | 'broken' | 'refused';
  readonly why: string | null;
}

export interface LoadOptions {
  readonly host: string;
  readonly port: number;
  /** Requests a second. */
  readonly rate: number;
  readonly kinds: readonly Kind[];
  /** How many event streams are held open all the time. */
  readonly streams?: { readonly count: number; readonly shot: Shot } | undefined;
}

/** An answer that takes longer is given up: longer than any limit of the service. */
const patienceMs = 60_000;

/** How often it is looked at whether requests are due. */
const tickMs = 5;

/** Before a stream that has ended is opened again: clients of event streams wait some seconds, which would leave little to see here. */
const reopenMs = 100;

export class Load {
  readonly samples: Sample[] = [];
  readonly streamEnds: StreamEnd[] = [];
  readonly startedAt = Date.now();
  readonly #began = performance.now();
  readonly #options: LoadOptions;
  readonly #agent = new Agent({ keepAlive: true, maxFreeSockets: 256 });
  readonly #stop = new AbortController();
  readonly #open = new Set<Promise<void>>();
  #wheel: readonly Kind[];
  readonly #running: Promise<unknown>;
  /** Events that streams have brought. */
  events = 0;

  constructor(options: LoadOptions) {
    this.#options = options;
    this.#wheel = spread(options.kinds);
    const streams = Array.from({ length: options.streams?.count ?? 0 }, () => this.#stream());
    this.#running = Promise.all([this.#send(), ...streams]);
  }

  /** Milliseconds since the beginning. */
  get now(): number {
    return performance.now() - this.#began;
  }

  /** From now on sends these kinds only, at the same rate. */
  only(names: readonly string[]): void {
    this.#wheel = spread(this.#options.kinds.filter(({ name }) => names.includes(name)));
  }

  /** Sends nothing more, waits for the answers that are due, and closes the streams. */
  async stop(): Promise<void> {
    this.#stop.abort();
    await this.#running;
    await Promise.all(this.#open);
    this.#agent.destroy();
  }

  async #send(): Promise<void> {
    const { signal } = this.#stop;
    for (let sent = 0; !signal.aborted; await sleep(tickMs)) {
      const due = Math.floor((this.now / 1_000) * this.#options.rate);
      for (; sent < due; sent += 1) {
        const kind = this.#wheel[sent % this.#wheel.length];
        if (kind === undefined) continue;
        const shot: Promise<void> = this.#shoot(kind, sent).finally(() => this.#open.delete(shot));
        this.#open.add(shot);
      }
    }
  }

  async #shoot(kind: Kind, number: number): Promise<void> {
    const at = this.now;
    const shot = kind.shoot(number);
    const { status, body, why } = await this.#ask(shot);
    const ok = why === null && status !== null && (shot.accept?.(status, body) ?? (status >= 200 && status < 300));
    this.samples.push({ kind: kind.name, at, ms: this.now - at, status, ok, why: ok ? null : (why ?? reasonOf(status, body)) });
  }

  #ask(shot: Shot): Promise<{ status: number | null; body: string; why: string | null }> {
    return new Promise((resolve) => {
      const sent = this.#request(shot);
      const failed = (error: NodeJS.ErrnoException): void => resolve({ status: null, body: '', why: error.code ?? error.message });
      sent.setTimeout(patienceMs, () => sent.destroy(new Error(`no answer in ${patienceMs / 1_000} s`)));
      sent.on('error', failed);
      sent.on('response', (answer) => {
        let body = '';
        answer.setEncoding('utf8');
        answer.on('data', (chunk: string) => void (body += chunk));
        answer.on('error', failed);
        answer.on('end', () => resolve({ status: answer.statusCode ?? null, body, why: null }));
      });
    });
  }

  /** Opens it again whenever it ends, until the load is over. */
  async #stream(): Promise<void> {
    const { signal } = this.#stop;
    const shot = this.#options.streams?.shot;
    if (shot === undefined) return;
    while (!signal.aborted) {
      const end = await this.#listen(shot, signal);
      if (signal.aborted) return;
      this.streamEnds.push({ at: this.now, ...end });
      await sleep(reopenMs);
    }
  }

  #listen(shot: Shot, signal: AbortSignal): Promise<Pick<StreamEnd, 'how' | 'why'>> {
    return new Promise((resolve) => {
      const sent = this.#request(shot, signal);
      sent.on('error', (error: NodeJS.ErrnoException) => resolve({ how: 'refused', why: error.code ?? error.message }));
      sent.on('response', (answer: IncomingMessage) => {
        answer.on('error', (error: NodeJS.ErrnoException) => resolve({ how: 'broken', why: error.code ?? error.message }));
        if (answer.statusCode !== 200)
          return void text(answer).then(
            (body) => resolve({ how: 'refused', why: reasonOf(answer.statusCode, body) }),
            () => undefined,
          );
        let tail = '';
        answer.on('data', (chunk: Buffer) => {
          this.events += 1;
          tail = (tail + chunk.subarray(-2).toString('latin1')).slice(-2);
        });
        answer.on('end', () =>
          resolve(tail === '\n\n' || tail === '' ? { how: 'whole', why: null } : { how: 'broken', why: 'in the middle of an event' }),
        );
      });
    });
  }

  #request({ method, path, headers, body }: Shot, signal?: AbortSignal) {
    const { host, port } = this.#options;
    const length = body === undefined ? {} : { 'content-length': Buffer.byteLength(body) };
    const sent = request({
      host,
      port,
      method,
      path,
      headers: { ...headers, ...length },
      agent: signal === undefined ? this.#agent : false,
      ...(signal === undefined ? {} : { signal }),
    });
    sent.end(body);
    return sent;
  }
}

function reasonOf(status: number | null | undefined, body: string): string {
  return `${status}: ${body.slice(0, 200)}`;
}

/** Each kind as often as its share, spread evenly: `a b a c a b`. */
export function spread(kinds: readonly Kind[]): Kind[] {
  const total = kinds.reduce((sum, { share }) => sum + share, 0);
  const owed = kinds.map(() => 0);
  return Array.from({ length: total }, () => {
    kinds.forEach(({ share }, index) => (owed[index] = (owed[index] ?? 0) + share));
    const next = owed.indexOf(Math.max(...owed));
    owed[next] = (owed[next] ?? 0) - total;
    return kinds[next];
  }).filter((kind) => kind !== undefined);
}
