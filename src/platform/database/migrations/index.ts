/** Every migration, in order. A number that was released is never changed or used again. */

import type { Migration } from '../types.ts';
import { roles } from './0001_roles.ts';
import { identity } from './0002_identity.ts';
import { foundation } from './0003_foundation.ts';
import { tasks } from './0004_tasks.ts';
import { oauth } from './0005_oauth.ts';
import { limits } from './0006_limits.ts';
import { mcpTasks } from './0007_mcp_tasks.ts';
import { mcpWishes } from './0008_mcp_wishes.ts';
import { knowledge } from './0009_knowledge.ts';
import { questions } from './0010_questions.ts';
import { jobs } from './0011_jobs.ts';

export const migrations: readonly Migration[] = [
  roles,
  identity,
  foundation,
  tasks,
  oauth,
  limits,
  mcpTasks,
  mcpWishes,
  knowledge,
  questions,
  jobs,
];
