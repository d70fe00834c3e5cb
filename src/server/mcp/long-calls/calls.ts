/** Calls that go on after their request: each is a row that any replica reads, so it outlives its client, and its replica's death is seen. */

import { ProtocolError, ProtocolErrorCode } from '@modelcontextprotocol/server';
import { v7 as newId } from 'uuid';
import type { Answers } from '../../../operations/question.ts';
import type { TransactionScope } from '../../../platform/database/types.ts';
import type { Principal } from '../../../platform/identity/principal.ts';
import { type Problem, overloaded } from '../../../platform/problem.ts';
import type { McpBackend } from '../backend.ts';
import { type LongCallParts, createRuns } from './runs.ts';
import { type CalledTool, type LongCall, changeLongCall, countOpenCalls, findLongCall, insertLongCall, sweepLongCalls } from './store.ts';

/** Most calls that run at once on one replica. They wait more than they work, but each holds memory that no request time-out frees. */
const maxRunning = 64;

export interface LongCalls {
  /** How often a client should ask for the result. */
  readonly pollMs: number;
  /** How many run in this process. */
  readonly running: number;
  /** Begins a call, and resolves once it is kept: its handle is good on every replica. @throws Problem `overloaded` */
  start(backend: McpBackend, call: CalledTool, request_id: string, answers: Answers | undefined): Promise<LongCall>;
  /** @throws ProtocolError -32602 for a handle that is not this credential's */
  get(principal: Principal, id: string): Promise<LongCall>;
  /** Takes the answer to what is asked; others are ignored. @throws ProtocolError; Problem `overloaded` */
  answer(backend: McpBackend, id: string, responses: Readonly<Record<string, unknown>>, request_id: string): Promise<void>;
  /** Ends the call if it has not ended; the run is told here at once, elsewhere with its next renewal. @throws ProtocolError */
  cancel(principal: Principal, id: string): Promise<void>;
  /** Fails what nobody works on any more and deletes what is over; returns how many. */
  sweep(): Promise<number>;
  /** Ends the calls that run here and begins no more; they fail, and say that the server stopped. */
  close(): Promise<void>;
}

export function createLongCalls(parts: LongCallParts): LongCalls {
  const { database, settings } = parts;
  const runs = createRuns(parts);
  const inTenant = <Result>(principal: Principal, mode: 'read' | 'write', work: (scope: TransactionScope) => Promise<Result>) =>
    database.transaction(principal, { mode }, work);
  const { longCallSeconds: keepSeconds, longCallLeaseSeconds: leaseSeconds, maxLongCalls } = settings;
  const checkRoom = () => {
    if (runs.count >= maxRunning) throw serverIsFull();
  };
  const get = (principal: Principal, id: string) =>
    inTenant(principal, 'read', async (scope) => asOf(await find(scope, principal, id), scope.now));

  return {
    pollMs: settings.longCallPollMs,
    get running() {
      return runs.count;
    },
    get,
    start: async (backend, call, request_id, answers) => {
      checkRoom();
      const { principal } = backend;
      const made = { id: newId(), run_id: newId(), principal_id: principal.id, call, answers: answers ?? null };
      const kept = await inTenant(principal, 'write', async (scope) => {
        if ((await countOpenCalls(scope, principal.id)) >= maxLongCalls) throw tooMany(maxLongCalls);
        return insertLongCall(scope, made, { leaseSeconds, keepSeconds });
      });
      runs.begin(backend, kept, request_id);
      return kept;
    },
    answer: async (backend, id, responses, request_id) => {
      checkRoom();
      const next = await inTenant(backend.principal, 'write', async (scope) => {
        const found = await find(scope, backend.principal, id, true);
        const { question } = found;
        if (question === null || !Object.hasOwn(responses, question.wire_key)) return undefined;
        const answers = { ...found.answers, [question.key]: { question: question.digest, response: responses[question.wire_key] } };
        const run_id = newId();
        await changeLongCall(scope, found, { status: 'working', run_id, answers, leaseSeconds }, keepSeconds);
        return { ...found, run_id, answers };
      });
      if (next !== undefined) runs.begin(backend, next, request_id);
    },
    cancel: async (principal, id) => {
      const run_id = await inTenant(principal, 'write', async (scope) => {
        const found = await find(scope, principal, id, true);
        await changeLongCall(scope, found, { status: 'cancelled' }, keepSeconds);
        return found.run_id;
      });
      runs.stop(run_id, 'It was cancelled.');
    },
    sweep: () => database.transaction('system', { mode: 'write' }, (scope) => sweepLongCalls(scope, replicaDied)),
    close: () => runs.close(),
  };
}

async function find(scope: TransactionScope, principal: Principal, id: string, lock = false): Promise<LongCall> {
  const found = isUuid(id) ? await findLongCall(scope, id, principal.id, lock) : undefined;
  if (found === undefined) throw noSuchCall();
  return found;
}

const replicaDied = {
  code: ProtocolErrorCode.InternalError,
  message:
    'The server that worked on it is gone. Nothing is known of how far it came: look at what it was to change, then call the tool again.',
};

/** As it stands at this moment: a lease that ran out is a failure before the sweep has written it down. */
function asOf(call: LongCall, now: Date): LongCall {
  return call.status === 'working' && call.leased_until < now ? { ...call, status: 'failed', result: replicaDied } : call;
}

function isUuid(text: string): boolean {
  return /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(text);
}

function noSuchCall(): ProtocolError {
  return new ProtocolError(
    ProtocolErrorCode.InvalidParams,
    'Unknown task: this credential has no task of that id. It may be over: ttlMs says how long one is kept. Call the tool again.',
  );
}

function serverIsFull(): Problem {
  return overloaded({ message: `${maxRunning} long calls run on this server, which is its limit.`, next: 'Try again in a minute.' });
}

function tooMany(limit: number): Problem {
  return overloaded({
    message: `${limit} long calls of this credential have not ended, which is its limit; those that wait for an answer count too.`,
    next: 'Wait for one to end or cancel it with tasks/cancel, then try again.',
  });
}
