/** What is too large to be taken in while its caller waits: the same, as a job. */

import { z } from 'zod';
import type { Context } from '../../operations/context.ts';
import { defineJob } from '../../operations/job.ts';
import type { JobRow } from '../../platform/jobs/types.ts';
import { openProject } from '../workspace/index.ts';
import { makeRoom } from './index-upkeep.ts';
import { ingest } from './ingest.ts';
import { toSource } from './rules.ts';
import { type IngestInput, ingestInput, source } from './schema.ts';

/** What became of a source that was taken in. */
export const ingested = z.object({
  source,
  conversation_id: z.string().nullable(),
  change: z.enum(['created', 'unchanged', 'replaced', 'appended']).describe('What this call did'),
});

export async function takeIn(context: Context, input: IngestInput): Promise<z.input<typeof ingested>> {
  const { change, row } = await ingest(context, input);
  if (change !== 'unchanged') await makeRoom((work) => context.transaction('write', work), row.project_id, context.signal);
  const view = toSource(row);
  return { source: view, conversation_id: view.conversation_id, change };
}

export const ingestJob = defineJob({
  name: 'ingest_source',
  input: ingestInput,
  output: ingested,
  scope: 'knowledge:write',
  run: takeIn,
});

/** Whether somebody should not wait for it. A PDF counts as it is sent: its pages are read in a thread of their own. */
export function isLarge({ settings }: Context, { content = '', messages = [] }: IngestInput): boolean {
  return messages.reduce((sum, message) => sum + message.content.length, content.length) > settings.ingestAtOnce;
}

/** What is wrong with the project is said at once. @throws Problem `not_found`, `overloaded` */
export function beginToTakeIn(context: Context, input: IngestInput): Promise<JobRow> {
  return context.transaction('write', async (scope) => {
    await openProject(scope, input.project);
    return scope.startJob(ingestJob, input);
  });
}
