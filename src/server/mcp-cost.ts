/** What the messages of one MCP request count as: a tool call as the operation that it calls, an answer to a long one as that, everything else as a read. */

import { costOf } from '../operations/compile.ts';
import type { Operation } from '../operations/operation.ts';
import type { Registry } from '../operations/types.ts';
import type { Cost } from '../platform/limits/open.ts';
import { callToolName } from './mcp/own-tools.ts';

/** One for each message: the revisions before 2025-06-18 allow several in one request. */
export function costsOf(body: unknown, registry: Registry): Cost[] {
  return (Array.isArray(body) ? body : [body]).map((message) => {
    // It runs the call anew, and only long calls are answered in this way.
    if (fieldOf(message, 'method') === 'tasks/update') return 'expensive';
    const operation = calledOperation(message, registry);
    return operation === undefined ? 'read' : costOf(operation);
  });
}

/** True for a call of a tool, whose answer can carry a refusal for the model to read. */
export function isToolCall(message: unknown): boolean {
  return fieldOf(message, 'method') === 'tools/call';
}

/** The operation that a message calls; undefined: none, or none that there is. */
export function calledOperation(message: unknown, registry: Registry): Operation | undefined {
  if (!isToolCall(message)) return undefined;
  const params = fieldOf(message, 'params');
  const name = fieldOf(params, 'name');
  const target = name === callToolName ? fieldOf(fieldOf(params, 'arguments'), 'name') : name;
  return typeof target === 'string' ? registry.find(target, 'mcp')?.operation : undefined;
}

export function fieldOf(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null && Object.hasOwn(value, name) ? (value as Record<string, unknown>)[name] : undefined;
}
