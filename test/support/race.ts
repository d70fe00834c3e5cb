/** A race for tasks: a workspace full of them, workers that are killed at random, and what came of it. */

import { setTimeout as sleep } from 'node:timers/promises';
import { v7 as newId } from 'uuid';
import type { Principal } from '../../src/platform/identity/principal.ts';
import type { Platform } from '../../src/server/platform.ts';
import { type RaceFacts, countOpen, readFacts } from './race-facts.ts';
import { type Team, startLoops, startProcesses } from './race-team.ts';
import type { WorkerOptions } from './race-worker.ts';

export interface RaceOptions {
  platform: Platform;
  workers: number;
  tasks: number;
  /** Default: a process each, with these settings. Without them, loops in this process: for a database that has room for one process only. */
  environment?: Record<string, string>;
  /** How many processes are killed, at random points of the race. By progress and not by time, so that a slow machine sees as many. */
  kills?: number;
  /** Share of the claims that are held past their lease, and then used all the same. Default: two in a hundred. */
  oversleepShare?: number;
  /** Longest time for the whole race. */
  timeoutMs: number;
  /** Told now and then how much is done. */
  progress?: (done: number, total: number) => void;
}

export interface RaceResult extends RaceFacts {
  workers: number;
  kills: number;
  /** How often a fence that was out of date was tried, and refused. */
  staleRefused: number;
  /** Honest workers who came too late. */
  late: number;
  /** Calls by operation and outcome, as the workers counted them; what a worker had not told yet died with it. */
  outcomes: Record<string, number>;
  /** From the start of the race to the last completion. */
  seconds: number;
}

/** Few, so that the workers meet at the head of each queue. */
const projects = ['RED', 'BLUE', 'GREEN', 'GOLD', 'PLUM'];

/** The most that one call creates. */
const batchSize = 100;

/** A lease short enough that the tasks of the killed come back within the race. */
const leaseSeconds = 2;

const pollMs = 250;

/** Short, so that the workers are mostly in the queue, where the race is. */
const workMs = 10;

/** A workspace of its own with all the tasks in it. Returns the key that the workers share. */
export async function prepareRace(platform: Platform, tasks: number): Promise<{ key: string; principal: Principal }> {
  const { token } = await platform.identity.signUp({ email: `${newId()}@example.com`, password: newId(), name: 'Ada' });
  const person = await platform.identity.verify(token);
  const call = (operation: string, input: unknown) =>
    platform.registry.call({
      operation,
      input,
      principal: person,
      face: 'rest',
      request_id: newId(),
      signal: new AbortController().signal,
    });
  for (const key of projects) await call('create_project', { key, name: key.toLowerCase() });
  for (let made = 0; made < tasks; made += batchSize) {
    const project = projects[(made / batchSize) % projects.length];
    await call('create_tasks', { tasks: batch(project, Math.min(batchSize, tasks - made)) });
  }
  const { key } = (await call('create_key', { name: 'racer' })) as { key: string };
  return { key, principal: await platform.identity.verify(key) };
}

/** Every other task waits for one or two others, in chains up to ten long: completions then meet at what depends on them. */
function batch(project: string | undefined, size: number): object[] {
  const priorities = ['low', 'normal', 'high', 'urgent'];
  return Array.from({ length: size }, (_, place) => ({
    project,
    title: `Task ${place + 1}`,
    priority: priorities[Math.floor(Math.random() * priorities.length)],
    ...(place >= 10 && Math.random() < 0.5 ? { depends_on: [`#${place - 9 + Math.floor(Math.random() * 4)}`, `#${place - 9}`] } : {}),
  }));
}

/** Runs the race to its end. @throws Error when it is not over in time. */
export async function race(options: RaceOptions): Promise<RaceResult> {
  const { platform, environment, workers, oversleepShare = 0.02 } = options;
  const worker: WorkerOptions = { projects, leaseSeconds, workMs, oversleepShare };
  const { key, principal } = await prepareRace(platform, options.tasks);
  const outcomes: Record<string, number> = {};
  const count = (what: string, times = 1) => void (outcomes[what] = (outcomes[what] ?? 0) + times);
  const team =
    environment === undefined
      ? startLoops({ registry: platform.registry, principal, count }, workers, worker)
      : await startProcesses({ orders: { key, ...worker }, environment, workers, count });
  let seconds: number;
  try {
    seconds = await waitForAll(options, team);
  } finally {
    await team.stop();
  }
  team.check();
  const { 'stale refused': staleRefused = 0, late = 0, ...rest } = outcomes;
  const facts = await readFacts(platform.database);
  return { workers, kills: team.kills(), ...facts, staleRefused, late, outcomes: rest, seconds };
}

/** Seconds until every task was completed. */
async function waitForAll({ platform, tasks, kills = 0, timeoutMs, progress }: RaceOptions, team: Team): Promise<number> {
  const started = performance.now();
  // The first one last, where it is taken from. None at the very end: the killed are to be missed.
  const deaths = Array.from({ length: kills }, () => Math.random() * tasks * 0.9).sort((a, b) => b - a);
  for (;;) {
    const open = await platform.database.transaction('system', { mode: 'read' }, ({ db }) => countOpen(db));
    team.check();
    progress?.(tasks - open, tasks);
    for (; tasks - open >= (deaths.at(-1) ?? Infinity); deaths.pop()) team.killWithin(pollMs);
    if (open === 0) return (performance.now() - started) / 1_000;
    if (performance.now() - started > timeoutMs) throw new Error(`${open} of ${tasks} tasks are not completed after ${timeoutMs} ms`);
    await sleep(pollMs);
  }
}
