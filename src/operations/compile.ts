/** Turns an operation into everything that can be computed once, at start. */

import type { Operation, Toolset } from './operation.ts';
import { toJsonSchema } from './json-schema.ts';
import type { CompiledOperation } from './types.ts';

/** @throws Error when a definition breaks a rule of the house; it is a bug, found at start. */
export function compileToolsets(toolsets: readonly Toolset[]): CompiledOperation[] {
  const compiled = toolsets.flatMap((toolset) => toolset.operations.map((operation) => compile(operation, toolset.name)));
  const names = new Set<string>();
  for (const { operation } of compiled) {
    for (const name of [operation.name, ...(operation.aliases ?? [])]) {
      if (!/^[a-z][a-z0-9_]{0,63}$/.test(name)) throw new Error(`${name} is not a name for an operation: verb_noun, at most 64 characters`);
      if (names.has(name)) throw new Error(`two operations are called ${name}`);
      names.add(name);
    }
  }
  return compiled;
}

function compile(operation: Operation, toolset: string): CompiledOperation {
  const input_schema = toJsonSchema(operation.input, 'input');
  const output_schema = toJsonSchema(operation.output, 'output');
  if (operation.long === true && (operation.simple !== false || operation.transaction !== 'none'))
    throw new Error(`${operation.name} is long, so it must have simple: false and transaction: 'none'`);
  const readOnly = operation.access === 'read';
  const tool = {
    name: operation.name,
    title: operation.title,
    description: operation.description,
    inputSchema: input_schema,
    outputSchema: output_schema,
    annotations: {
      readOnlyHint: readOnly,
      destructiveHint: operation.access === 'destroy',
      idempotentHint: operation.hints?.idempotent ?? readOnly,
      openWorldHint: operation.hints?.open_world ?? false,
    },
  };
  return Object.freeze({ operation, toolset, input_schema, output_schema, tool });
}

/** The transaction an operation runs in: declared, or by its access. */
export function transactionOf(operation: Operation): 'read' | 'write' | 'none' {
  return operation.transaction ?? (operation.access === 'read' ? 'read' : 'write');
}

/** What a call counts as against the limits of the credential: declared, or by its length and access. */
export function costOf(operation: Operation): 'read' | 'write' | 'expensive' {
  return operation.cost ?? (operation.long === true ? 'expensive' : operation.access === 'read' ? 'read' : 'write');
}
