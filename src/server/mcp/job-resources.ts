/** Jobs as MCP resources: `quarterdeck://jobs/{job_id}`, so that a client can be told how far one is instead of asking. */

import type { Registry } from '../../operations/types.ts';
import type { ResourceProvider } from './resources.ts';

const prefix = 'quarterdeck://jobs/';
const mimeType = 'application/json';

export function jobResources(registry: Registry): ResourceProvider {
  return {
    templates: [
      {
        uriTemplate: `${prefix}{job_id}`,
        name: 'job',
        title: 'Job',
        description: 'How far a job of yours is, and at its end its result or error. Subscribe to it to be told.',
        mimeType,
      },
    ],
    owns: (uri) => uri.startsWith(prefix),
    visible: (principal) => registry.allowed(principal, 'mcp').some(({ operation }) => operation.name === 'get_job'),
    // Who waits for one has its id; in the list they would come and go for everybody who keeps it.
    list: async () => ({ resources: [], next_cursor: null }),
    read: async (call, uri) => {
      const input = { job_id: uri.slice(prefix.length) };
      const { job } = await registry.call({ ...call, operation: 'get_job', input, face: 'mcp' });
      return [{ uri, mimeType, text: JSON.stringify(job) }];
    },
  };
}
