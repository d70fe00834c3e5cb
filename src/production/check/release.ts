/** `check release`: whether a release on this machine serves as it should, also when its supervisor is gone and cannot be asked. */

import { call } from '../release/admin.ts';
import type { Desired } from '../release/desired.ts';
import { type PastEvent, endsSince, readHistory, servingSince } from '../release/history.ts';
import { proxySocket, supervisorSocket } from '../release/names.ts';
import { readState } from '../release/state.ts';
import { type ReleaseStatus, addressOf } from '../release/status.ts';
import { reasonOf } from '../reason.ts';
import { showDuration } from '../../system/duration.ts';
import { type CheckResult, type Judgement, conclude, judged, unseen } from './result.ts';

export interface ReleaseWishes {
  /** How many replicas may end by themselves… */
  readonly maxEnds: number;
  /** …within so long. */
  readonly withinMs: number;
  /** For how long a version counts as new: what began with it is probably its doing. */
  readonly newMs: number;
}

/** One may crash, and be started again within a second; more of them have a cause. */
export const defaultMaxEnds = 3;
export const defaultWithinMs = 10 * 60_000;
export const defaultNewMs = 24 * 3_600_000;

export interface ReleaseState {
  readonly listen: string;
  readonly desired: Desired;
  /** A text says why it does not answer. */
  readonly supervisor: ReleaseStatus | string;
  /** undefined: it answers. */
  readonly proxy: string | undefined;
  readonly history: readonly PastEvent[];
  readonly now: Date;
}

/**
 * What is wrong, in one word, for whoever decides by it. `stopped`: somebody ended it in order. `unsupervised`: the supervisor is gone, the
 * proxy perhaps not. `crash-loop`: replicas end again and again. `no-replica`: they run, and none is healthy.
 */
export type Condition = 'serving' | 'stopped' | 'unsupervised' | 'no-proxy' | 'nothing-live' | 'crash-loop' | 'no-replica' | 'degraded';

export async function checkRelease(folder: string, timeoutMs: number, wishes: ReleaseWishes): Promise<CheckResult> {
  const state = readState(folder);
  if (state === undefined)
    return conclude('release', [unseen('state', 'nothing was released there', folder, 'Check --state: it names the folder of a release.')]);
  const ask = (socket: string, command: string): Promise<unknown> =>
    call(folder, socket, command, null, { signal: AbortSignal.timeout(timeoutMs) });
  const observed: ReleaseState = {
    listen: addressOf(state.listen),
    desired: state.desired,
    supervisor: await ask(supervisorSocket, 'status').then((status) => status as ReleaseStatus, reasonOf),
    proxy: await ask(proxySocket, 'look').then(() => undefined, reasonOf),
    history: readHistory(folder),
    now: new Date(),
  };
  return conclude('release', judgeRelease(observed, wishes), measuredOf(observed, wishes));
}

/** Pure. */
export function judgeRelease(state: ReleaseState, wishes: ReleaseWishes): Judgement[] {
  const { supervisor, proxy, listen, history } = state;
  const start = 'Start it as it is started here, such as `quarterdeck release start --state FOLDER`: what runs is taken up.';
  const bound = lastOf(history, 'proxy failed to start');
  return [
    typeof supervisor === 'string'
      ? judged(
          'supervisor',
          `${supervisor}${wasStopped(history) ? `: it was stopped at ${history.at(-1)?.at}` : ''}`,
          'answers',
          false,
          start,
        )
      : judged('supervisor', `answers (process ${supervisor.supervisor.pid})`, 'answers', true, ''),
    proxy === undefined
      ? judged('proxy', `answers, listens on ${listen}`, 'answers', true, '')
      : judged(
          'proxy',
          bound === undefined ? proxy : `${proxy}; ${bound}`,
          'answers',
          false,
          typeof supervisor === 'string' ? start : `The supervisor starts it again and again: see who has ${listen}, and its log.`,
        ),
    ...(typeof supervisor === 'string' ? [] : judgeVersions(state, supervisor)),
    judgeEnds(state, wishes),
  ];
}

function judgeVersions({ history, now }: ReleaseState, status: ReleaseStatus): Judgement[] {
  const { live, slots } = status;
  if (live === null) return [judged('live', null, 'a version', false, 'Release one with `quarterdeck release deploy`.')];
  const since = servingSince(history, live);
  const age = since === undefined ? '' : `, for ${showDuration(now.getTime() - since.getTime())}`;
  const serving = slots.filter(({ weight }) => weight > 0);
  return [
    judged('live', `${live}${age}`, 'a version', true, ''),
    ...serving.map(({ version, wanted, replicas }) => {
      const healthy = replicas.filter((replica) => replica.healthy).length;
      const ill = replicas.filter((replica) => !replica.healthy).map(({ id, health }) => `${id}: ${health ?? 'not asked yet'}`);
      const found = [`${healthy} of ${wanted}`, ...ill].join(', ');
      return judged(
        `healthy of ${version}`,
        found,
        `all ${wanted}`,
        healthy >= wanted,
        'Read what they wrote last: logs/REPLICA.log in the state folder.',
      );
    }),
  ];
}

function judgeEnds({ history, now }: ReleaseState, { maxEnds, withinMs }: ReleaseWishes): Judgement {
  const ends = endsSince(history, new Date(now.getTime() - withinMs));
  const last = ends.at(-1);
  const found = `${ends.length} in the last ${showDuration(withinMs)}${last === undefined ? '' : `, the last: ${last.replica} by ${last.how}`}`;
  return judged(
    'replicas ended',
    found,
    `at most ${maxEnds}`,
    ends.length <= maxEnds,
    'Read what the last one wrote: logs/REPLICA.log in the state folder.',
  );
}

function measuredOf(state: ReleaseState, wishes: ReleaseWishes): CheckResult['measured'] {
  const { listen, desired, history, now, supervisor } = state;
  const versionOf = (name: string | null): string | undefined => desired.slots.find((slot) => slot.name === name)?.spec.version;
  const live = versionOf(desired.live);
  const since = live === undefined ? undefined : servingSince(history, live);
  const ends = endsSince(history, new Date(now.getTime() - wishes.withinMs));
  const serving = typeof supervisor === 'string' ? [] : supervisor.slots.filter(({ weight }) => weight > 0);
  return {
    condition: conditionOf(state, wishes),
    listen,
    live: live ?? 'none',
    live_seconds: since === undefined ? undefined : Math.round((now.getTime() - since.getTime()) / 1_000),
    new: since !== undefined && now.getTime() - since.getTime() < wishes.newMs ? 'yes' : 'no',
    canary: versionOf(desired.canary) ?? 'none',
    previous: versionOf(desired.previous) ?? 'none',
    way_back: wayBack(state),
    healthy:
      typeof supervisor === 'string' ? undefined : serving.flatMap(({ replicas }) => replicas).filter(({ healthy }) => healthy).length,
    ended: ends.length,
    last_ended: ends.at(-1)?.replica ?? 'none',
    last_end: ends.at(-1)?.how ?? 'none',
  };
}

export function conditionOf(state: ReleaseState, wishes: ReleaseWishes): Condition {
  const { supervisor, proxy, history, now } = state;
  if (typeof supervisor === 'string') return wasStopped(history) ? 'stopped' : 'unsupervised';
  if (proxy !== undefined) return 'no-proxy';
  if (supervisor.live === null) return 'nothing-live';
  const serving = supervisor.slots.filter(({ weight }) => weight > 0);
  const replicas = serving.flatMap((slot) => slot.replicas);
  if (endsSince(history, new Date(now.getTime() - wishes.withinMs)).length > wishes.maxEnds && replicas.some(({ healthy }) => !healthy))
    return 'crash-loop';
  if (!replicas.some(({ healthy }) => healthy)) return 'no-replica';
  return replicas.every(({ healthy }) => healthy) ? 'serving' : 'degraded';
}

/** `warm`: the version before runs and is healthy. `cold`: it would be started. */
function wayBack({ supervisor, desired }: ReleaseState): 'warm' | 'cold' | 'none' {
  if (desired.previous === null && desired.canary === null) return 'none';
  if (typeof supervisor === 'string') return 'cold';
  const target = supervisor.slots.find(({ state }) => state === (desired.canary === null ? 'previous' : 'live'));
  return target?.replicas.some(({ healthy }) => healthy) === true ? 'warm' : 'cold';
}

/** Its last word was that it ended in order. */
function wasStopped(history: readonly PastEvent[]): boolean {
  return history.findLast(({ event }) => event === 'supervisor stopped' || event === 'supervisor started')?.event === 'supervisor stopped';
}

function lastOf(history: readonly PastEvent[], wanted: string): string | undefined {
  const found = history.findLast(({ event }) => event === wanted);
  return found === undefined ? undefined : `${wanted}: ${String(found['why'])}`;
}
