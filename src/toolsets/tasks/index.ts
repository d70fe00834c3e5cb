/** The tasks toolset: what is to be done, what waits for what, and what is done. */

import type { Toolset } from '../../operations/operation.ts';
import { completeTask, createTask, createTaskBatch, deleteTask, getTask, listTasks, nextTask, updateTask } from './operations.ts';

export const tasksToolset: Toolset = {
  name: 'tasks',
  description: 'Tasks with priorities and dependencies. To work on one, claim it with the queue.',
  operations: [createTask, createTaskBatch, listTasks, nextTask, getTask, updateTask, completeTask, deleteTask],
};

export { addNote, settle } from './changes.ts';
export { loadTask, showTask, toClaim } from './load.ts';
export { afterExpiry, checkClaim, checkClaimable, parseTaskId, resourceOf } from './rules.ts';
export { claim, fence, noteText, task, taskFields, taskId } from './schema.ts';
export { type Note, type TaskRow, completeRow, leanColumns, taskTables } from './rows.ts';
export { type TaskChanges, isReadyIn, projectNamed, queueOrder, toColumns, updateTaskRow, visibleTasks } from './store.ts';
