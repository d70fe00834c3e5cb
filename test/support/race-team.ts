/** The workers of a race: loops in one process, or processes that are killed at random and replaced. */

import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Counts, Orders } from './race-process.ts';
import { type WorkerOptions, type WorkerParts, runWorker } from './race-worker.ts';

export interface Team {
  kills(): number;
  /** Kills one within this time, at any moment of it, and replaces it. */
  killWithin(milliseconds: number): void;
  /** @throws Error when a worker has failed, because then nobody knows what the race shows. */
  check(): void;
  /** Resolves when every worker has ended. */
  stop(): Promise<void>;
}

/** Loops in this process. */
export function startLoops(parts: Omit<WorkerParts, 'stop'>, workers: number, worker: WorkerOptions): Team {
  const stop = new AbortController();
  let failure: Error | undefined;
  const loops = Array.from({ length: workers }, () =>
    runWorker({ ...parts, stop: stop.signal }, worker).catch((error: unknown) => {
      failure = new Error('a worker failed', { cause: error });
    }),
  );
  return {
    kills: () => 0,
    killWithin: () => undefined,
    check: () => {
      if (failure !== undefined) throw failure;
    },
    async stop() {
      stop.abort();
      await Promise.all(loops);
    },
  };
}

interface ProcessParts {
  orders: Orders;
  /** The settings of the workers. */
  environment: Record<string, string>;
  workers: number;
  count(what: string, times: number): void;
}

/** A process for each worker; who is killed is replaced. Resolves when all are at work. */
export async function startProcesses({ orders, environment, workers, count }: ProcessParts): Promise<Team> {
  const crew = createCrew(environment, count);
  // One that ended before it was ready is told of by `check`.
  const begin = (child: ChildProcess) => child.connected && child.send(orders);
  // All at once when all are ready: the race is about the queue, not about who loads first.
  for (const child of await Promise.all(Array.from({ length: workers }, crew.start))) begin(child);
  const replacements: Promise<void>[] = [];
  let kills = 0;
  const kill = async (milliseconds: number): Promise<void> => {
    await sleep(Math.random() * milliseconds);
    if (!(await crew.killOne())) return kill(milliseconds);
    kills += 1;
    begin(await crew.start());
  };
  return {
    kills: () => kills,
    check: crew.check,
    killWithin: (milliseconds) => void replacements.push(kill(milliseconds)),
    async stop() {
      await Promise.all(replacements);
      await crew.stop();
    },
  };
}

interface Crew {
  /** A new process, ready for its orders. */
  start(): Promise<ChildProcess>;
  /** False when nobody is at work just now. */
  killOne(): Promise<boolean>;
  /** @throws Error when somebody ended who was not killed */
  check(): void;
  /** Lets everybody end. */
  stop(): Promise<void>;
}

function createCrew(environment: Record<string, string>, count: ProcessParts['count']): Crew {
  const atWork = new Set<ChildProcess>();
  const failures: string[] = [];
  return {
    async start() {
      const child = fork(join(import.meta.dirname, 'race-process.ts'), {
        env: { PATH: process.env['PATH'], ...environment },
        execArgv: [],
      });
      child.once('exit', (code, signal) => {
        atWork.delete(child);
        if (signal !== 'SIGKILL' && code !== 0) failures.push(`a worker ended with ${code ?? signal}`);
      });
      const ready = once(child, 'message').then(() => atWork.add(child));
      await Promise.race([ready, once(child, 'exit')]);
      child.on('message', (told: Counts) => {
        for (const [what, times] of Object.entries(told)) count(what, times);
      });
      return child;
    },
    async killOne() {
      const victim = [...atWork][Math.floor(Math.random() * atWork.size)];
      if (victim === undefined) return false;
      // At once, so that nobody is killed twice.
      atWork.delete(victim);
      const gone = once(victim, 'exit');
      victim.kill('SIGKILL');
      await gone;
      return true;
    },
    check() {
      if (failures.length > 0) throw new Error(`${failures.join('; ')}: see its standard error above`);
    },
    async stop() {
      const ended = [...atWork].map((child) => once(child, 'exit'));
      for (const child of atWork) child.send('stop');
      await Promise.all(ended);
    },
  };
}
