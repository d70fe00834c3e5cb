/** The proxy as its supervisor has it: started, taken up, given each new table, and started again when it ends. */

import { setTimeout as sleep } from 'node:timers/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type ProcessIdentity, endGroup, identityOf, isAlive } from '../../system/process.ts';
import { call } from './admin.ts';
import { lastLines } from './logs.ts';
import { proxyLog, proxySocket } from './names.ts';
import type { Table } from './proxy/table.ts';
import { endOf, endOfStranger, launch } from './spawn.ts';
import type { State } from './state.ts';
import { reasonOf } from '../reason.ts';

const entry = new URL(import.meta.url.endsWith('.ts') ? './proxy/main.ts' : './proxy/main.js', import.meta.url);

/** A start of the program takes a third of a second, on a busy machine two. */
const startMs = 15_000;

const lookMs = 10;

/** Between starts of a proxy that ends at once: somebody else has its port. */
const retryMs = 500;

interface Seen {
  pid: number;
  host: string;
  port: number;
  in_flight: Record<string, number>;
}

export interface ProxySurroundings {
  readonly folder: string;
  readonly listen: State['listen'];
  record(event: string, details: Record<string, unknown>): void;
}

export class ProxyProcess {
  readonly #around: ProxySurroundings;
  readonly #stop = new AbortController();
  #table: Table = { routes: [] };
  #sent: Table | undefined;
  #sending: Promise<void> | undefined;
  #identity: ProcessIdentity | undefined;

  constructor(around: ProxySurroundings) {
    this.#around = around;
  }

  get pid(): number | undefined {
    return this.#identity?.pid;
  }

  /** Resolves when the proxy listens with this table. @throws Error when it cannot listen */
  async start(table: Table): Promise<void> {
    this.#table = table;
    const found = await this.#find();
    this.#identity = found;
    const { ended } = found === undefined ? await this.#launch() : { ended: endOfStranger(found, this.#stop.signal) };
    this.#around.record(found === undefined ? 'proxy started' : 'proxy taken up', { pid: this.pid });
    try {
      await this.#first();
    } catch (error) {
      await this.stop(0);
      throw error;
    }
    // From now on it is started again whenever it ends.
    void this.#revive(ended);
  }

  /** Resolves when requests go by this table. A proxy that is being started again gets it as its first. @throws Error when there is none for long */
  async use(table: Table): Promise<void> {
    this.#table = table;
    const until = performance.now() + startMs;
    while (this.#sent !== this.#table && !this.#stop.signal.aborted) {
      if (performance.now() > until) throw new Error(`The proxy does not answer; ${join(this.#around.folder, proxyLog)} may say why.`);
      this.#sending ??= this.#send().finally(() => (this.#sending = undefined));
      await this.#sending;
    }
  }

  async drain(replicas: readonly string[], timeoutMs: number): Promise<unknown> {
    try {
      return await this.#ask('drain', { replicas, timeout_ms: timeoutMs });
    } catch {
      // It ended, and with it all that was in flight through it.
      return { finished: 0, cut: 0, streams: 0, lost: true };
    }
  }

  async inFlight(): Promise<Record<string, number>> {
    return this.#look().then(
      (seen) => seen.in_flight,
      () => ({}),
    );
  }

  metrics(): Promise<unknown> {
    return this.#ask('metrics', null);
  }

  /** Lets what is in flight end, for so long. */
  async stop(timeoutMs: number): Promise<void> {
    this.#stop.abort();
    await this.#ask('stop', { timeout_ms: timeoutMs }).catch(() => undefined);
    if (this.#identity !== undefined) await endGroup(this.#identity, 1_000);
  }

  async #send(): Promise<void> {
    const table = this.#table;
    try {
      await this.#ask('use', table);
      this.#sent = table;
    } catch {
      // It has just ended; the next one begins with the table that is current then.
      await sleep(lookMs);
    }
  }

  async #revive(first: Promise<string>): Promise<void> {
    let ended = first;
    for (;;) {
      const how = await ended.catch(() => 'told to');
      if (this.#stop.signal.aborted) return;
      this.#sent = undefined;
      this.#around.record('proxy ended', { pid: this.pid, how });
      const since = performance.now();
      try {
        ended = (await this.#launch()).ended;
        await this.#first();
        this.#around.record('proxy started', { pid: this.pid, ms: Math.round(performance.now() - since) });
      } catch (error) {
        this.#around.record('proxy failed to start', { why: reasonOf(error) });
        // Were it to come up later, it would keep the next one from its place.
        if (this.#identity !== undefined) await endGroup(this.#identity, 0);
        await sleep(retryMs);
        ended = Promise.resolve('it could not start');
      }
    }
  }

  async #launch(): Promise<{ ended: Promise<string> }> {
    const { folder, listen } = this.#around;
    const words = [...process.execArgv, fileURLToPath(entry), folder, listen.host, String(listen.port)];
    const child = await launch(process.execPath, words, { environment: process.env, log: join(folder, proxyLog), gate: 'ignore' });
    this.#identity = identityOf(child.pid ?? 0);
    return { ended: endOf(child) };
  }

  /** Gives it its first table, with which it begins to listen. @throws Error when it does not */
  async #first(): Promise<void> {
    const { folder } = this.#around;
    const until = performance.now() + startMs;
    for (;;) {
      const table = this.#table;
      try {
        await this.#ask('use', table);
        this.#sent = table;
        return;
      } catch (error) {
        // Not only while nobody answers: the one before may be accepting still while the system takes it away.
        const waits = this.#identity !== undefined && isAlive(this.#identity);
        if (waits && performance.now() < until) await sleep(lookMs);
        else throw new Error(lastLines(join(folder, proxyLog), 1, []) || 'The proxy does not answer.', { cause: error });
      }
    }
  }

  /** One that was left by an earlier supervisor, and listens where it should. */
  async #find(): Promise<ProcessIdentity | undefined> {
    const seen = await this.#look().catch(() => undefined);
    if (seen === undefined) return undefined;
    const { host, port } = this.#around.listen;
    if (seen.host === host && seen.port === port) return identityOf(seen.pid);
    await this.#ask('stop', { timeout_ms: 0 });
    return undefined;
  }

  async #look(): Promise<Seen> {
    return (await this.#ask('look', null)) as Seen;
  }

  #ask(command: string, input: unknown): Promise<unknown> {
    return call(this.#around.folder, proxySocket, command, input);
  }
}
