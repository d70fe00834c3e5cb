/** What should run and who gets the requests, and how a release changes it. Pure: the supervisor makes it so. */

import { z } from 'zod';
import { Refused } from './refused.ts';

const slotName = z.enum(['blue', 'green']);
export type SlotName = z.output<typeof slotName>;

/** How patient the supervisor is with the replicas of a version, in milliseconds. */
const patience = z.strictObject({
  /** From the start of the first replica of a release until all answer. */
  deploy: z.number().positive(),
  /** For requests in flight, before they are cut. */
  drain: z.number().min(0),
  /** From SIGTERM to SIGKILL. */
  stop: z.number().min(0),
  /** For one answer to a check of health. */
  health: z.number().positive(),
  /** Without any answer to checks of health, before the replica is taken for hung and replaced. An answer of 503 is an answer. */
  hang: z.number().positive(),
});

/** What a version is, as the operator gave it. */
export const versionSpec = z.strictObject({
  version: z.string().min(1).max(100),
  /** For `bash -c`, which becomes it when it is one command; gets PORT and HOST. */
  command: z.string().min(1),
  cwd: z.string(),
  /** Beside what the supervisor itself was started with. May hold secrets: never shown. */
  environment: z.record(z.string(), z.string()),
  replicas: z.number().int().min(1).max(64),
  /** A path that answers 2xx when the replica can serve, or `mcp:` and the path of an MCP endpoint. */
  health: z.string().regex(/^(?:mcp:)?\//),
  patience,
});
export type VersionSpec = z.output<typeof versionSpec>;

const slot = z.strictObject({
  name: slotName,
  spec: versionSpec,
  /** How many should run: less than the version wants while it is rolled out, none when it was rolled over. */
  running: z.number().int().min(0),
  /** Share of the requests in percent. */
  weight: z.number().min(0).max(100),
});
export type Slot = z.output<typeof slot>;

export const desiredSchema = z.strictObject({
  slots: z.array(slot).max(2),
  live: slotName.nullable(),
  /** Gets a share, and waits to be promoted or rolled back. */
  canary: slotName.nullable(),
  /** What `rollback` goes back to. */
  previous: slotName.nullable(),
});
export type Desired = z.output<typeof desiredSchema>;

export const nothing: Desired = { slots: [], live: null, canary: null, previous: null };

/** @throws Refused when there is none of that name */
export function slotOf(desired: Desired, name: SlotName | null): Slot {
  const found = desired.slots.find((each) => each.name === name);
  if (found === undefined) throw new Refused('Nothing is released yet.', 'Release a version with `quarterdeck release deploy`.');
  return found;
}

/** Puts a version into the slot that is not live, with nobody sent to it yet. What was kept there to roll back to is gone. */
export function place(desired: Desired, spec: VersionSpec, running: number): { desired: Desired; name: SlotName } {
  if (desired.canary !== null) {
    const { spec: canary, weight } = slotOf(desired, desired.canary);
    throw new Refused(`${canary.version} is a canary with ${weight} % of the requests.`, 'Promote it or roll it back first.');
  }
  const live = desired.slots.find((each) => each.name === desired.live);
  if (live?.spec.version === spec.version)
    throw new Refused(`${spec.version} is live already.`, 'Give what you release a name of its own, such as the hash of its commit.');
  const name: SlotName = desired.live === 'blue' ? 'green' : 'blue';
  const slots = [...desired.slots.filter((each) => each.name !== name), { name, spec, running, weight: 0 }];
  return { name, desired: { ...desired, slots, previous: null } };
}

/** Gives a slot its share, and the live one the rest. */
export function weigh(desired: Desired, name: SlotName, weight: number): Desired {
  return mapSlots(desired, (each) =>
    each.name === name ? { ...each, weight } : each.name === desired.live ? { ...each, weight: 100 - weight } : each,
  );
}

export function run(desired: Desired, name: SlotName, running: number): Desired {
  return mapSlots(desired, (each) => (each.name === name ? { ...each, running } : each));
}

/** All requests go to it; the one that was live stays to roll back to. */
export function makeLive(desired: Desired, name: SlotName): Desired {
  const previous = desired.live === name ? desired.previous : desired.live;
  const slots = desired.slots.map((each) => ({ ...each, weight: each.name === name ? 100 : 0 }));
  return { slots, live: name, canary: null, previous };
}

export function withdraw(desired: Desired, name: SlotName): Desired {
  const slots = desired.slots
    .filter((each) => each.name !== name)
    .map((each) => (each.name === desired.live ? { ...each, weight: 100 } : each));
  return {
    slots,
    live: desired.live === name ? null : desired.live,
    canary: desired.canary === name ? null : desired.canary,
    previous: desired.previous === name ? null : desired.previous,
  };
}

/** @throws Refused when there is no canary */
export function shift(desired: Desired, weight: number): Desired {
  return weigh(desired, canaryOf(desired).name, weight);
}

/** @throws Refused when there is no canary */
export function promote(desired: Desired): Desired {
  return makeLive(desired, canaryOf(desired).name);
}

function canaryOf(desired: Desired): Slot {
  if (desired.canary === null) throw new Refused('There is no canary.', 'Release one with `quarterdeck release deploy --strategy canary`.');
  return slotOf(desired, desired.canary);
}

/** Where a rollback goes, and what it leaves. */
export interface Rollback {
  readonly to: Slot;
  readonly from: Slot;
}

/** @throws Refused when there is nothing to go back to */
export function planRollback(desired: Desired): Rollback {
  const live = slotOf(desired, desired.live);
  if (desired.canary !== null) return { to: live, from: slotOf(desired, desired.canary) };
  if (desired.previous === null)
    throw new Refused(`There is nothing before ${live.spec.version} to go back to.`, 'Release the version that you want instead.');
  return { to: slotOf(desired, desired.previous), from: live };
}

function mapSlots(desired: Desired, change: (slot: Slot) => Slot): Desired {
  return { ...desired, slots: desired.slots.map(change) };
}
