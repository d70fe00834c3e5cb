/** How results and problems read over MCP: a tool's answer, a tool's error, a protocol error. */

import { type CallToolResult, ProtocolError, ProtocolErrorCode } from '@modelcontextprotocol/server';
import { Problem, internal } from '../../platform/problem.ts';
import { logBug } from '../../platform/telemetry/bugs.ts';
import type { Log } from '../../platform/telemetry/log.ts';

/** The same result twice, because some clients show models only the text and others only the structure. */
export function toolAnswer(output: Record<string, unknown>): CallToolResult {
  return { content: [{ type: 'text', text: JSON.stringify(output) }], structuredContent: output };
}

/** Text alone: an error does not fit the tool's output schema. */
export function toolError(problem: Problem): CallToolResult {
  return { isError: true, content: [{ type: 'text', text: problemText(problem) }] };
}

/** `code: what, why. next` */
export function problemText(problem: Problem): string {
  return `${problem.code}: ${problem.message} ${problem.next}`;
}

/** A problem of a method that has no error result of its own, such as `resources/read`. */
export function protocolError(problem: Problem): ProtocolError {
  const code = problem.status >= 500 ? ProtocolErrorCode.InternalError : ProtocolErrorCode.InvalidParams;
  return new ProtocolError(code, problemText(problem), { code: problem.code, retryable: problem.retryable });
}

/**
 * Whatever was thrown, as something that may be shown. The SDK would send the text of any other error to the client,
 * so this is the last wall behind the registry's own.
 */
export function asProblem(error: unknown, log: Log, request_id: string): Problem {
  if (error instanceof Problem) return error;
  logBug(log, error, 'the MCP face failed with a bug', { request_id, face: 'mcp' });
  return internal({
    message: 'The server failed because of a bug.',
    next: `Try again; if it stays, give the operator the request id ${request_id}.`,
  });
}
