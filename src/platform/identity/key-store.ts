/** API keys in the database: SQL and nothing else. */

import { type Kysely, type Selectable, sql } from 'kysely';
import type { Database, TransactionScope } from '../database/types.ts';
import type { Role } from './principal.ts';
import type { AuthTables, KeyTable, TenantTables } from './tables.ts';
import type { KeyView } from './types.ts';

export type KeyRow = Selectable<KeyTable>;

const viewColumns = ['id', 'name', 'prefix', 'scopes', 'toolsets', 'user_id', 'created_at', 'expires_at', 'last_used_at'] as const;

/** What a call with a key needs to know, read in one statement. */
export interface KeyHolder {
  id: string;
  name: string;
  scopes: KeyRow['scopes'];
  toolsets: KeyRow['toolsets'];
  workspace_id: string;
  workspace_name: string;
  expires_at: Date | null;
  user_id: string;
  user_name: string;
  email: string;
  member_id: string;
  role: Role;
}

/**
 * The live key with this hash and its maker, who must still be an enabled member.
 * Which workspace it belongs to is not known yet, so the row shows itself to whoever names its hash. The setting must be
 * made before the row is looked for: the second part of the join depends on the first, and `offset 0` and `limit 1`
 * keep the planner from turning them round.
 */
export async function findKeyHolder(db: Kysely<AuthTables>, hash: Buffer): Promise<KeyHolder | undefined> {
  const found = await sql<KeyHolder>`
    select key.*, workspace.name as workspace_name, maker.name as user_name, maker.email, member.id as member_id, member.role
    from (select set_config('app.key_hash', ${hash.toString('hex')}, true) as hex offset 0) as wanted
    cross join lateral (
      select id, name, scopes, toolsets, workspace_id, expires_at, user_id
      from public.api_keys
      where hash = decode(wanted.hex, 'hex') and revoked_at is null and (expires_at is null or expires_at > now())
      limit 1
    ) as key
    join auth."user" as maker on maker.id = key.user_id and maker."disabledAt" is null
    join auth.member as member on member."userId" = key.user_id and member."organizationId" = key.workspace_id
    join auth.organization as workspace on workspace.id = key.workspace_id`.execute(db);
  return found.rows[0];
}

export async function insertKey(
  scope: TransactionScope,
  key: Omit<KeyRow, 'workspace_id' | 'revoked_at' | 'last_used_at'>,
): Promise<KeyView> {
  return keys(scope)
    .insertInto('api_keys')
    .values({ ...key, workspace_id: scope.workspace_id })
    .returning(viewColumns)
    .executeTakeFirstOrThrow();
}

/** Live keys from the oldest; only those of `user_id` when it is given. */
export async function selectKeys(
  scope: TransactionScope,
  { user_id, limit, after }: { user_id?: string | undefined; limit: number; after?: string | undefined },
): Promise<KeyView[]> {
  let query = keys(scope)
    .selectFrom('api_keys')
    .select(viewColumns)
    .where('workspace_id', '=', scope.workspace_id)
    .where('revoked_at', 'is', null);
  if (user_id !== undefined) query = query.where('user_id', '=', user_id);
  if (after !== undefined) query = query.where('id', '>', after);
  return query.orderBy('id').limit(limit).execute();
}

/** Revokes a live key or gives it another secret; undefined: there is none, or it is not `user_id`'s. */
export async function updateKey(
  scope: TransactionScope,
  { key_id, user_id }: { key_id: string; user_id?: string | undefined },
  change: { revoked_at: Date } | { hash: Buffer; prefix: string },
): Promise<KeyView | undefined> {
  let query = keys(scope)
    .updateTable('api_keys')
    .set(change)
    .where('workspace_id', '=', scope.workspace_id)
    .where('id', '=', key_id)
    .where('revoked_at', 'is', null);
  if (user_id !== undefined) query = query.where('user_id', '=', user_id);
  return query.returning(viewColumns).executeTakeFirst();
}

/** Revokes every live key of a person, in one workspace or in all; the ids are those to forget after the commit. */
export async function revokeKeysOf(
  database: Database,
  { user_id, workspace_id }: { user_id: string; workspace_id?: string },
): Promise<string[]> {
  const revoked = await database.transaction('system', { mode: 'write' }, async (scope) => {
    let query = keys(scope)
      .updateTable('api_keys')
      .set({ revoked_at: scope.now })
      .where('user_id', '=', user_id)
      .where('revoked_at', 'is', null);
    if (workspace_id !== undefined) query = query.where('workspace_id', '=', workspace_id);
    return query.returning('id').execute();
  });
  return revoked.map((key) => key.id);
}

/** Writes the last use of many keys of all workspaces in one statement. */
export async function updateLastUse(database: Database, uses: readonly { workspace_id: string; id: string; at: Date }[]): Promise<void> {
  await database.transaction('system', { mode: 'write' }, async (scope) => {
    await sql`
      update api_keys set last_used_at = greatest(api_keys.last_used_at, used.at)
      from unnest(
        ${uses.map((use) => use.workspace_id)}::uuid[],
        ${uses.map((use) => use.id)}::uuid[],
        ${uses.map((use) => use.at.toISOString())}::timestamptz[]
      ) as used (workspace_id, id, at)
      where api_keys.workspace_id = used.workspace_id and api_keys.id = used.id`.execute(scope.db);
  });
}

function keys(scope: TransactionScope): Kysely<TenantTables> {
  return scope.db.withTables<TenantTables>();
}
