/** The registry: every operation, compiled once, and the one way to call them. */

import type { Settings } from '../platform/config/settings.ts';
import { isUndoneByAnother } from '../platform/database/errors.ts';
import type { Database } from '../platform/database/types.ts';
import type { Events, NewEvent } from '../platform/events/types.ts';
import type { Principal } from '../platform/identity/principal.ts';
import type { Identity } from '../platform/identity/types.ts';
import type { Jobs } from '../platform/jobs/types.ts';
import type { Models } from '../platform/models/types.ts';
import type { Cache } from '../platform/cache.ts';
import type { Vectors } from '../platform/vectors/types.ts';
import { Problem, cancelled, forbidden, insufficientScope, internal, notFound } from '../platform/problem.ts';
import { logBug } from '../platform/telemetry/bugs.ts';
import type { Log } from '../platform/telemetry/log.ts';
import { type SpanStart, tracing } from '../platform/telemetry/traces.ts';
import { compileToolsets, transactionOf } from './compile.ts';
import type { BaseContext, Context } from './context.ts';
import { baseContext, inTransaction, withoutTransaction } from './contexts.ts';
import { type IdempotentCall, checkIdempotencyKey, freeKey, hashInput, keepAnswer, takeKey } from './idempotency.ts';
import { parseInput } from './input.ts';
import { createJobRunner } from './job-runner.ts';
import type { Face, Operation, Toolset } from './operation.ts';
import { QuestionAsked } from './question.ts';
import type { CallRequest, CompiledOperation, JobWork, Registry } from './types.ts';

export interface RegistryOptions {
  toolsets: readonly Toolset[];
  database: Database;
  identity: Identity;
  events: Events;
  /** Default: none is switched on. */
  models?: Models | undefined;
  /** Default: none. */
  vectors?: Vectors | undefined;
  /** Default: nothing is kept. */
  cache?: Cache | undefined;
  /** Default: no job can be begun. */
  jobs?: Jobs | undefined;
  settings: Settings;
  log: Log;
  /** Told of every call: `outcome` is `ok` or the code of the problem. */
  observe?: ((operation: string, face: Face, outcome: string, seconds: number) => void) | undefined;
  /** Told of every event, after its transaction was committed. */
  committed?: ((type: string, data: NewEvent['data']) => void) | undefined;
}

type Output = Record<string, unknown>;

export function createRegistry(options: RegistryOptions): Registry & JobWork {
  const operations = compileToolsets(options.toolsets);
  const byName = new Map<string, CompiledOperation>();
  for (const compiled of operations) {
    byName.set(compiled.operation.name, compiled);
    for (const alias of compiled.operation.aliases ?? []) byName.set(alias, compiled);
  }
  const find = (name: string, face: Face) => {
    const compiled = byName.get(name);
    return compiled !== undefined && shows(compiled.operation, face) ? compiled : undefined;
  };
  return {
    operations,
    ...createJobRunner(options),
    toolsets: options.toolsets.map(({ name, description }) => ({ name, description })),
    find,
    allowed: (principal, face, toolsets) =>
      operations.filter(
        (compiled) =>
          shows(compiled.operation, face) &&
          (toolsets === undefined || toolsets.includes(compiled.toolset)) &&
          isWithinReach(refusal(principal, compiled)),
      ),
    missingConsent: (principal, name, face) => {
      const compiled = find(name, face);
      const refused = compiled === undefined ? undefined : refusal(principal, compiled);
      return refused?.code === 'insufficient_scope' ? refused : undefined;
    },
    call: (request) => {
      const trace = tracing();
      return trace === undefined ? call(options, find, request) : trace.span(spanOf(find, request), () => call(options, find, request));
    },
  };
}

function spanOf(find: Registry['find'], { operation, face, principal }: CallRequest): SpanStart {
  const name = find(operation, face)?.operation.name ?? 'unknown';
  const { kind, id, workspace_id } = principal;
  const who = { 'quarterdeck.principal.kind': kind, 'quarterdeck.principal.id': id, 'quarterdeck.workspace.id': workspace_id };
  return { name, kind: 'internal', attributes: { 'quarterdeck.operation': name, 'quarterdeck.face': face, ...who } };
}

function shows(operation: Operation, face: Face): boolean {
  return operation.faces?.includes(face) ?? true;
}

/** What one more consent would allow is shown too: nobody asks for what it does not know. */
function isWithinReach(refused: Problem | undefined): boolean {
  return refused === undefined || refused.code === 'insufficient_scope';
}

/** Why this principal may not call the operation; undefined when it may. */
function refusal(principal: Principal, { operation, toolset }: CompiledOperation): Problem | undefined {
  if (operation.person_only === true && principal.kind !== 'person')
    return forbidden({
      message: `${operation.name} is for people; an agent's key cannot call it.`,
      next: 'Ask the person who made this key to do it, signed in.',
    });
  if (principal.toolsets !== null && !principal.toolsets.includes(toolset))
    return forbidden({
      message: `This key is narrowed to the toolsets ${principal.toolsets.join(', ')}; ${operation.name} belongs to ${toolset}.`,
      next: `Ask for a key with the toolset ${toolset}.`,
      details: { toolset, held: principal.toolsets },
    });
  if (principal.scopes.includes(operation.scope)) return undefined;
  if (principal.grantable.includes(operation.scope)) return missingConsent(principal, operation);
  return forbidden({
    message: `${operation.name} needs the scope ${operation.scope}, which this credential does not have.`,
    next: `Ask an owner or admin of the workspace for a role or a key with ${operation.scope}.`,
    details: { scope: operation.scope, held: principal.scopes },
  });
}

/** The challenge names what is held as well: a client asks for exactly what it names, and must not lose the rest. */
function missingConsent({ scopes }: Principal, { name, scope }: Operation): Problem {
  return insufficientScope({
    message: `${name} needs the scope ${scope}, which this client was not allowed.`,
    next: 'Sign in again and allow it.',
    details: { scope, held: scopes, needed: [...scopes, scope] },
  });
}

async function call(options: RegistryOptions, find: Registry['find'], request: CallRequest): Promise<Output> {
  const started = performance.now();
  let outcome = 'ok';
  let name = 'unknown';
  try {
    const compiled = find(request.operation, request.face);
    if (compiled === undefined) throw noSuchOperation(request.operation);
    name = compiled.operation.name;
    return await run(options, compiled, request);
  } catch (error) {
    if (error instanceof QuestionAsked) {
      outcome = 'asked';
      throw error;
    }
    const problem = toProblem(error, options.log, request, name);
    outcome = problem.code;
    throw problem;
  } finally {
    options.observe?.(name, request.face, outcome, (performance.now() - started) / 1_000);
  }
}

/** validate -> authorise -> transaction -> handler -> validate output -> commit -> wake. */
async function run(options: RegistryOptions, compiled: CompiledOperation, request: CallRequest): Promise<Output> {
  const { operation } = compiled;
  const refused = refusal(request.principal, compiled);
  if (refused !== undefined) throw refused;
  const input = parseInput(operation.name, operation.input, request.input);
  const idempotent = idempotentCall(operation, request, input);
  const base = baseContext(options, operation, request);
  const mode = transactionOf(operation);
  if (mode === 'none') return runWithout(options, base, operation, input, idempotent);
  return again(() =>
    inTransaction(
      options,
      base,
      { mode, essential: operation.essential, eager: operation.eager === true && idempotent === undefined },
      async (context) => {
        const replay = idempotent === undefined ? undefined : await takeKey(context, idempotent);
        if (replay !== undefined) return replay;
        const output = operation.output.parse(await operation.handler(context, input));
        if (idempotent !== undefined) keepAnswer(context, idempotent, operation.secret_output === true ? null : output);
        return output;
      },
    ),
  );
}

/** How often a transaction is begun anew: PostgreSQL ends a deadlock by undoing one of the two, so the second time usually passes. */
const maxTries = 3;

/** A handler in a transaction has no effect outside it, so a transaction that another one undid can simply run again. */
async function again(transaction: () => Promise<Output>, tries = 1): Promise<Output> {
  try {
    return await transaction();
  } catch (error) {
    if (tries >= maxTries || !isUndoneByAnother(error)) throw error;
    return again(transaction, tries + 1);
  }
}

/** An operation that opens its own short transactions: the key is taken before and settled after. */
async function runWithout(
  options: RegistryOptions,
  base: BaseContext,
  operation: Operation,
  input: Output,
  idempotent: IdempotentCall | undefined,
): Promise<Output> {
  const short = <Result>(mode: 'read' | 'write', work: (context: Context) => Promise<Result>) =>
    inTransaction(options, base, { mode, essential: operation.essential, eager: operation.eager === true && mode === 'read' }, work);
  const replay = idempotent === undefined ? undefined : await short('write', (context) => takeKey(context, idempotent));
  if (replay !== undefined) return replay;
  try {
    const output = operation.output.parse(await operation.handler(withoutTransaction(base, short), input));
    if (idempotent !== undefined)
      await short('write', async (context) => keepAnswer(context, idempotent, operation.secret_output === true ? null : output));
    return output;
  } catch (error) {
    if (idempotent !== undefined) await short('write', (context) => freeKey(context, idempotent));
    throw error;
  }
}

function idempotentCall(operation: Operation, request: CallRequest, input: unknown): IdempotentCall | undefined {
  if (request.idempotency_key === undefined || operation.access === 'read') return undefined;
  checkIdempotencyKey(request.idempotency_key);
  return { principal: request.principal, operation: operation.name, key: request.idempotency_key, input_hash: hashInput(input) };
}

function noSuchOperation(name: string): Problem {
  return notFound({
    message: `There is no operation called ${name.slice(0, 64)}.`,
    next: 'Use find_tools over MCP, or GET /openapi.json, to see what there is.',
  });
}

/** What a caller may see of an error. A bug is logged with its cause and answered without its text. */
function toProblem(error: unknown, log: Log, request: CallRequest, operation: string): Problem {
  if (error instanceof Problem) {
    if (error.cause !== undefined)
      log.warn({ err: error.cause, code: error.code, operation, request_id: request.request_id }, error.message);
    return error;
  }
  if (request.signal.aborted)
    return cancelled({
      message: `${operation} was cancelled because the caller went away.`,
      next: 'Call again if the answer is still wanted.',
    });
  const { request_id, face, principal } = request;
  logBug(log, error, 'an operation failed with a bug', { operation, request_id, face, principal: principal.id });
  return internal({
    message: `${operation} failed because of a bug in the server.`,
    next: `Try again; if it stays, give the operator the request id ${request.request_id}.`,
  });
}
