/** One replica: started, asked for its health, started again when it ends, and let go. */

import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { endGroup } from '../../system/process.ts';
import type { VersionSpec } from './desired.ts';
import { logFolder } from './names.ts';
import { type Health, probe } from './probe.ts';
import { endOfStranger, freePort, startCommand } from './spawn.ts';
import type { Place } from './state.ts';
import { reasonOf } from '../reason.ts';

/** Replicas are reached through the proxy alone. */
export const replicaHost = '127.0.0.1';

/** Between checks of a replica that is not ready yet, so that a release does not wait for the next second. */
const eagerMs = 200;

/** Between checks of one that serves: kamal-proxy asks as often. */
const steadyMs = 1_000;

/** One answer may be lost; two in a row are a state. */
const failuresToUnhealthy = 2;

/** The first restart is at once: a crash that does not come back costs nothing. Then 1, 2, 4 … 30 s, as CrashLoopBackOff of Kubernetes does it, with less patience at its end. */
const backOffMs = [0, 1_000, 2_000, 4_000, 8_000, 16_000, 30_000];

/** A replica that was well for so long starts over with its back-off. */
const forgivenMs = 60_000;

export interface Surroundings {
  /** The state folder. */
  readonly folder: string;
  /** The place was changed and must be on disk before anything else happens. */
  save(): void;
  /** Health, process or restarts are different now. */
  changed(): void;
  record(event: string, details: Record<string, unknown>): void;
}

export class Replica {
  readonly place: Place;
  readonly spec: VersionSpec;
  healthy: boolean;
  /** Of the last check; null before the first. */
  said: string | null = null;
  /** How often it ended before it was ever healthy. */
  stillborn = 0;
  /** A replica that still starts is not hung, however long it takes. */
  #wasHealthy: boolean;
  readonly #around: Surroundings;
  readonly #leave = new AbortController();
  readonly #life: Promise<void>;

  constructor(place: Place, spec: VersionSpec, around: Surroundings) {
    this.place = place;
    this.spec = spec;
    this.#around = around;
    // One that is taken up serves already; whether it is well the first check tells.
    this.healthy = place.process !== null && !place.leaving;
    this.#wasHealthy = this.healthy;
    this.#life = place.leaving ? Promise.resolve() : this.#live();
  }

  get log(): string {
    return join(this.#around.folder, logFolder, `${this.place.id}.log`);
  }

  /** Ends it: TERM, its time, KILL. What it has in flight was waited for before. */
  async end(): Promise<void> {
    this.#leave.abort();
    this.healthy = false;
    await this.#life;
    if (this.place.process !== null) await endGroup(this.place.process, this.spec.patience.stop);
    this.place.process = null;
  }

  async #live(): Promise<void> {
    const { signal } = this.#leave;
    let failures = 0;
    while (!signal.aborted) {
      const started = performance.now();
      try {
        const end = await this.#run(signal);
        if (signal.aborted) return;
        this.#around.record('replica ended', {
          replica: this.place.id,
          version: this.place.version,
          pid: this.place.process?.pid,
          how: end,
        });
      } catch (error) {
        if (signal.aborted) return;
        this.#around.record('replica failed to start', {
          replica: this.place.id,
          why: reasonOf(error),
        });
      }
      // What the leader of the group left behind would hold the port, or go on working.
      if (this.place.process !== null) await endGroup(this.place.process, 0);
      failures = performance.now() - started > forgivenMs ? 0 : failures + 1;
      this.#ended();
      await sleep(backOffMs[Math.min(failures - 1, backOffMs.length - 1)] ?? 0, undefined, { signal }).catch(() => undefined);
    }
  }

  #ended(): void {
    if (!this.healthy) this.stillborn += 1;
    this.healthy = false;
    this.place.process = null;
    this.place.restarts += 1;
    this.#around.save();
    this.#around.changed();
  }

  /** How the process ended. It is the one on record, or a new one. */
  async #run(signal: AbortSignal): Promise<string> {
    const { ended } = this.place.process === null ? await this.#start() : { ended: endOfStranger(this.place.process, signal) };
    const checks = new AbortController();
    const stop = (): void => checks.abort();
    signal.addEventListener('abort', stop, { once: true });
    try {
      const left = new Promise<string>((resolve) => signal.addEventListener('abort', () => resolve('told to'), { once: true }));
      return await Promise.race([ended, left, this.#check(checks.signal)]);
    } finally {
      stop();
      signal.removeEventListener('abort', stop);
    }
  }

  async #start(): Promise<{ ended: Promise<string> }> {
    const { place, spec } = this;
    place.port = await freePort(replicaHost);
    const environment = { ...process.env, ...spec.environment, PORT: String(place.port), HOST: replicaHost };
    const { identity, begin, ended } = await startCommand({ command: spec.command, cwd: spec.cwd, environment, log: this.log });
    place.process = identity;
    this.#around.save();
    begin();
    this.#around.record('replica started', { replica: place.id, version: place.version, pid: identity.pid, port: place.port });
    return { ended };
  }

  /** Ends only with a replica that gives no answer at all, which it kills. */
  async #check(signal: AbortSignal): Promise<string> {
    const { hang, health: patience } = this.spec.patience;
    let failures = 0;
    let answered = performance.now();
    for (;;) {
      const health = await probe({ host: replicaHost, port: this.place.port, timeoutMs: patience }, this.spec.health);
      if (signal.aborted) return 'told to';
      failures = health.healthy ? 0 : failures + 1;
      if (health.answered || !this.#wasHealthy) answered = performance.now();
      this.#judge(health, failures);
      if (performance.now() - answered > hang && this.place.process !== null) {
        await endGroup(this.place.process, 0);
        return `killed: no answer to checks of health for ${hang / 1_000} s`;
      }
      const pause = this.healthy && health.healthy ? steadyMs : eagerMs;
      await sleep(pause, undefined, { signal }).catch(() => undefined);
    }
  }

  #judge(health: Health, failures: number): void {
    const before = this.healthy;
    this.said = health.said;
    if (health.healthy) {
      this.healthy = true;
      this.#wasHealthy = true;
      this.stillborn = 0;
    } else if (failures >= failuresToUnhealthy || !this.#wasHealthy) this.healthy = false;
    if (this.healthy === before) return;
    this.#around.record(this.healthy ? 'replica healthy' : 'replica unhealthy', {
      replica: this.place.id,
      version: this.place.version,
      said: health.said,
    });
    this.#around.changed();
  }
}
