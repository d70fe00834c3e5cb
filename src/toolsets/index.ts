/** Every toolset of the server, in the order in which tools are listed. */

import type { Toolset } from '../operations/operation.ts';
import { knowledgeToolset } from './knowledge/index.ts';
import { queueToolset } from './queue/index.ts';
import { tasksToolset } from './tasks/index.ts';
import { workspaceToolset } from './workspace/index.ts';

export const toolsets: readonly Toolset[] = [workspaceToolset, tasksToolset, queueToolset, knowledgeToolset];
