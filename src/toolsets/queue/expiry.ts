/** What happens when a lease runs out: the task goes back to the queue with its attempt counted, and there is an event. */

import type { Settings } from '../../platform/config/settings.ts';
import type { Database, TransactionScope } from '../../platform/database/types.ts';
import type { Events, NewEvent } from '../../platform/events/types.ts';
import type { Actor } from '../../platform/identity/principal.ts';
import { afterExpiry, resourceOf, settle, updateTaskRow } from '../tasks/index.ts';
import { lockExpired, tenantsWithExpired } from './store.ts';

/** No person and no key: nobody can hold this id. */
const nobody = '00000000-0000-0000-0000-000000000000';

/** Who returns a lease. */
const sweeper: Actor = { kind: 'agent', id: nobody, name: 'Quarterdeck' };

/** Returns the leases that ended, in the caller's transaction; gives the events that tell of it. */
export async function returnExpired(scope: TransactionScope, maxAttempts: number, project_id?: string): Promise<NewEvent[]> {
  const events: NewEvent[] = [];
  for (const row of await lockExpired(scope, project_id)) {
    const { attempts, status } = afterExpiry(row.attempts, maxAttempts);
    await updateTaskRow(scope, row.id, { ...settle(status, scope.now), attempts });
    events.push({
      type: 'claim.expired',
      subject: row.display_id,
      resource: resourceOf(row.display_id),
      owner_id: row.owner_id,
      data: { fence: row.fence, holder: row.claimed_by, expired_at: row.claimed_until?.toISOString(), attempts, status },
    });
  }
  return events;
}

/**
 * Returns every lease that ended, in all workspaces, each in its own tenant. Returns how many.
 * The next claim does the same for its project; this makes sure that a quiet project has its events too.
 */
export async function sweepExpired(database: Database, events: Events, settings: Pick<Settings, 'maxAttempts'>): Promise<number> {
  const tenants = await database.transaction('system', { mode: 'read' }, tenantsWithExpired);
  let returned = 0;
  for (const { workspace_id, owner_id } of tenants) {
    const tenant = { workspace_id, user_id: owner_id ?? nobody };
    returned += await database.transaction(tenant, { mode: 'write' }, async (scope) => {
      const happened = await returnExpired(scope, settings.maxAttempts);
      if (happened.length > 0) events.write(scope, sweeper, happened);
      return happened.length;
    });
  }
  if (returned > 0) events.wake();
  return returned;
}
