/** What an operation is: one thing that the workspace can do, defined once and shown by every face. */

import type { z } from 'zod';
import type { Settings } from '../platform/config/settings.ts';
import type { Scope } from '../platform/identity/principal.ts';
import type { Context } from './context.ts';
import type { JobDefinition } from './job.ts';

export type Face = 'mcp' | 'rest' | 'chat';
export type Access = 'read' | 'write' | 'destroy';

export interface Operation<Input extends z.ZodObject = z.ZodObject, Output extends z.ZodObject = z.ZodObject> {
  /** `verb_noun`, at most 64 characters; it is also the tool's name, and never changes without an alias. */
  name: string;
  /** A short title for people. */
  title: string;
  /** What it does and when to use it; models read this literally. */
  description: string;
  /** Other words that people ask for it with: `find_tools` finds it by them. Single words; they are shown nowhere. */
  keywords?: string;
  /** Strict: an unknown field is an error that names it. */
  input: Input;
  /** What may leave; anything else is dropped before it does. */
  output: Output;
  access: Access;
  scope: Scope;
  http: { method: 'GET' | 'POST' | 'PATCH' | 'PUT' | 'DELETE'; path: string; status?: 200 | 201 };
  /** Its answer may be `{ job }`, for what goes on after it: over REST with the status 202. Default: false. */
  begins_job?: boolean;
  /** Where it shows. Default: everywhere. */
  faces?: readonly Face[];
  hints?: {
    /** The same call twice has the effect of one. Default: true for reads. */
    idempotent?: boolean;
    /** It reaches beyond this workspace. Default: false. */
    open_world?: boolean;
  };
  /** Default: `read` for reads, else `write`. `none`: it opens short ones itself with `context.transaction`. */
  transaction?: 'read' | 'write' | 'none';
  /** Default: by access. */
  cost?: 'read' | 'write' | 'expensive';
  /** Served when everything else has to wait: short, and others stand still without it. Default: false. */
  essential?: boolean;
  /**
   * Its handler does nothing before its first query, and reads `context.now` only after it: that query then goes out together with BEGIN. With
   * `transaction: 'none'`, that is so of each transaction that only reads. Default: false.
   */
  eager?: boolean;
  /** False when it tells its progress or asks the person; faces may serve the simple ones in a shorter way. Default: true. */
  simple?: boolean;
  /**
   * It may take longer than a client waits: clients that can, get a handle and fetch the result later. Needs `simple: false` and
   * `transaction: 'none'`, and a handler that heeds `context.signal`. Counts as `expensive`. Default: false.
   */
  long?: boolean;
  /**
   * It tells pieces of its answer with its progress, and REST sends them as they come to whoever asks for an event stream. So many milliseconds may such
   * a call take beyond the request time-out, since its client sees that it goes on. Default: it does not stream.
   */
  streams?: (settings: Settings) => number;
  /** Only a person may call it, never an agent's key. */
  person_only?: boolean;
  /** The output holds a secret that is shown once, so it is never kept for a replay. */
  secret_output?: boolean;
  /** Earlier names that still work. */
  aliases?: readonly string[];
  handler(context: Context, input: z.output<Input>): Promise<z.input<Output>>;
}

/** An identity function: it exists so that the handler's input and output are typed by the schemas. */
export function defineOperation<Input extends z.ZodObject, Output extends z.ZodObject>(
  operation: Operation<Input, Output>,
): Operation<Input, Output> {
  return operation;
}

/** One folder of `src/toolsets`: its name, what it is for, and its operations in the order a user meets them. */
export interface Toolset {
  name: string;
  description: string;
  operations: readonly Operation[];
  /** What its operations begin with `context.startJob`. */
  jobs?: readonly JobDefinition[];
}
