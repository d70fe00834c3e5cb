/** Carries out the jobs of the toolsets: in the context of whoever asked for one, as far as that person may still do it. */

import type { JobRunner, TakenJob } from '../platform/jobs/types.ts';
import type { Principal } from '../platform/identity/principal.ts';
import { forbidden } from '../platform/problem.ts';
import type { Context } from './context.ts';
import { baseContext, inTransaction, withoutTransaction } from './contexts.ts';
import { parseInput } from './input.ts';
import type { JobDefinition } from './job.ts';
import type { RegistryOptions } from './registry.ts';
import type { JobWork } from './types.ts';

export function createJobRunner(options: RegistryOptions): JobWork {
  const definitions = new Map(options.toolsets.flatMap(({ jobs = [] }) => jobs).map((definition) => [definition.name, definition]));
  const runJob: JobRunner = async (job, { signal, progress, settle }) => {
    const definition = definitions.get(job.kind);
    if (definition === undefined) throw new Error(`there is no job called ${job.kind}`);
    const principal = await currentPrincipal(options, job, definition);
    const base = baseContext(
      options,
      { name: job.kind },
      {
        operation: job.kind,
        input: undefined,
        principal,
        face: 'rest',
        request_id: job.id,
        signal,
        progress: ({ done, total, message }) => progress(done, total, message),
      },
    );
    const short = <Result>(mode: 'read' | 'write', work: (context: Context) => Promise<Result>) =>
      inTransaction(options, base, { mode }, work);
    const input = parseInput(job.kind, definition.input, job.input);
    const result = await definition.run(withoutTransaction(base, short), input, (context, done) =>
      settle(context, definition.output.parse(done)),
    );
    return definition.output.parse(result);
  };
  return { jobs: [...definitions.keys()], runJob };
}

/**
 * What was asked for with a credential that has ended since is still done, as any call that was begun. But not for somebody who
 * has left the workspace meanwhile, or may less there.
 * @throws Problem `forbidden`
 */
async function currentPrincipal({ identity }: RegistryOptions, job: TakenJob, { scope }: JobDefinition): Promise<Principal> {
  const { email, workspace_id } = job.principal;
  const person = await identity.principalOf(email, workspace_id);
  const scopes = job.principal.scopes.filter((held) => person.scopes.includes(held));
  if (!scopes.includes(scope))
    throw forbidden({
      message: `Whoever asked for this job may not do it any more: it needs the scope ${scope}.`,
      next: 'Ask an owner or admin of the workspace.',
      details: { scope },
    });
  return { ...job.principal, role: person.role, scopes, expires_at: null };
}
