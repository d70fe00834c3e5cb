/** What must be true after every crash. */

import { expect } from 'vitest';
import type { CrashResult } from './crash.ts';

/** Nothing acknowledged is lost, nothing is there twice, and the events tell the same. */
export function expectNothingLost(result: CrashResult): void {
  const { acknowledged, tasks, replayed } = result;
  expect(result.refused).toEqual([]);
  expect(result.health.status).toBe('healthy');
  const stored = new Map(tasks.map((task) => [task.id, task]));
  expect(acknowledged.filter(({ task_id, title }) => stored.get(task_id)?.title !== title)).toEqual([]);
  expect(acknowledged.filter(({ task_id, finished }) => finished && stored.get(task_id)?.status !== 'completed')).toEqual([]);
  // Every client ends with its last write acknowledged, so that nothing else can be there: no write was made twice.
  expect(tasks.map(({ title }) => title).sort()).toEqual(acknowledged.map(({ title }) => title).sort());
  for (const { task_id, claimed } of acknowledged) {
    const story = stored.get(task_id)?.history.map(({ type, data }) => [type, data.fence]);
    expect(story).toEqual([
      ['task.completed', claimed?.fence],
      ['claim.taken', claimed?.fence],
      ['task.created', undefined],
    ]);
  }
  for (const { task_id, create_key } of acknowledged) expect(replayed.get(create_key) ?? task_id).toBe(task_id);
}

/** One line that says how much was tried. */
export function showCrash({ kills, acknowledged, repeated, tasks }: CrashResult): string {
  return `kills ${kills}, acknowledged tasks ${acknowledged.length} (three writes each), requests sent again ${repeated}, tasks found ${tasks.length}`;
}
