/** The story that the product is for: agents share the tasks of a project, one of them dies, and all the work is done once. */

import { setTimeout as sleep } from 'node:timers/promises';
import type { Agent } from './story-agents.ts';

/** Twenty tasks towards a page on the web; each names the places of those that must be done before it. */
export const plan: readonly { title: string; after: readonly number[] }[] = [
  { title: 'Interview five customers', after: [] },
  { title: 'Read what the competition says', after: [] },
  { title: 'Write the positioning', after: [0, 1] },
  { title: 'Choose a name', after: [2] },
  { title: 'Register the domain', after: [3] },
  { title: 'Draw the logo', after: [3] },
  { title: 'Choose colours and type', after: [5] },
  { title: 'Write the headline', after: [2] },
  { title: 'Write the body text', after: [7] },
  { title: 'Take the pictures', after: [2] },
  { title: 'Set up the repository', after: [] },
  { title: 'Set up the build', after: [10] },
  { title: 'Set up hosting', after: [4, 10] },
  { title: 'Build the layout', after: [6, 11] },
  { title: 'Put in text and pictures', after: [8, 9, 13] },
  { title: 'Write the privacy notice', after: [4] },
  { title: 'Check it with a screen reader', after: [14] },
  { title: 'Measure how fast it loads', after: [12, 14] },
  { title: 'Let the customers try it', after: [14, 15] },
  { title: 'Go live', after: [12, 16, 17, 18] },
];

/** Creates the plan one task at a time, as an agent does; returns the ids in its order. */
export async function createPlan(agent: Agent, project: string): Promise<string[]> {
  const ids: string[] = [];
  for (const { title, after } of plan) {
    const depends_on = after.map((place) => ids[place]);
    const { task } = await agent.call('create_task', { project, title, depends_on });
    if (task === null) throw new Error(`${title} was not created`);
    ids.push(task.id);
  }
  return ids;
}

export interface Held {
  task_id: string;
  fence: number;
}

/** Long enough for honest work on a busy machine. */
const leaseSeconds = 120;

/** When nothing is ready: what the others are working on is done soon. */
const idleMs = 100;

/** Claims, works and finishes until `isDone`; returns the ids of what it finished, in order. */
export async function work(agent: Agent, project: string, isDone: () => Promise<boolean>): Promise<string[]> {
  const finished: string[] = [];
  for (;;) {
    const held = await claim(agent, project, leaseSeconds);
    if (held !== undefined) {
      await finish(agent, held);
      finished.push(held.task_id);
    } else if (await isDone()) {
      return finished;
    } else {
      await sleep(idleMs);
    }
  }
}

/** Finishes `tasks` tasks, claims one more with the shortest lease, and is never heard of again. */
export async function workAndDie(agent: Agent, project: string, tasks: number): Promise<{ finished: string[]; abandoned: Held }> {
  const finished: string[] = [];
  for (;;) {
    const held = await claim(agent, project, finished.length < tasks ? leaseSeconds : 1);
    if (held === undefined) {
      await sleep(idleMs);
    } else if (finished.length === tasks) {
      return { finished, abandoned: held };
    } else {
      await finish(agent, held);
      finished.push(held.task_id);
    }
  }
}

export async function claim(agent: Agent, project: string, lease_seconds: number): Promise<Held | undefined> {
  const { task, claim: taken } = await agent.call('claim_task', { project, lease_seconds });
  return task === null || taken === null ? undefined : { task_id: task.id, fence: taken.fence };
}

export async function finish(agent: Agent, held: Held): Promise<void> {
  const { task } = await agent.call('finish_task', { ...held, notes: 'Done.', outputs: { by_fence: held.fence } });
  if (task?.status !== 'completed') throw new Error(`${held.task_id} is ${task?.status}`);
}
