/** Works on jobs: takes what waits, keeps its lease while it runs, and writes down its end. The rows are the truth; wake-ups are hints. */

import { v7 as newId } from 'uuid';
import type { Settings } from '../config/settings.ts';
import type { Database } from '../database/types.ts';
import type { Events } from '../events/types.ts';
import { actorOf } from '../identity/principal.ts';
import { overloaded } from '../problem.ts';
import type { Log } from '../telemetry/log.ts';
import type { JobObserver } from '../telemetry/metrics.ts';
import { diedTooOften, jobEvent, maxAttempts } from './rules.ts';
import { createRuns } from './runs.ts';
import { countOpenJobs, endRun, insertJob, lockHopeless, takeJob } from './store.ts';
import type { JobRunner, Jobs, TakenJob } from './types.ts';

const channel = 'quarterdeck_jobs';

export interface JobParts {
  database: Database;
  events: Events;
  settings: Pick<Settings, 'jobsAtOnce' | 'jobLeaseSeconds' | 'jobPollMs' | 'maxJobs' | 'shutdownGraceMs'>;
  log: Log;
  observer?: JobObserver | undefined;
}

export function createJobs(parts: JobParts): Jobs {
  const { database, settings, log } = parts;
  const { jobsAtOnce, jobLeaseSeconds: leaseSeconds, jobPollMs, maxJobs } = settings;
  let work: { kinds: readonly string[]; runs: ReturnType<typeof createRuns> } | undefined;
  let closing: Promise<void> | undefined;
  let stopListening: (() => Promise<void>) | undefined;
  let timer: NodeJS.Timeout | undefined;
  let again = false;
  let looking: Promise<void> | undefined;

  /** Takes as much as there is room for; calls meanwhile make it look once more. */
  const look = (): void => {
    again = true;
    looking ??= takeAll().finally(() => {
      looking = undefined;
    });
  };

  const takeAll = async (): Promise<void> => {
    while (again && closing === undefined && work !== undefined) {
      again = false;
      const { kinds, runs } = work;
      try {
        await giveUpHopeless(parts);
        while (runs.count < jobsAtOnce && closing === undefined) {
          const job = await takeNext(database, kinds, leaseSeconds);
          if (job === undefined) break;
          runs.begin(job);
        }
      } catch (error) {
        log.warn({ err: error }, 'jobs could not be looked for; trying again with the next look');
      }
    }
  };

  /** News of a job: another one waits, or one of ours was cancelled. */
  const onNews = (): void => {
    work?.runs.check();
    look();
  };

  const stop = async (): Promise<void> => {
    clearInterval(timer);
    await stopListening?.();
    await looking;
    await work?.runs.close();
  };

  return {
    get running() {
      return work?.runs.count ?? 0;
    },
    async add(scope, principal, kind, input) {
      if ((await countOpenJobs(scope)) >= maxJobs) throw tooMany(maxJobs);
      return insertJob(scope, { id: newId(), kind, principal, input });
    },
    wake() {
      database.notify(channel).catch((error: unknown) => log.debug({ err: error }, 'a wake-up was not sent; the next look finds the job'));
    },
    async start(kinds: readonly string[], run: JobRunner) {
      work = { kinds, runs: createRuns(parts, run, look) };
      stopListening = await database.listen(channel, onNews);
      // Not at once: a command that opens the data for a moment must not begin what it cannot end.
      timer = setInterval(look, jobPollMs).unref();
    },
    close: () => (closing ??= stop()),
  };
}

function takeNext(database: Database, kinds: readonly string[], leaseSeconds: number): Promise<TakenJob | undefined> {
  return database.transaction('system', { mode: 'write' }, (scope) =>
    takeJob(scope, kinds, { run_id: newId(), leaseSeconds, attempts: maxAttempts }),
  );
}

/** Fails what has taken its replica with it each time, or was begun each time on one that died. */
async function giveUpHopeless({ database, events }: JobParts): Promise<void> {
  const failed = await database.transaction('system', { mode: 'write' }, async (scope) => {
    const hopeless = await lockHopeless(scope, maxAttempts);
    for (const job of hopeless) {
      const { principal } = job;
      const owned = { ...scope, workspace_id: principal.workspace_id, user_id: principal.user_id, now: scope.now };
      await endRun(owned, job, { status: 'failed', problem: diedTooOften });
      events.write(owned, actorOf(principal), [jobEvent('failed', job)]);
    }
    return hopeless;
  });
  if (failed.length > 0) events.wake();
}

function tooMany(limit: number) {
  return overloaded({
    message: `${limit} of your jobs have not ended, which is the limit.`,
    next: 'Wait for one to end or cancel it with cancel_job, then try again; or raise QUARTERDECK_MAX_JOBS.',
    details: { limit },
  });
}
