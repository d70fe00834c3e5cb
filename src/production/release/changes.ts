/** The ways to release: each is a few states of what should run, one after the other, with a gate of health between them. */

import {
  type Desired,
  type SlotName,
  type VersionSpec,
  makeLive,
  place,
  planRollback,
  promote,
  run,
  shift,
  slotOf,
  weigh,
  withdraw,
} from './desired.ts';
import type { Supervisor } from './supervisor.ts';
import type { Call } from './admin.ts';
import { Refused } from './refused.ts';

export const strategies = ['rolling', 'blue-green', 'canary'] as const;
export type Strategy = (typeof strategies)[number];

export interface Deployment {
  readonly spec: VersionSpec;
  readonly strategy: Strategy;
  /** Of a canary, in percent. */
  readonly weight: number;
}

/** What a change came to. */
export interface Changed {
  /** From the decision until every request went by it. Null when it went step by step. */
  readonly switched_ms: number | null;
}

/** @throws Refused when it cannot be begun, or never became healthy: then what was live serves as before */
export function deploy(supervisor: Supervisor, { spec, strategy, weight }: Deployment, { signal, report }: Call): Promise<Changed> {
  return supervisor.change(`deploy ${spec.version}, ${strategy}`, signal, async (before, stop) => {
    if (strategy === 'rolling' && before.live !== null) return roll(supervisor, before, spec, stop, report);
    const { desired, name } = place(before, spec, spec.replicas);
    report(`starting ${spec.replicas} of ${spec.version}`);
    await supervisor.apply(desired);
    await supervisor.healthy(name, spec.replicas, stop);
    // The first version has nothing to share with.
    if (strategy === 'canary' && before.live !== null) {
      const { ms } = await supervisor.commit({ ...weigh(desired, name, weight), canary: name });
      return { switched_ms: ms };
    }
    return switchTo(supervisor, makeLive(desired, name), before.live, report);
  });
}

/** One new replica joins, then an old one leaves, until all are new: never fewer than before, and never twice as many. */
async function roll(
  supervisor: Supervisor,
  before: Desired,
  spec: VersionSpec,
  signal: AbortSignal,
  report: Call['report'],
): Promise<Changed> {
  const old = slotOf(before, before.live);
  const placed = place(before, spec, 1);
  let { desired } = placed;
  for (let count = 1; count <= spec.replicas; count += 1) {
    report(`replica ${count} of ${spec.replicas} of ${spec.version}`);
    desired = run(desired, placed.name, count);
    await supervisor.apply(desired);
    await supervisor.healthy(placed.name, count, signal);
    const left = Math.max(0, old.running - Math.ceil((old.running * count) / spec.replicas));
    desired = run(weigh(desired, placed.name, (100 * count) / spec.replicas), old.name, left);
    const { dismissed } =
      count === spec.replicas ? await supervisor.commit(makeLive(desired, placed.name)) : await supervisor.apply(desired);
    await dismissed;
  }
  return { switched_ms: null };
}

/** The share of the canary in percent. @throws Refused when there is none */
export function shiftTo(supervisor: Supervisor, weight: number, { signal }: Call): Promise<Changed> {
  return supervisor.change(`shift to ${weight} %`, signal, async (before) => {
    const { ms } = await supervisor.commit(shift(before, weight));
    return { switched_ms: ms };
  });
}

/** @throws Refused when there is no canary */
export function promoteCanary(supervisor: Supervisor, { signal, report }: Call): Promise<Changed> {
  return supervisor.change('promote', signal, (before) => switchTo(supervisor, promote(before), before.live, report));
}

/**
 * Back to what was live before, or without the canary; a change under way is ended. The version that is left is drained and ended.
 * With `from`, only when it is this version that is left: an undo of a release must not undo the one before it.
 * @throws Refused when there is nothing to go back to
 */
export async function rollBack(supervisor: Supervisor, from: string | null, { signal, report }: Call): Promise<Changed> {
  const serves = (version: string): boolean => {
    const { slots, previous } = supervisor.desired;
    return slots.some(({ name, spec }) => spec.version === version && name !== previous);
  };
  if (from !== null && !serves(from)) return { switched_ms: null };
  // That may have been all that there was to leave. Under a release of another version the one to be left still serves.
  if ((await supervisor.abortChange()) && (from === null || !serves(from))) return { switched_ms: null };
  return supervisor.change('rollback', signal, async (before, stop) => {
    const { to, from: left } = planRollback(before);
    if (from !== null && left.spec.version !== from)
      throw new Refused(`A rollback would leave ${left.spec.version}, not ${from}.`, 'Roll that one back first.');
    let wanted = before;
    const cold = to.running < to.spec.replicas;
    if (cold) {
      // A rolling release left nothing of it.
      report(`starting ${to.spec.replicas} of ${to.spec.version}`);
      wanted = run(before, to.name, to.spec.replicas);
      await supervisor.apply(wanted);
    }
    await supervisor.healthy(to.name, cold ? to.spec.replicas : 1, stop);
    const { ms, dismissed } = await supervisor.commit(withdraw(makeLive(wanted, to.name), left.name));
    report(`${left.spec.version} is ended when it has answered what it has`);
    await dismissed;
    return { switched_ms: ms };
  });
}

/**
 * A fresh replica in the place of one that is slow or broken in a way that its health does not show. The new one must be healthy first; then
 * the old one answers what it has, and ends.
 * @throws Refused when there is no such replica, or the new one never becomes healthy: then all is as before
 */
export async function replaceReplica(supervisor: Supervisor, replica: string, { signal, report }: Call): Promise<Changed> {
  const slot = supervisor.desired.slots.find(({ name }) => supervisor.of(name).some(({ place: { id } }) => id === replica));
  if (slot === undefined) throw new Refused(`There is no replica ${replica}.`, '`quarterdeck release status` lists those that there are.');
  return supervisor.change(`replace ${replica}`, signal, async (before, stop) => {
    report(`starting another ${slot.spec.version}`);
    const healthy = supervisor.of(slot.name).filter((each) => each.healthy).length;
    await supervisor.apply(run(before, slot.name, slot.running + 1));
    await supervisor.healthy(slot.name, healthy + 1, stop);
    report(`${replica} answers what it has`);
    supervisor.release(replica);
    const { dismissed } = await supervisor.commit(before);
    await dismissed;
    return { switched_ms: null };
  });
}

async function switchTo(supervisor: Supervisor, desired: Desired, old: SlotName | null, report: Call['report']): Promise<Changed> {
  const { ms, dismissed } = await supervisor.commit(desired);
  const left = desired.slots.find(({ name }) => name === old);
  if (left !== undefined) {
    report(`${left.spec.version} answers what it has`);
    await supervisor.drain(left);
  }
  await dismissed;
  return { switched_ms: ms };
}
