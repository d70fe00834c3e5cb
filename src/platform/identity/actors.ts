/** Finds the person or agent that a text names, as it appears in records. */

import { type Kysely, sql } from 'kysely';
import type { TransactionScope } from '../database/types.ts';
import { type Actor, type Principal, actorOf } from './principal.ts';
import type { TenantTables } from './tables.ts';

const uuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/**
 * `me`, a member's id or e-mail address, or the id or name of a live key; of several keys with one name, the newest.
 * undefined: nobody in this workspace.
 */
export async function findActor(scope: TransactionScope, principal: Principal, text: string): Promise<Actor | undefined> {
  if (text === 'me') return actorOf(principal);
  const db = scope.db.withTables<TenantTables>();
  const id = text.toLowerCase();
  return (await findPerson(db, id)) ?? (await findAgent(db, scope.workspace_id, { id, name: text }));
}

async function findPerson(db: Kysely<TenantTables>, text: string): Promise<Actor | undefined> {
  const person = await db
    .selectFrom('auth.people')
    .select(['id', 'name'])
    .where(uuid.test(text) ? 'id' : 'email', '=', text)
    .executeTakeFirst();
  return person === undefined ? undefined : { kind: 'person', id: person.id, name: person.name };
}

async function findAgent(
  db: Kysely<TenantTables>,
  workspace_id: string,
  { id, name }: { id: string; name: string },
): Promise<Actor | undefined> {
  const agent = await db
    .selectFrom('api_keys as key')
    .innerJoin('auth.people as maker', 'maker.id', 'key.user_id')
    .select(['key.id', 'key.name', 'maker.id as maker_id', 'maker.name as maker_name'])
    .where('key.workspace_id', '=', workspace_id)
    .where('key.revoked_at', 'is', null)
    .where((where) => where.or([where('key.expires_at', 'is', null), where('key.expires_at', '>', sql<Date>`now()`)]))
    .where(uuid.test(id) ? 'key.id' : 'key.name', '=', uuid.test(id) ? id : name)
    .orderBy('key.id', 'desc')
    .executeTakeFirst();
  if (agent === undefined) return undefined;
  return { kind: 'agent', id: agent.id, name: agent.name, on_behalf_of: { id: agent.maker_id, name: agent.maker_name } };
}
