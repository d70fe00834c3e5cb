/** All replicas: as many of each version as are wanted, each in its place, and the table that sends requests to them. */

import { EventEmitter, once } from 'node:events';
import type { Desired, Slot, SlotName } from './desired.ts';
import type { Table } from './proxy/table.ts';
import { Replica, type Surroundings, replicaHost } from './replica.ts';
import type { Place } from './state.ts';

/** A version whose replicas end this often before they were ever healthy will not become so. */
const mostStillborn = 3;

export interface FleetSurroundings extends Surroundings {
  /** Resolves when these replicas have nothing in flight, or it was cut. */
  drain(replicas: readonly string[], timeoutMs: number): Promise<unknown>;
}

export class Fleet {
  readonly #around: FleetSurroundings;
  readonly #replicas: Replica[] = [];
  readonly #leaving = new Map<string, Promise<void>>();
  readonly #news = new EventEmitter().setMaxListeners(0);
  #numbers = 0;

  constructor(around: FleetSurroundings) {
    this.#around = {
      ...around,
      changed: () => {
        around.changed();
        this.#news.emit('changed');
      },
    };
  }

  get places(): Place[] {
    return this.#replicas.map(({ place }) => place);
  }

  of(slot: SlotName): Replica[] {
    return this.#replicas.filter(({ place }) => place.slot === slot && !place.leaving);
  }

  /** Takes up what an earlier supervisor left. A place whose version is wanted no more goes. */
  adopt(places: readonly Place[], before: readonly Slot[]): void {
    for (const place of places) {
      this.#numbers = Math.max(this.#numbers, Number(place.id.split('-').at(-1)));
      const slot = before.find(({ name, spec }) => name === place.slot && spec.version === place.version);
      if (slot !== undefined) this.#replicas.push(new Replica(place, slot.spec, this.#around));
    }
  }

  /** Decides who stays, who comes and who goes; nothing is ended yet, so that the new table can go out before. */
  plan({ slots }: Desired): void {
    for (const replica of this.#replicas) {
      const slot = slots.find(({ name, spec }) => name === replica.place.slot && spec.version === replica.place.version);
      if (slot === undefined) replica.place.leaving = true;
    }
    for (const { name, spec, running } of slots) {
      const mine = this.of(name);
      // Those that serve stay longest.
      const worstFirst = mine.toSorted((one, other) => Number(one.healthy) - Number(other.healthy));
      for (const replica of worstFirst.slice(0, Math.max(0, mine.length - running))) replica.place.leaving = true;
      for (let count = mine.length; count < running; count += 1) {
        const id = `${name}-${(this.#numbers += 1)}`;
        const place: Place = { id, slot: name, version: spec.version, port: 0, process: null, restarts: 0, leaving: false };
        this.#replicas.push(new Replica(place, spec, this.#around));
      }
    }
  }

  /** It leaves with the next plan, whoever else serves better or worse. */
  release(id: string): void {
    const replica = this.#replicas.find(({ place }) => place.id === id);
    if (replica !== undefined) replica.place.leaving = true;
  }

  table({ slots }: Desired): Table {
    return {
      routes: slots.map(({ name, spec, weight }) => ({
        version: spec.version,
        weight,
        targets: this.of(name)
          .filter(({ place }) => place.process !== null)
          .map(({ place, healthy }) => ({ id: place.id, host: replicaHost, port: place.port, healthy })),
      })),
    };
  }

  /** Ends those that have to go, each after what it has in flight. Resolves when they are gone. */
  async dismiss(): Promise<void> {
    for (const replica of this.#replicas) {
      const { id, leaving } = replica.place;
      if (leaving && !this.#leaving.has(id)) this.#leaving.set(id, this.#dismiss(replica));
    }
    await Promise.all(this.#leaving.values());
  }

  async #dismiss(replica: Replica): Promise<void> {
    const { id, version } = replica.place;
    const drained = await this.#around.drain([id], replica.spec.patience.drain);
    await replica.end();
    this.#replicas.splice(this.#replicas.indexOf(replica), 1);
    this.#leaving.delete(id);
    this.#around.record('replica stopped', { replica: id, version, drained });
    this.#around.save();
    this.#around.changed();
  }

  /** Resolves to undefined when `count` replicas of a slot are healthy, or to why that will not be. */
  async healthy(slot: Slot, count: number, signal: AbortSignal): Promise<string | undefined> {
    const { deploy } = slot.spec.patience;
    const late = AbortSignal.any([signal, AbortSignal.timeout(deploy)]);
    for (;;) {
      const replicas = this.of(slot.name);
      if (replicas.filter(({ healthy }) => healthy).length >= count) return undefined;
      if (replicas.some(({ stillborn }) => stillborn >= mostStillborn))
        return `a replica ended ${mostStillborn} times before it was healthy`;
      signal.throwIfAborted();
      if (late.aborted)
        return `after ${deploy / 1_000} s: ${replicas.map(({ place, said }) => `${place.id} ${said ?? 'not asked yet'}`).join(', ')}`;
      await once(this.#news, 'changed', { signal: AbortSignal.any([late, AbortSignal.timeout(lookMs)]) }).catch(() => undefined);
    }
  }

  /** Ends all, each after what it has in flight; their places stay for the next start. */
  async end(): Promise<void> {
    await Promise.all(
      this.#replicas.map(async (replica) => {
        await this.#around.drain([replica.place.id], replica.spec.patience.drain);
        await replica.end();
      }),
    );
    this.#around.save();
  }
}

/** A check of health tells nothing new when a replica fails as it did before; its count of ends does. */
const lookMs = 100;
