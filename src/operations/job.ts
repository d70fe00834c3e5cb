/** What a job of a toolset is: work that an operation begins, and that goes on after its answer, on any replica. */

import type { z } from 'zod';
import type { Scope } from '../platform/identity/principal.ts';
import type { Context } from './context.ts';

/** Writes the result down with the transaction of `context`. @throws Error where the job is not wanted any more */
export type Settle<Result> = (context: Context, result: Result) => Promise<void>;

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
   * After a crash it is run again from its beginning, so it must have the effect of one run. What it changes, it changes in one transaction that it
   * ends with `settle`: whoever cancels it comes before both, and nothing stays, or is told that it is done.
   */
  run(context: Context, input: z.output<Input>, settle: Settle<z.input<Output>>): Promise<z.input<Output>>;
}

/** An identity function: it exists so that the input and the result are typed by the schemas. */
export function defineJob<Input extends z.ZodObject, Output extends z.ZodObject>(
  definition: JobDefinition<Input, Output>,
): JobDefinition<Input, Output> {
  return definition;
}
