/** Taking in a source: while its caller waits, or as a job where that takes too long. */

import { z } from 'zod';
import type { Context } from '../../operations/context.ts';
import { type Settle, defineJob } from '../../operations/job.ts';
import type { JobRow } from '../../platform/jobs/types.ts';
import { openProject } from '../workspace/index.ts';
import { makeRoom } from './index-upkeep.ts';
import { type Ingested, ingest, readInput } from './ingest.ts';
import type { ReadText } from './read/document.ts';
import { toSource } from './rules.ts';
import { type IngestInput, ingestInput, source } from './schema.ts';

/** What became of a source that was taken in. */
export const ingested = z.object({
  source,
  conversation_id: z.string().nullable(),
  change: z.enum(['created', 'unchanged', 'replaced', 'appended']).describe('What this call did'),
});

type TakenIn = z.input<typeof ingested>;

async function takeIn(context: Context, input: IngestInput, read: ReadText, settle?: Settle<TakenIn>): Promise<TakenIn> {
  const done = await ingest(context, input, read, async (scope, stored) => settle?.(scope, toAnswer(stored)));
  if (done.change !== 'unchanged') await makeRoom((work) => context.transaction('write', work), done.row.project_id, context);
  return toAnswer(done);
}

function toAnswer({ change, row }: Ingested): TakenIn {
  const view = toSource(row);
  return { source: view, conversation_id: view.conversation_id, change };
}

/** Takes it in while its caller waits; undefined: that takes too long. @throws Problem as `readInput` and `ingest` */
export async function takeInAtOnce(context: Context, input: IngestInput): Promise<TakenIn | undefined> {
  if (isLarge(context, input)) return undefined;
  const patience = AbortSignal.timeout(context.settings.readAtOnceMs);
  const read = await readInput(context, input, AbortSignal.any([context.signal, patience])).catch((error: unknown) => {
    if (error !== patience.reason) throw error;
  });
  return read === undefined ? undefined : takeIn(context, input, read);
}

export const ingestJob = defineJob({
  name: 'ingest_source',
  input: ingestInput,
  output: ingested,
  scope: 'knowledge:write',
  run: async (context, input, settle) => takeIn(context, input, await readInput(context, input), settle),
});

/** Whether it takes long whatever it is. What is packed, such as a PDF, may be small and take long: that shows when it is read. */
function isLarge({ settings }: Context, { content = '', messages = [] }: IngestInput): boolean {
  return messages.reduce((sum, message) => sum + message.content.length, content.length) > settings.ingestAtOnce;
}

/** What is wrong with the project is said at once. @throws Problem `not_found`, `overloaded` */
export function beginToTakeIn(context: Context, input: IngestInput): Promise<JobRow> {
  return context.transaction('write', async (scope) => {
    await openProject(scope, input.project);
    return scope.startJob(ingestJob, input);
  });
}
