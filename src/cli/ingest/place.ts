/** Where sources are taken in: by the server that has the data open, by this process, or by a remote server. */

import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { Problem } from '../../platform/problem.ts';
import { UsageError } from '../command.ts';
import { type PlaceOptions, requireData } from '../place.ts';
import { openRemote } from '../remote.ts';
import { commandLog, settingsOf } from '../settings.ts';

export interface IngestPlace {
  /** Calls an operation as whoever the sources are for. @throws Problem */
  call(operation: 'ingest_source' | 'get_job', input: Record<string, unknown>): Promise<Record<string, unknown>>;
  /** Largest file that is taken; undefined: the other side says it. */
  maxBytes: number | undefined;
  close(): Promise<void>;
}

export interface IngestPlaceOptions extends PlaceOptions {
  user?: string;
  workspace?: string;
}

/** @throws UsageError when the options contradict each other; Error when there is no data */
export async function openIngestPlace(options: IngestPlaceOptions): Promise<IngestPlace> {
  return options.url === undefined ? localPlace(options) : remotePlace(options, options.url);
}

async function localPlace(options: IngestPlaceOptions): Promise<IngestPlace> {
  const effective = settingsOf(options);
  await requireData(effective);
  const { openCommands } = await import('../../server/attach.ts');
  const commands = await openCommands({ effective, log: commandLog(effective) });
  const { user, workspace } = options;
  return {
    call: async (operation, input) => (await commands.run(commandOf[operation], { user, workspace, input })) as Record<string, unknown>,
    maxBytes: effective.settings.maxSourceBytes,
    close: () => commands.close(),
  };
}

const commandOf = { ingest_source: 'source ingest', get_job: 'job show' } as const;

function remotePlace({ user, workspace }: IngestPlaceOptions, url: string): IngestPlace {
  if (user !== undefined || workspace !== undefined)
    throw new UsageError(
      '--user and --workspace are not for a remote server: there the credential says who asks, and in which workspace.',
      'Set QUARTERDECK_TOKEN to a key or token of that person.',
    );
  const remote = openRemote(url);
  return {
    call: (operation, input) =>
      operation === 'ingest_source'
        ? remote.call('POST', '/ingest', input)
        : remote.call('GET', `/jobs/${encodeURIComponent(String(input['job_id']))}`),
    maxBytes: undefined,
    close: async () => undefined,
  };
}

const taken = z.object({ change: z.enum(['created', 'unchanged', 'replaced', 'appended']), source: z.object({ id: z.string() }).loose() });
const begun = z.object({
  job: z.object({
    id: z.string(),
    status: z.string(),
    result: z.unknown(),
    problem: z
      .object({
        code: z.string(),
        message: z.string(),
        next: z.string(),
        retryable: z.boolean(),
        details: z.record(z.string(), z.unknown()),
      })
      .nullable(),
  }),
});

export type Taken = z.output<typeof taken>;

/** How often a job is looked at: a job takes seconds, and each look is one small query. */
const lookMs = 500;

/** How often a call is tried again that says that it may pass later, and how long it waits unless it is told. */
const mostTries = 5;
const waitSeconds = 2;

/** Takes in one source, and waits for its end where that is a job. @throws Problem as the operation does */
export async function takeIn(place: IngestPlace, input: Record<string, unknown>): Promise<Taken> {
  let answer = await patiently(() => place.call('ingest_source', input));
  while ('job' in answer) {
    const { job } = begun.parse(answer);
    if (job.status === 'done') return taken.parse(job.result);
    if (job.problem !== null) throw new Problem({ ...job.problem, status: 500, when: 'The job said so.' }, { ...job.problem });
    if (job.status === 'cancelled') throw new Error('The job was cancelled by somebody else.');
    await sleep(lookMs);
    answer = await patiently(() => place.call('get_job', { job_id: job.id }));
  }
  return taken.parse(answer);
}

async function patiently<Result>(call: () => Promise<Result>, tries = 1): Promise<Result> {
  try {
    return await call();
  } catch (error) {
    if (!(error instanceof Problem) || !error.retryable || tries >= mostTries) throw error;
    await sleep(Number(error.details['retry_after_seconds'] ?? waitSeconds) * 1_000);
    return patiently(call, tries + 1);
  }
}
