/** The queue toolset: who works on what, with leases that end by themselves. */

import type { Toolset } from '../../operations/operation.ts';
import { claimTask, finishTask, releaseClaim, renewClaim } from './operations.ts';

export const queueToolset: Toolset = {
  name: 'queue',
  description: 'Claim the next ready task, keep the claim alive, and finish or release it. No task is ever given to two.',
  operations: [claimTask, renewClaim, releaseClaim, finishTask],
};

export { sweepExpired } from './expiry.ts';
