/** The nouns of the queue: a lease, and what a claim gives. */

import { z } from 'zod';
import { claim, task } from '../tasks/index.ts';

/** Longest lease: a day. Longer work renews its claim, which shows that somebody is alive. */
export const leaseSeconds = z
  .int()
  .min(1)
  .max(86_400)
  .optional()
  .describe('How long the claim lasts without renewal; default 900, which is 15 minutes');

export const claimResult = z.object({
  task: task.nullable(),
  claim: claim.nullable().describe('Keep the fence: renew_claim, release_claim and finish_task need it'),
});

export const finished = z.object({ task, claim: claim.nullable() });
