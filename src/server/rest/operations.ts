/** Shows every operation as a REST route. */

import type { ServerResponse } from 'node:http';
import { RESPONSE_ALREADY_SENT } from '@hono/node-server/utils/response';
import type { CompiledOperation, Registry } from '../../operations/types.ts';
import type { Settings } from '../../platform/config/settings.ts';
import type { Identity } from '../../platform/identity/types.ts';
import { invalidInput } from '../../platform/problem.ts';
import { costOf } from '../../operations/compile.ts';
import type { Admission } from '../admission.ts';
import { sendSoon } from '../answer.ts';
import { readJsonBody } from '../body.ts';
import { authenticate } from '../credential.ts';
import type { Exchange } from '../exchange.ts';
import type { Route } from '../route.ts';
import { etagOf, matches } from './etag.ts';
import { streamCall, wantsEvents } from './event-stream.ts';
import { createInputReader } from './input.ts';

export interface RestParts {
  registry: Registry;
  identity: Identity;
  admission: Admission;
  settings: Settings;
}

export function operationRoutes(parts: RestParts): Route[] {
  return restOperations(parts.registry).map((compiled) => operationRoute(parts, compiled));
}

export function restOperations(registry: Registry): CompiledOperation[] {
  return registry.operations.filter(({ operation }) => registry.find(operation.name, 'rest') !== undefined);
}

function operationRoute({ registry, identity, admission, settings }: RestParts, compiled: CompiledOperation): Route {
  const { operation } = compiled;
  const { method, path, status = 200 } = operation.http;
  const readInput = createInputReader(compiled.input_schema);
  return {
    method,
    path,
    async handle(exchange, params) {
      exchange.operation = operation.name;
      // First of all, so that nothing about the thing is told to a stranger.
      const principal = await authenticate(exchange, identity);
      admission.call(exchange, principal, costOf(operation));
      const { incoming, outgoing, query, request_id, signal } = exchange;
      const body = method === 'GET' ? undefined : await readJsonBody(incoming, outgoing, settings.maxBodyBytes);
      const input = readInput({ path: params, query, body });
      const version = expectedVersion(exchange, compiled, input);
      await admission.work(exchange, principal, operation.essential === true);
      const call = {
        operation: operation.name,
        input: version === undefined ? input : { ...input, expected_version: version },
        principal,
        face: 'rest',
        request_id,
        signal,
        idempotency_key: header(exchange, 'idempotency-key'),
      } as const;
      if (operation.streams !== undefined && wantsEvents(incoming)) {
        const { requestTimeoutMs, keepAliveMs } = settings;
        exchange.limitTime(requestTimeoutMs === 0 ? 0 : requestTimeoutMs + operation.streams(settings));
        return streamCall(outgoing, keepAliveMs, (progress) => registry.call({ ...call, progress }));
      }
      const output = await registry.call(call);
      const text = JSON.stringify(output);
      if (method !== 'GET') return answerSoon(outgoing, text, operation.begins_job === true && 'job' in output ? 202 : status);
      const etag = etagOf(text);
      const headers = { 'Cache-Control': 'private, no-cache', Vary: 'Authorization, Origin', ETag: etag };
      if (matches(incoming.headers['if-none-match'], etag)) return new Response(null, { status: 304, headers });
      return answerSoon(outgoing, text, status, headers);
    },
  };
}

/** Past the library, which would send each answer at once: see `sendSoon`. */
function answerSoon(outgoing: ServerResponse, text: string, status: number, headers?: Record<string, string>): Response {
  sendSoon(outgoing, text, status, headers);
  return RESPONSE_ALREADY_SENT;
}

/**
 * `If-Match: "3"` is another way to write `expected_version: 3`. Anything else in it is refused:
 * a condition that is silently ignored loses somebody's change.
 */
function expectedVersion(exchange: Exchange, { operation, input_schema }: CompiledOperation, input: Record<string, unknown>) {
  const condition = header(exchange, 'if-match');
  if (condition === undefined || operation.access === 'read') return undefined;
  const [, digits] = /^"?(\d{1,15})"?$/.exec(condition) ?? [];
  const versioned = Object.hasOwn(input_schema['properties'] ?? {}, 'expected_version');
  if (versioned && digits !== undefined && [undefined, Number(digits)].includes(input['expected_version'] as number | undefined))
    return Number(digits);
  throw invalidInput({
    message: versioned
      ? `If-Match must be one version number in quotes, equal to expected_version where both are sent.`
      : `${operation.name} has no version to compare with If-Match.`,
    next: versioned ? 'Send If-Match: "3", or expected_version in the body.' : 'Leave out If-Match.',
    details: { problems: [{ path: 'If-Match', message: 'cannot be honoured' }], total: 1 },
  });
}

function header({ incoming }: Exchange, name: string): string | undefined {
  const value = incoming.headers[name];
  return Array.isArray(value) ? value.join(', ') : value;
}
