/** The long calls that run in this process, each under a lease, and what becomes of them. */

import { setTimeout as sleep } from 'node:timers/promises';
import { type CallToolResult, ProtocolError, ProtocolErrorCode, inputRequired } from '@modelcontextprotocol/server';
import { v7 as newId } from 'uuid';
import { type Question, QuestionAsked, digestOf } from '../../../operations/question.ts';
import type { Progress } from '../../../operations/types.ts';
import type { Settings } from '../../../platform/config/settings.ts';
import type { Database } from '../../../platform/database/types.ts';
import type { Log } from '../../../platform/telemetry/log.ts';
import { asProblem, protocolError, toolAnswer, toolError } from '../answers.ts';
import type { McpBackend } from '../backend.ts';
import { describe } from '../progress.ts';
import { type Change, type LongCall, changeLongCall, renewLeases } from './store.ts';

/** How long calls that are stopped with the server get to end; what then still runs is failed when its lease runs out. */
const stopMs = 2_000;

export interface LongCallParts {
  database: Database;
  settings: Pick<Settings, 'longCallSeconds' | 'longCallLeaseSeconds' | 'longCallPollMs' | 'maxLongCalls'>;
  log: Log;
}

/** One run of a call; a call that asks is run again with the answer. */
export type RunnableCall = Pick<LongCall, 'id' | 'run_id' | 'call' | 'answers'>;

export interface Runs {
  readonly count: number;
  /** Begins; whatever comes of it is written down. */
  begin(backend: McpBackend, call: RunnableCall, request_id: string): void;
  /** Stops a run, if it runs here. */
  stop(run_id: string, why: string): void;
  close(): Promise<void>;
}

interface Run {
  backend: McpBackend;
  stop: AbortController;
  /** The newest word on its progress. */
  message: string | undefined;
  done: Promise<void>;
}

export function createRuns({ database, settings, log }: LongCallParts): Runs {
  const { longCallSeconds, longCallLeaseSeconds: leaseSeconds } = settings;
  const runs = new Map<string, Run>();
  let closed = false;
  const stop = (run_id: string, why: string) => runs.get(run_id)?.stop.abort(new Error(why));

  const renew = async () => {
    if (runs.size === 0) return;
    for (const [run_id, { backend }] of runs) if (!(await mayGoOn(backend))) stop(run_id, 'Its credential was revoked.');
    const told = [...runs].map(([run_id, { message }]) => ({ run_id, message }));
    // Not behind the very calls that it is about.
    const kind = { mode: 'write', essential: true } as const;
    const wanted = await database.transaction('system', kind, (scope) => renewLeases(scope, told, leaseSeconds));
    for (const { run_id } of told) if (!wanted.has(run_id)) stop(run_id, `It was cancelled, or not heard of for ${leaseSeconds} seconds.`);
  };
  let renewing = Promise.resolve();
  const timer = setInterval(
    () => {
      renewing = renewing.then(renew).catch((error: unknown) => log.warn({ err: error }, 'the leases of long calls were not renewed'));
      // Two may fail or be late on a busy machine.
    },
    (leaseSeconds * 1_000) / 3,
  ).unref();

  const carryOut = async (backend: McpBackend, { id, run_id, call, answers }: RunnableCall, request_id: string, run: Run) => {
    const { signal } = run.stop;
    const started = performance.now();
    const progress = (told: Progress) => void (run.message = describe(told));
    const work = () => backend.callTool({ ...call, request_id, signal, answers: answers ?? undefined, progress });
    const change = await endOf(work, signal, log, request_id);
    await database.transaction(backend.principal, { mode: 'write' }, (scope) =>
      changeLongCall(scope, { id, run_id }, change, longCallSeconds),
    );
    const ms = Math.round(performance.now() - started);
    log.info({ task: id, tool: call.name, status: change.status, ms, principal: backend.principal.id, request_id }, 'long call');
  };

  return {
    get count() {
      return runs.size;
    },
    begin: (backend, call, request_id) => {
      const run: Run = { backend, stop: new AbortController(), message: undefined, done: Promise.resolve() };
      const late = `It took longer than ${longCallSeconds} seconds.`;
      const limit = setTimeout(() => stop(call.run_id, late), longCallSeconds * 1_000).unref();
      runs.set(call.run_id, run);
      if (closed) stop(call.run_id, stopped);
      run.done = carryOut(backend, call, request_id, run)
        .catch((error: unknown) => log.warn({ err: error, request_id }, 'the end of a long call was not written down; its lease runs out'))
        .finally(() => {
          clearTimeout(limit);
          runs.delete(call.run_id);
        });
    },
    stop,
    close: async () => {
      closed = true;
      clearInterval(timer);
      for (const run_id of runs.keys()) stop(run_id, stopped);
      const ended = Promise.all([renewing, ...[...runs.values()].map(({ done }) => done)]);
      await Promise.race([ended, sleep(stopMs, undefined, { ref: false })]);
    },
  };
}

const stopped = 'The server stopped.';

/** One that ran out by itself is no reason to stop: its holder gets a new one, and may fetch the result with that. */
async function mayGoOn({ principal: { expires_at }, stillGood }: McpBackend): Promise<boolean> {
  if (expires_at !== null && expires_at.getTime() <= Date.now()) return true;
  // A check that fails is not a refusal: the database is away, and the lease says how long that may be.
  return stillGood().catch(() => true);
}

/** What a tool refuses is its result; `failed` is for an error of the protocol: a bug, a database that is away, an end from outside. */
async function endOf(work: () => Promise<Record<string, unknown>>, signal: AbortSignal, log: Log, request_id: string): Promise<Change> {
  try {
    return completed(toolAnswer(await work()));
  } catch (error) {
    if (error instanceof QuestionAsked) return toQuestion(error.question);
    if (signal.aborted)
      return failed(ProtocolErrorCode.InternalError, `${reasonOf(signal)} Call the tool again if the result is still wanted.`);
    if (error instanceof ProtocolError) return failed(error.code, error.message);
    const problem = asProblem(error, log, request_id);
    return problem.status >= 500 ? failed(ProtocolErrorCode.InternalError, protocolError(problem).message) : completed(toolError(problem));
  }
}

function completed(result: CallToolResult): Change {
  return { status: 'completed', result };
}

function failed(code: number, message: string): Change {
  return { status: 'failed', result: { code, message } };
}

function reasonOf(signal: AbortSignal): string {
  return signal.reason instanceof Error ? signal.reason.message : 'It was stopped.';
}

function toQuestion(question: Question): Change {
  const { key, message, schema } = question;
  // A key may be used once in the life of a task, and the same question may be asked twice.
  const wire_key = `${key}.${newId()}`;
  const request = inputRequired.elicit({ message, requestedSchema: schema });
  return { status: 'input_required', question: { wire_key, key, digest: digestOf(question), request } };
}
