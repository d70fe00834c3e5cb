/** Tasks as MCP resources: `quarterdeck://tasks/WEB-12`, read and listed by the same operations as the tools. */

import type { Resource } from '@modelcontextprotocol/server';
import { z } from 'zod';
import type { Registry } from '../../operations/types.ts';
import { completeTask } from './completion.ts';
import type { ResourceProvider } from './resources.ts';

const prefix = 'quarterdeck://tasks/';
const mimeType = 'application/json';

/** What the list of resources takes of the output of `list_tasks`. */
const taskPage = z.object({
  items: z.array(z.object({ id: z.string(), title: z.string(), status: z.string(), priority: z.string(), updated_at: z.string() })),
  next_cursor: z.string().nullable(),
});

/** Tasks in one page of resources: the most that `list_tasks` gives. */
const pageSize = 200;

export function taskResources(registry: Registry): ResourceProvider {
  return {
    templates: [
      {
        uriTemplate: `${prefix}{task_id}`,
        name: 'task',
        title: 'Task',
        description: 'One task as JSON, with its claim, what it depends on and what blocks it. Subscribe to it to be told of every change.',
        mimeType,
      },
    ],
    owns: (uri) => uri.startsWith(prefix),
    visible: (principal) => registry.allowed(principal, 'mcp').some(({ operation }) => operation.name === 'get_task'),
    // Read by a client and not by a model: a whole page of whole tasks.
    list: async (call, cursor) => {
      const input = cursor === undefined ? { limit: pageSize } : { limit: pageSize, cursor };
      const page = taskPage.parse(await registry.call({ ...call, operation: 'list_tasks', input, face: 'mcp', page_bytes: Infinity }));
      return { resources: page.items.map(toResource), next_cursor: page.next_cursor };
    },
    read: async (call, uri) => {
      const output = await registry.call({ ...call, operation: 'get_task', input: { task_id: taskIdOf(uri) }, face: 'mcp' });
      return [{ uri, mimeType, text: JSON.stringify(output) }];
    },
    complete: (call, _variable, value) => completeTask(registry, call, value),
  };
}

function toResource(task: z.output<typeof taskPage>['items'][number]): Resource {
  return {
    uri: `${prefix}${task.id}`,
    name: task.id,
    title: task.title,
    description: `${task.status}, priority ${task.priority}`,
    mimeType,
    annotations: { lastModified: task.updated_at },
  };
}

/** The text after the prefix as it stands: an id of a task has no character that a URI would escape. */
function taskIdOf(uri: string): string {
  return uri.slice(prefix.length);
}
