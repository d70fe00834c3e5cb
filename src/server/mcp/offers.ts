/** What the MCP face offers besides tools: the one list of its resources and prompts. */

import type { Registry } from '../../operations/types.ts';
import type { PromptProvider } from './prompts.ts';
import type { ResourceProvider } from './resources.ts';
import { taskPrompts } from './task-prompts.ts';
import { jobResources } from './job-resources.ts';
import { sourceResources } from './source-resources.ts';
import { taskResources } from './task-resources.ts';

export interface Offers {
  /** One for each kind of resource; their order is that of `resources/list`. */
  resources: readonly ResourceProvider[];
  /** In the order of `prompts/list`. */
  prompts: readonly PromptProvider[];
}

export function offersOf(registry: Registry): Offers {
  return { resources: [taskResources(registry), sourceResources(registry), jobResources(registry)], prompts: taskPrompts(registry) };
}
