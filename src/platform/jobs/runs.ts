/** The jobs that run in this process: each under a lease that is renewed, told of its progress, and stopped with the server. */

import { setTimeout as sleep } from 'node:timers/promises';
import type { TransactionScope } from '../database/types.ts';
import { actorOf } from '../identity/principal.ts';
import { Problem, internal } from '../problem.ts';
import { logBug } from '../telemetry/bugs.ts';
import type { JobParts } from './open.ts';
import { afterProblem, givenBack, jobEvent, problemOf } from './rules.ts';
import { type JobEnd, type Told, endRun, renewRun } from './store.ts';
import type { JobControl, JobRunner, TakenJob } from './types.ts';

/** How often progress is written and told, at most: as often as people look. */
const tellMs = 1_000;

/** How long jobs get that are stopped with the server, once their grace is over; what then still runs is taken up when its lease runs out. */
const stopMs = 2_000;

/** Why a run is stopped. */
const lost = new Error('The job was cancelled, or another replica has it.');
const serverStops = new Error('The server stops.');

interface Run {
  job: TakenJob;
  stop: AbortController;
  told: Told;
  /** What of it was written, and when. */
  written: { told: Told; at: number };
  renewing: Promise<void> | undefined;
  /** Its end was written with its work; what comes now changes nothing any more. */
  settled: boolean;
  over: Promise<void>;
}

export interface Runs {
  readonly count: number;
  begin(job: TakenJob): void;
  /** Stops what is not wanted any more. */
  check(): void;
  close(): Promise<void>;
}

/** `onEnd`: there is room for another one. */
export function createRuns(parts: JobParts, run: JobRunner, onEnd: () => void): Runs {
  const runs = new Map<string, Run>();
  const { settings, log } = parts;
  const renewMs = (settings.jobLeaseSeconds * 1_000) / 3;

  const renewOnce = (running: Run): void => {
    running.renewing ??= renew(parts, running)
      .catch((error: unknown) => log.warn({ err: error, job: running.job.id }, 'the lease of a job was not renewed; trying again'))
      .finally(() => {
        running.renewing = undefined;
      });
  };

  const carryOut = async (running: Run): Promise<void> => {
    const { job, stop } = running;
    const started = performance.now();
    const keep = () => {
      const { told, written } = running;
      if (told !== written.told || performance.now() - written.at >= renewMs) renewOnce(running);
    };
    const timer = setInterval(keep, Math.min(tellMs, renewMs));
    let end: JobEnd | undefined;
    try {
      const progress = (done: number, total: number | null = null, what: string | null = null) => {
        const { told } = running;
        if (told.done !== done || told.total !== total || told.what !== what) running.told = { done, total, what };
      };
      end = { status: 'done', result: await run(job, { signal: stop.signal, progress, settle: settleOf(parts, running) }) };
    } catch (error) {
      end = endOf(error, running, log);
    } finally {
      clearInterval(timer);
      await running.renewing;
    }
    await writeEnd(parts, running, end, (performance.now() - started) / 1_000);
  };

  return {
    get count() {
      return runs.size;
    },
    begin(job) {
      const told = { done: 0, total: null, what: null };
      const written = { told, at: performance.now() };
      const running: Run = {
        job,
        stop: new AbortController(),
        told,
        written,
        renewing: undefined,
        settled: false,
        over: Promise.resolve(),
      };
      runs.set(job.run_id, running);
      running.over = carryOut(running)
        .catch((error: unknown) => log.warn({ err: error, job: job.id }, 'the end of a job was not written down; its lease runs out'))
        .finally(() => {
          runs.delete(job.run_id);
          onEnd();
        });
    },
    check() {
      for (const running of runs.values()) renewOnce(running);
    },
    async close() {
      const over = () => Promise.all([...runs.values()].map((running) => running.over));
      await Promise.race([over(), sleep(settings.shutdownGraceMs, undefined, { ref: false })]);
      for (const { stop } of runs.values()) stop.abort(serverStops);
      await Promise.race([over(), sleep(stopMs, undefined, { ref: false })]);
    },
  };
}

function inTenant<Result>({ database }: JobParts, { principal }: TakenJob, work: (scope: TransactionScope) => Promise<Result>) {
  // Not behind the very work that it is about.
  return database.transaction(principal, { mode: 'write', essential: true }, work);
}

/** Writes how far a run is and lengthens its lease, in one statement. */
async function renew(parts: JobParts, running: Run): Promise<void> {
  const { job, told, written } = running;
  const { events, settings } = parts;
  const news = told !== written.told;
  running.written = { told, at: performance.now() };
  const wanted = await inTenant(parts, job, async (scope) => {
    const holds = await renewRun(scope, job, told, settings.jobLeaseSeconds);
    if (holds && news) events.write(scope, actorOf(job.principal), [jobEvent('progressed', job, told)]);
    return holds;
  });
  if (!wanted && !running.settled) running.stop.abort(lost);
  else if (news) events.wake();
}

/** What becomes of a run that threw; undefined: it has the job no more. */
function endOf(error: unknown, { job, stop }: Run, log: JobParts['log']): JobEnd | undefined {
  if (stop.signal.reason === lost) return undefined;
  if (stop.signal.reason === serverStops) return givenBack(job.attempts);
  if (error instanceof Problem) return afterProblem(error, job.attempts);
  logBug(log, error, 'a job failed with a bug', { request_id: job.id, operation: job.kind, principal: job.principal.id });
  return { status: 'failed', problem: problemOf(bug(job)) };
}

/** The row of the job is locked until the transaction ends: whoever cancels it meanwhile waits, and finds it done. */
function settleOf({ events }: JobParts, running: Run): JobControl['settle'] {
  const { job, stop } = running;
  return async (scope, result) => {
    if (!(await endRun(scope, job, { status: 'done', result }))) {
      stop.abort(lost);
      throw lost;
    }
    running.settled = true;
    events.write(scope, actorOf(job.principal), [jobEvent('done', job)]);
  };
}

async function writeEnd(parts: JobParts, { job, settled }: Run, end: JobEnd | undefined, seconds: number): Promise<void> {
  const { events, log, observer } = parts;
  // Also what was settled, whose transaction may have failed; otherwise this finds no such run.
  const written =
    end !== undefined &&
    (await inTenant(parts, job, async (scope) => {
      const holds = await endRun(scope, job, end);
      const event = jobEvent(end.status === 'again' ? 'queued' : end.status, job);
      if (holds) events.write(scope, actorOf(job.principal), [event]);
      return holds;
    }));
  const outcome = written ? end.status : settled ? 'done' : 'lost';
  observer?.ended(job.kind, outcome, seconds);
  log.info({ job: job.id, kind: job.kind, outcome, attempt: job.attempts, ms: Math.round(seconds * 1_000) }, 'job');
  if (written || settled) events.wake();
}

function bug(job: TakenJob): Problem {
  return internal({
    message: `${job.kind} failed because of a bug in the server.`,
    next: `Try again; if it stays, give the operator the id of the job, ${job.id}.`,
  });
}
