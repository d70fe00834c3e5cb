/** Holds what should run against what runs: replicas, proxy, table; and survives its own end, because all of it is on disk or lives on. */

import { appendFileSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { isAlive } from '../../system/process.ts';
import { reasonOf } from '../reason.ts';
import { Refused } from './refused.ts';
import { type Desired, type Slot, type SlotName, slotOf } from './desired.ts';
import { Fleet } from './fleet.ts';
import { lastLines, trimLogs } from './logs.ts';
import { eventsFile, logFolder } from './names.ts';
import { ProxyProcess } from './proxy-process.ts';
import { type State, newState, readState, writeState } from './state.ts';

/** How often logs are looked at: at 20 MB a file, less than a disk fills in. */
const trimMs = 60_000;

/** How long an unfinished change waits for what it goes back to, before the rest of it is withdrawn anyway. */
const revertMs = 60_000;

export interface SupervisorOptions {
  /** The state folder. */
  readonly folder: string;
  readonly listen: State['listen'];
}

export class Supervisor {
  readonly folder: string;
  readonly #state: State;
  readonly #fleet: Fleet;
  readonly proxy: ProxyProcess;
  readonly #timer: NodeJS.Timeout;
  #stopped = false;
  /** Aborted when the change under way shall not go on. */
  #change: { abort: AbortController; done: Promise<unknown> } | undefined;

  constructor({ folder, listen }: SupervisorOptions) {
    this.folder = folder;
    mkdirSync(join(folder, logFolder), { recursive: true, mode: 0o700 });
    this.#state = { ...(readState(folder) ?? newState(listen)), listen };
    const record = (event: string, details: Record<string, unknown>): void => this.record(event, details);
    this.proxy = new ProxyProcess({ folder, listen, record });
    this.#fleet = new Fleet({
      folder,
      record,
      save: () => this.#save(),
      changed: () => void this.#route().catch((error: unknown) => record('proxy silent', { why: reasonOf(error) })),
      drain: (replicas, timeoutMs) => this.proxy.drain(replicas, timeoutMs),
    });
    this.#timer = setInterval(() => this.#trim(), trimMs).unref();
  }

  get desired(): Desired {
    return this.#state.desired;
  }

  get state(): Readonly<State> {
    return this.#state;
  }

  of(slot: SlotName): ReturnType<Fleet['of']> {
    return this.#fleet.of(slot);
  }

  /** Takes up what runs, starts what should, and undoes a change that its supervisor did not finish. @throws Error when it cannot listen */
  async start(): Promise<void> {
    const { change, places, desired } = this.#state;
    this.record('supervisor started', { pid: process.pid });
    for (const place of places) if (place.process !== null && !isAlive(place.process)) place.process = null;
    this.#fleet.adopt(places, [...desired.slots, ...(change?.before.slots ?? [])]);
    this.#fleet.plan(desired);
    this.#save();
    await this.proxy.start(this.#fleet.table(desired));
    void this.#fleet.dismiss();
    if (change === null) return;
    this.record('unfinished change', { change: change.what, since: change.since });
    this.#change = { abort: new AbortController(), done: this.#revert(change.before) };
    void this.#change.done.finally(() => (this.#change = undefined));
  }

  /**
   * One change at a time. When `work` throws, or this process dies before `commit`, all goes back to what was before.
   * @throws Refused when another one is under way
   */
  async change<Result>(
    what: string,
    signal: AbortSignal,
    work: (before: Desired, signal: AbortSignal) => Promise<Result>,
  ): Promise<Result> {
    const { change } = this.#state;
    if (this.#change !== undefined || this.#stopped)
      throw new Refused(
        this.#stopped
          ? 'The release is being stopped.'
          : `Another change is under way: ${change?.what ?? 'going back'}, since ${change?.since ?? 'just now'}.`,
        'Wait for its end, or end it with `quarterdeck release rollback`.',
      );
    const before = this.desired;
    const abort = new AbortController();
    const run = async (): Promise<Result> => {
      this.#state.change = { what, since: new Date().toISOString(), before };
      this.#save();
      this.record('change', { change: what });
      try {
        const result = await work(before, AbortSignal.any([signal, abort.signal]));
        this.#state.change = null;
        this.#save();
        return result;
      } catch (error) {
        this.record('change failed', { change: what, why: reasonOf(error) });
        if (this.#state.change !== null) await this.#revert(before);
        throw error;
      }
    };
    const done = run();
    this.#change = { abort, done };
    return done.finally(() => (this.#change = undefined));
  }

  /** Ends the change under way and goes back. false: there is none. */
  async abortChange(): Promise<boolean> {
    if (this.#change === undefined || this.#state.change === null) return false;
    const { abort, done } = this.#change;
    abort.abort(new Refused('It was rolled back.', ''));
    await done.catch(() => undefined);
    return true;
  }

  /** Makes it so: decides, writes it down, sends the new table, and only then lets go of what is not wanted. Returns when the table is in use. */
  async apply(desired: Desired): Promise<{ dismissed: Promise<void> }> {
    this.#state.desired = desired;
    this.#fleet.plan(desired);
    this.#save();
    await this.#route();
    return { dismissed: this.#fleet.dismiss() };
  }

  /** The same, from which nothing goes back any more. Milliseconds until all requests go by it. */
  async commit(desired: Desired): Promise<{ ms: number; dismissed: Promise<void> }> {
    const began = performance.now();
    this.#state.change = null;
    const { dismissed } = await this.apply(desired);
    const ms = Math.round(performance.now() - began);
    this.record('switched', { shares: Object.fromEntries(desired.slots.map(({ spec, weight }) => [spec.version, weight])), ms });
    return { ms, dismissed };
  }

  /** Waits until so many replicas of a slot are healthy. @throws Refused with what they said when they do not become so */
  async healthy(name: SlotName, count: number, signal: AbortSignal): Promise<void> {
    const slot = slotOf(this.desired, name);
    const why = await this.#fleet.healthy(slot, count, signal);
    if (why !== undefined)
      throw new Refused(`${slot.spec.version} never became healthy: ${why}.${this.#lastWords(slot)}`, 'What was live serves as before.');
  }

  /** This replica goes with the next table; its slot does not shrink. */
  release(replica: string): void {
    this.#fleet.release(replica);
  }

  /** Waits until a slot has nothing in flight, and cuts what is late. */
  drain({ name, spec }: Slot): Promise<unknown> {
    return this.proxy.drain(
      this.of(name).map(({ place }) => place.id),
      spec.patience.drain,
    );
  }

  /** Ends everything in order; what should run stays written down, and runs again after the next start. */
  async stop(): Promise<void> {
    await this.abortChange();
    this.#stopped = true;
    clearInterval(this.#timer);
    const patience = Math.max(0, ...this.desired.slots.map(({ spec }) => spec.patience.drain));
    await this.proxy.stop(patience);
    await this.#fleet.end();
    this.record('supervisor stopped', {});
  }

  /** A line in the log of what happened, for people and for reports. */
  record(event: string, details: Record<string, unknown>): void {
    appendFileSync(join(this.folder, eventsFile), `${JSON.stringify({ at: new Date().toISOString(), event, ...details })}\n`, {
      mode: 0o600,
    });
  }

  /** First what was live gets its replicas back, then what was begun goes. */
  async #revert(before: Desired): Promise<void> {
    const begun = this.desired.slots.filter(
      ({ name, spec }) => !before.slots.some((slot) => slot.name === name && slot.spec.version === spec.version),
    );
    await this.apply({ ...before, slots: [...before.slots.filter(({ name }) => !begun.some((slot) => slot.name === name)), ...begun] });
    for (const slot of before.slots)
      if (slot.weight > 0)
        await this.#fleet.healthy(
          { ...slot, spec: { ...slot.spec, patience: { ...slot.spec.patience, deploy: revertMs } } },
          slot.running,
          AbortSignal.timeout(revertMs),
        );
    this.#state.change = null;
    const { dismissed } = await this.apply(before);
    await dismissed;
    this.record('went back', { live: before.slots.find(({ name }) => name === before.live)?.spec.version ?? null });
  }

  async #route(): Promise<void> {
    if (!this.#stopped) await this.proxy.use(this.#fleet.table(this.desired));
  }

  #save(): void {
    this.#state.places = this.#fleet.places;
    writeState(this.folder, this.#state);
  }

  #lastWords({ name, spec }: Slot): string {
    const [replica] = this.of(name).filter(({ healthy }) => !healthy);
    if (replica === undefined) return '';
    const lines = lastLines(replica.log, 8, Object.values(spec.environment));
    return lines === '' ? ` It wrote nothing to ${replica.log}.` : ` Its last words (${replica.log}):\n${lines}\n`;
  }

  #trim(): void {
    try {
      trimLogs(join(this.folder, logFolder));
      trimLogs(this.folder);
    } catch (error) {
      // A full disk must not take the supervisor with it.
      process.stderr.write(`logs cannot be trimmed: ${reasonOf(error)}\n`);
    }
  }
}
