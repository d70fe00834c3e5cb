/** What the faces see of the registry. */

import type { JobRunner } from '../platform/jobs/types.ts';
import type { Principal } from '../platform/identity/principal.ts';
import type { Problem } from '../platform/problem.ts';
import type { Face, Operation } from './operation.ts';
import type { Answers } from './question.ts';

/** JSON Schema 2020-12, converted once at start. */
export type JsonSchema = Record<string, unknown>;

/** An operation with everything that can be computed once. */
export interface CompiledOperation {
  operation: Operation;
  toolset: string;
  input_schema: JsonSchema;
  output_schema: JsonSchema;
  /** The MCP tool, ready to be listed: name, title, description, both schemas, all four hints. */
  tool: {
    name: string;
    title: string;
    description: string;
    inputSchema: JsonSchema;
    outputSchema: JsonSchema;
    annotations: {
      readOnlyHint: boolean;
      destructiveHint: boolean;
      idempotentHint: boolean;
      openWorldHint: boolean;
    };
  };
}

/** How far a call is. */
export interface Progress {
  done: number;
  total?: number | undefined;
  message?: string | undefined;
  /** Pieces of the answer that are ready, for whoever reads it as it comes. */
  parts?: readonly AnswerPart[] | undefined;
}

/** A piece of an answer: an event of a stream. */
export interface AnswerPart {
  event: string;
  data: Record<string, unknown>;
}

export interface CallRequest {
  /** Name or alias. */
  operation: string;
  /** As it came; the registry validates it. */
  input: unknown;
  principal: Principal;
  face: Face;
  request_id: string;
  signal: AbortSignal;
  idempotency_key?: string | undefined;
  /** Most bytes that a page of items should take. Default: by the face. */
  page_bytes?: number | undefined;
  /** Hears of progress. Absent: nobody wants to. */
  progress?: ((progress: Progress) => void) | undefined;
  /** What the person has answered so far. Absent: nobody can be asked. */
  answers?: Answers | undefined;
}

export interface Registry {
  /** Every operation, in the order of the toolsets. */
  readonly operations: readonly CompiledOperation[];
  readonly toolsets: readonly { name: string; description: string }[];
  /** By name or alias, on a face; undefined when there is none or it does not show there. */
  find(name: string, face: Face): CompiledOperation | undefined;
  /** What this principal may call on this face: its scopes, its kind, its key's toolsets, and `toolsets` when given. */
  allowed(principal: Principal, face: Face, toolsets?: readonly string[]): readonly CompiledOperation[];
  /** The problem `insufficient_scope` that a call would raise, for a face that must answer it before the call. */
  missingConsent(principal: Principal, name: string, face: Face): Problem | undefined;
  /**
   * validate -> authorise -> transaction with the tenant set -> handler -> validate output -> commit -> wake the events.
   * @throws Problem; QuestionAsked when `answers` is given and lacks one that the operation needs; nothing else.
   */
  call(request: CallRequest): Promise<Record<string, unknown>>;
}

/** What whoever works on jobs sees of it. */
export interface JobWork {
  /** Names of the jobs that toolsets can begin. */
  readonly jobs: readonly string[];
  readonly runJob: JobRunner;
}
