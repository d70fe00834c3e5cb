/** What a job of a toolset is: work that an operation begins, and that goes on after its answer, on any replica. */

import type { z } from 'zod';
import type { Scope } from '../platform/identity/principal.ts';
import type { Context } from './context.ts';

export interface JobDefinition<Input extends z.ZodObject = z.ZodObject, Output extends z.ZodObject = z.ZodObject> {
  /** Kept with each job, so it never changes. */
  name: string;
  input: Input;
  /** What may be seen of the result. */
  output: Output;
  /** What whoever asked for it must still be allowed when it runs. */
  scope: Scope;
  /**
   * It opens short transactions itself with `context.transaction`, tells with `context.progress` how far it is, and heeds `context.signal`.
   * After a crash it is run again from its beginning, so it must have the effect of one run.
   */
  run(context: Context, input: z.output<Input>): Promise<z.input<Output>>;
}

/** An identity function: it exists so that the input and the result are typed by the schemas. */
export function defineJob<Input extends z.ZodObject, Output extends z.ZodObject>(
  definition: JobDefinition<Input, Output>,
): JobDefinition<Input, Output> {
  return definition;
}
