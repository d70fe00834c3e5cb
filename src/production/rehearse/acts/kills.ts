/** The acts in which a process is killed with SIGKILL under load. */

import { setTimeout as sleep } from 'node:timers/promises';
import type { Kill } from '../judge.ts';
import { type Stage, act, release } from '../stage.ts';

/** How long things may take to be as before: a server starts in two seconds, on a busy machine in ten. */
const recoveryMs = 60_000;

const lookMs = 20;

export async function killReplica(stage: Stage): Promise<void> {
  const { slots } = await release(stage, 'status');
  const [replica] = slots.find(({ state }) => state === 'live')?.replicas ?? [];
  await kill(
    stage,
    'replica',
    () => endProcess(replica?.pid ?? null),
    async () => {
      const now = await release(stage, 'status');
      return now.slots.some(({ replicas }) =>
        replicas.some(({ id, healthy, restarts }) => id === replica?.id && healthy && restarts > replica.restarts),
      );
    },
  );
}

export async function killSupervisor(stage: Stage): Promise<void> {
  const { supervisor } = await release(stage, 'status');
  await kill(
    stage,
    'supervisor',
    () => endProcess(supervisor.pid),
    async () => {
      await sleep(1_000);
      await release(stage, 'start', '--listen', new URL(stage.url).host);
      return true;
    },
  );
}

export async function killProxy(stage: Stage): Promise<void> {
  const { proxy } = await release(stage, 'status');
  await kill(
    stage,
    'proxy',
    () => endProcess(proxy.pid),
    () => answers(stage),
  );
}

export async function killDatabase(stage: Stage): Promise<void> {
  const { cluster } = stage.ground;
  if (cluster === undefined) return void stage.skipped.push('killing the database: it is on a server that the rehearsal did not start');
  await kill(
    stage,
    'database',
    () => cluster.kill(),
    async () => {
      await sleep(500);
      await cluster.restart();
      const until = performance.now() + recoveryMs;
      while (!(await answers(stage)) && performance.now() < until) await sleep(lookMs);
      return true;
    },
  );
}

/** Kills it, waits until `recovered` says yes, and notes the window. @throws Error when that takes too long */
export async function kill(
  stage: Stage,
  what: Kill['what'],
  end: () => void | Promise<void>,
  recovered: () => Promise<boolean>,
): Promise<void> {
  await act(stage, 'kill', `${what} killed`, async () => {
    const at = stage.load.now;
    await end();
    const until = performance.now() + recoveryMs;
    while (!(await recovered())) {
      if (performance.now() > until) throw new Error(`The ${what} was killed and is not back after ${recoveryMs / 1_000} s.`);
      await sleep(lookMs);
    }
    stage.kills.push({ what, at, until: stage.load.now });
    await sleep(1_500);
  });
}

export function endProcess(pid: number | null): void {
  if (pid === null) throw new Error('There is no such process to kill.');
  process.kill(pid, 'SIGKILL');
}

/** Whether a request that needs the database is answered. */
export async function answers(stage: Stage): Promise<boolean> {
  return fetch(`${stage.url}/health/ready`, { signal: AbortSignal.timeout(2_000) }).then(
    ({ ok }) => ok,
    () => false,
  );
}
