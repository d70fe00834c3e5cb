/** Tells one process from another that has its number later: the number, when it was started, and the boot of the machine. */

import { spawnSync } from 'node:child_process';
import { readFileSync, readdirSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

export interface ProcessIdentity {
  readonly pid: number;
  /** When it was started, as the system counts; only ever compared. Empty: the system does not say. */
  readonly started: string;
  /** Of this boot of the machine; empty: the system does not say. */
  readonly boot: string;
}

/** undefined: there is no such process. */
export function identityOf(pid: number): ProcessIdentity | undefined {
  const started = startOf(pid);
  return started === undefined ? undefined : { pid, started, boot: bootId() };
}

/** Whether this very process still runs. */
export function isAlive(identity: ProcessIdentity): boolean {
  if (identity.boot !== bootId()) return false;
  return startOf(identity.pid) === identity.started;
}

/** Whether the group that a process leads has a member left. Its number is not given away while it has one. */
export function isGroupAlive(leader: ProcessIdentity): boolean {
  if (leader.boot !== bootId()) return false;
  const started = startOf(leader.pid);
  // The number belongs to somebody else by now.
  if (started !== undefined && started !== leader.started) return false;
  return signalGroup(leader.pid, 0) && hasLiveMember(leader.pid);
}

/** Sends a signal to every process of a group; 0 only asks. false: there is none. */
export function signalGroup(pgid: number, signal: NodeJS.Signals | 0): boolean {
  try {
    process.kill(-pgid, signal);
    return true;
  } catch (error) {
    // Somebody else's process: it is there.
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
}

/** Ends a group: TERM, a time of grace, KILL. Resolves when nobody of it is left. */
export async function endGroup(leader: ProcessIdentity, graceMs: number): Promise<void> {
  for (const [signal, patienceMs] of [
    ['SIGTERM', graceMs],
    ['SIGKILL', graceMs],
  ] as const) {
    if (!isGroupAlive(leader)) return;
    signalGroup(leader.pid, signal);
    const until = Date.now() + patienceMs;
    while (isGroupAlive(leader) && Date.now() < until) await sleep(20);
  }
}

/** Where nobody collects the dead, as in many a container, a group is signalled with success long after its last member has ended. */
function hasLiveMember(pgid: number): boolean {
  if (process.platform !== 'linux') return true;
  return readdirSync('/proc').some((name) => /^\d+$/.test(name) && statOf(Number(name))?.group === pgid);
}

/** undefined: there is no such process, or only its exit status is left. */
function startOf(pid: number): string | undefined {
  return process.platform === 'linux' ? statOf(pid)?.started : startByPs(pid);
}

/** https://man7.org/linux/man-pages/man5/proc_pid_stat.5.html */
function statOf(pid: number): { group: number; started: string | undefined } | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    // The name of the program may have spaces and parentheses in it.
    const [state, _parent, group, ...fields] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return state === 'Z' || state === 'X' ? undefined : { group: Number(group), started: fields[16] };
  } catch {
    return undefined;
  }
}

function startByPs(pid: number): string | undefined {
  const { stdout } = spawnSync('ps', ['-o', 'lstart=', '-p', String(pid)], { encoding: 'utf8', env: { ...process.env, LC_ALL: 'C' } });
  return stdout.trim() === '' ? undefined : stdout.trim();
}

let knownBoot: string | undefined;

function bootId(): string {
  knownBoot ??= readBootId();
  return knownBoot;
}

function readBootId(): string {
  try {
    return readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
  } catch {
    const { stdout } = spawnSync('sysctl', ['-n', 'kern.boottime'], { encoding: 'utf8' });
    return typeof stdout === 'string' ? stdout.trim() : '';
  }
}
