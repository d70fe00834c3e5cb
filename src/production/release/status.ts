/** What a release looks like from outside; never an environment, which may hold secrets. */

import type { SlotName } from './desired.ts';
import type { Supervisor } from './supervisor.ts';

export interface ReplicaStatus {
  id: string;
  pid: number | null;
  port: number;
  healthy: boolean;
  in_flight: number;
  restarts: number;
  /** The last answer to a check of health. */
  health: string | null;
}

export interface SlotStatus {
  slot: SlotName;
  version: string;
  state: 'live' | 'canary' | 'previous' | 'starting';
  /** Percent of the requests. */
  weight: number;
  /** How many a complete slot has; `previous` after a rolling release has none running. */
  wanted: number;
  replicas: ReplicaStatus[];
}

export interface ReleaseStatus {
  listen: string;
  live: string | null;
  canary: string | null;
  previous: string | null;
  /** What is under way. */
  change: { what: string; since: string } | null;
  slots: SlotStatus[];
  supervisor: { pid: number };
  proxy: { pid: number | null };
}

export async function statusOf(supervisor: Supervisor): Promise<ReleaseStatus> {
  const { desired, state, proxy } = supervisor;
  const inFlight = await proxy.inFlight();
  const versionOf = (name: SlotName | null): string | null => desired.slots.find((slot) => slot.name === name)?.spec.version ?? null;
  return {
    listen: addressOf(state.listen),
    live: versionOf(desired.live),
    canary: versionOf(desired.canary),
    previous: versionOf(desired.previous),
    change: state.change === null ? null : { what: state.change.what, since: state.change.since },
    slots: desired.slots.map(({ name, spec, weight, running }) => ({
      slot: name,
      version: spec.version,
      state: name === desired.live ? 'live' : name === desired.canary ? 'canary' : name === desired.previous ? 'previous' : 'starting',
      weight,
      wanted: running,
      replicas: supervisor.of(name).map(({ place, healthy, said }) => ({
        id: place.id,
        pid: place.process?.pid ?? null,
        port: place.port,
        healthy,
        in_flight: inFlight[place.id] ?? 0,
        restarts: place.restarts,
        health: said,
      })),
    })),
    supervisor: { pid: process.pid },
    proxy: { pid: proxy.pid ?? null },
  };
}

export function addressOf({ host, port }: { host: string; port: number }): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}
