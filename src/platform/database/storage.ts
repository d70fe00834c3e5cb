/** Remembers that the disk was full: an answer that nothing is wrong would mislead whoever looks at the health of the server. */

import { Problem } from '../problem.ts';
import type { Database } from './types.ts';

export function watchStorage(transaction: Database['transaction']): Pick<Database, 'transaction'> & { fullAt(): number | undefined } {
  let fullAt: number | undefined;
  return {
    fullAt: () => fullAt,
    async transaction(tenant, options, work) {
      try {
        return await transaction(tenant, options, work);
      } catch (error) {
        if (ranOut(error)) fullAt = performance.now();
        throw error;
      }
    },
  };
}

/** Also where it is the cause of another problem: a commit of which nobody knows whether it was made. */
function ranOut(error: unknown): boolean {
  return error instanceof Problem && (error.code === 'storage_full' || ranOut(error.cause));
}
