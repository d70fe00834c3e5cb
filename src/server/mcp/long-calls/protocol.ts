/** The tasks extension of MCP (SEP-2663): long calls as `tasks/get`, `tasks/update` and `tasks/cancel` show them. */

import {
  MissingRequiredClientCapabilityError,
  ProtocolError,
  ProtocolErrorCode,
  type Server,
  type ServerContext,
} from '@modelcontextprotocol/server';
import { z } from 'zod';
import type { McpBackend, CallScope } from '../backend.ts';
import { declaredCapabilities } from '../client.ts';
import type { LongCall } from './store.ts';

export const tasksExtension = 'io.modelcontextprotocol/tasks';

/** Whether the client can take a handle in the place of a result; said anew in each request. */
export function takesTasks(context: ServerContext): boolean {
  return declaredCapabilities(context)?.extensions?.[tasksExtension] !== undefined;
}

const one = z.object({ taskId: z.string().max(100) });
const anyResult = z.looseObject({});

type Scoped = <Params, Result>(
  work: (params: Params, scope: CallScope, context: ServerContext) => Promise<Result>,
) => (params: Params, context: ServerContext) => Promise<Result>;

/** `scoped` gives each handler what a call carries, and words what it throws. */
export function registerTasks(server: Server, backend: McpBackend, scoped: Scoped): void {
  const { principal, longCalls } = backend;
  const negotiated = <Params, Result>(
    method: string,
    work: (params: Params, scope: CallScope, context: ServerContext) => Promise<Result>,
  ) =>
    scoped((params: Params, scope, context) => {
      // The revision of November 2025 has methods of these names that mean something else; they are not served.
      if (declaredCapabilities(context) === undefined)
        throw new ProtocolError(ProtocolErrorCode.MethodNotFound, `Method not found: ${method}`);
      if (!takesTasks(context))
        throw new MissingRequiredClientCapabilityError({ requiredCapabilities: { extensions: { [tasksExtension]: {} } } });
      return work(params, scope, context);
    });
  server.setRequestHandler(
    'tasks/get',
    { params: one, result: anyResult },
    negotiated('tasks/get', async ({ taskId }: z.output<typeof one>) => detailed(await longCalls.get(principal, taskId), longCalls.pollMs)),
  );
  server.setRequestHandler(
    'tasks/update',
    { params: one, result: anyResult },
    negotiated('tasks/update', async ({ taskId }: z.output<typeof one>, { request_id }, { mcpReq }) => {
      // The SDK takes the answers out of the parameters.
      await longCalls.answer(backend, taskId, mcpReq.inputResponses ?? {}, request_id);
      return {};
    }),
  );
  server.setRequestHandler(
    'tasks/cancel',
    { params: one, result: anyResult },
    negotiated('tasks/cancel', async ({ taskId }: z.output<typeof one>) => {
      await longCalls.cancel(principal, taskId);
      return {};
    }),
  );
}

/** The handle that a client gets in the place of a result. */
export function handleOf(call: LongCall, pollMs: number) {
  return { ...base(call, pollMs), resultType: 'task' as const };
}

function detailed(call: LongCall, pollMs: number): Record<string, unknown> {
  const { status, question, result } = call;
  const more = {
    completed: { result },
    failed: { error: result },
    input_required: { inputRequests: question === null ? {} : { [question.wire_key]: question.request } },
  };
  return { ...base(call, pollMs), ...(status === 'working' || status === 'cancelled' ? {} : more[status]) };
}

function base({ id, status, status_message, created_at, updated_at, expires_at }: LongCall, pollIntervalMs: number) {
  return {
    taskId: id,
    status,
    ...(status_message === null ? {} : { statusMessage: status_message }),
    createdAt: created_at.toISOString(),
    lastUpdatedAt: updated_at.toISOString(),
    ttlMs: expires_at.getTime() - created_at.getTime(),
    pollIntervalMs,
  };
}
