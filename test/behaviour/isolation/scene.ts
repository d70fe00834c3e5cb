/** One victim with something in every drawer, a stranger in another workspace, and a colleague in the same. */

import { v7 as uuidv7 } from 'uuid';
import type { AuthTables } from '../../../src/platform/identity/tables.ts';
import type { Caller, House } from '../../support/house.ts';
import { keepJob } from '../../support/jobs.ts';
import type { Victim } from './attacks.ts';

export interface Scene {
  ada: Caller;
  /** Owner of another workspace, with rights to everything there. */
  mallory: Caller;
  /** Admin of the victim's workspace: what is shared is his too, what is personal is not. */
  bob: Caller;
  victim: Victim;
  /** Everything that the victim can see, to find what an attack changed. */
  fingerprint(): Promise<string>;
}

export async function buildScene(house: House): Promise<Scene> {
  const ada = await house.person('Ada');
  const mallory = await house.person('Mallory');
  const bob = await house.colleague(ada, 'Bob', 'admin');
  await ada.call('create_project', { key: 'WEB', name: 'VICTIM web' });
  const { tasks } = await ada.call('create_tasks', {
    tasks: [
      { project: 'WEB', title: 'VICTIM one', labels: ['VICTIM'] },
      { project: 'WEB', title: 'VICTIM two', depends_on: ['#1'] },
      { project: 'WEB', title: 'VICTIM claimed' },
      { title: 'PERSONAL one' },
      { title: 'PERSONAL claimed' },
    ],
  });
  const ids: string[] = tasks.map(({ id }: { id: string }) => id);
  await ada.call('claim_task', { task_id: ids[2] });
  await ada.call('claim_task', { task_id: ids[4] });
  const { source: shared } = await ada.call('ingest_source', { project: 'WEB', title: 'VICTIM source', content: 'What the VICTIM knows.' });
  const { source: personal } = await ada.call('ingest_source', { title: 'PERSONAL source', content: 'What is PERSONAL.' });
  const key = await ada.call('create_key', { name: 'VICTIM key' });
  const members = await ada.call('list_members', {});
  const { invitation } = await ada.call('invite_member', { email: 'invited@example.com', role: 'owner' });
  return {
    ada,
    mallory,
    bob,
    victim: {
      shared: {
        tasks: ids.slice(0, 3),
        project: 'WEB',
        key_id: key.id,
        connection_id: await connect(house, ada),
        member_id: members.items[0].id,
        names: [ada.principal.id, ada.principal.email, key.id, 'VICTIM key'],
        invitation: invitation.token,
        invitation_id: invitation.id,
        source_id: shared.id,
      },
      personal: { tasks: ids.slice(3), source_id: personal.id, job_id: await keepJob(house.database, ada.principal, 'PERSONAL') },
    },
    async fingerprint() {
      const everything = await Promise.all([
        ada.call('list_tasks', { detail: 'full', limit: 200 }),
        ada.call('list_projects', {}),
        ada.call('list_sources', { limit: 200 }),
        ada.call('list_jobs', {}),
        ada.call('list_keys', {}),
        ada.call('list_connections', {}),
        ada.call('list_members', {}),
        ada.call('list_invitations', {}),
        ada.call('whoami', {}),
      ]);
      return JSON.stringify(everything);
    },
  };
}

/** An app as if `who` had signed it in; the way through the pages needs a server. Its id. */
async function connect({ identity, database }: House, who: Caller): Promise<string> {
  const registered = await identity.oauth.register({ client_name: 'VICTIM app', redirect_uris: ['https://app.example/callback'] });
  const { client_id } = (await registered.json()) as { client_id: string };
  const { user_id, workspace_id } = who.principal;
  const { id } = await database.owner
    .withTables<AuthTables>()
    .insertInto('auth.oauthConsent')
    .values({
      id: uuidv7(),
      clientId: client_id,
      userId: user_id,
      referenceId: workspace_id,
      scopes: JSON.stringify(['tasks:read']),
      createdAt: new Date(),
      updatedAt: new Date(),
    })
    .returning('id')
    .executeTakeFirstOrThrow();
  return id;
}
