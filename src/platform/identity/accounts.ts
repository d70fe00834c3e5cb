/** Users, their workspaces and memberships in the schema `auth`: SQL and nothing else. */

import { type Kysely, sql } from 'kysely';
import { v7 as uuidv7 } from 'uuid';
import type { Role } from './principal.ts';
import { recordRevocations } from './revocations.ts';
import type { Membership } from './rules.ts';
import type { AuthTables, UserTable } from './tables.ts';
import type { UserView } from './types.ts';

type Db = Kysely<AuthTables>;

export interface NewAccount extends UserView {
  /** As Better Auth hashed it. */
  password: string;
  created_at: Date;
}

/** The user and its password, in the caller's transaction. False: the address is taken. The first of all is the operator. */
export async function insertAccount(db: Db, account: NewAccount): Promise<boolean> {
  const at = { createdAt: account.created_at, updatedAt: account.created_at };
  const { id, email, name } = account;
  const operator = await isFirst(db);
  const inserted = await db
    .insertInto('auth.user')
    .values({ id, email, name, emailVerified: false, operator, ...at })
    .onConflict((conflict) => conflict.column('email').doNothing())
    .returning('id')
    .executeTakeFirst();
  if (inserted === undefined) return false;
  await db
    .insertInto('auth.account')
    .values({ id: uuidv7(), userId: id, accountId: id, providerId: 'credential', password: account.password, ...at })
    .execute();
  return true;
}

/** Two sign-ups at once on an empty installation must not both become the operator, hence the lock; later ones never take it. */
async function isFirst(db: Db): Promise<boolean> {
  const anyone = () => db.selectFrom('auth.user').select('id').limit(1).executeTakeFirst();
  if ((await anyone()) !== undefined) return false;
  await sql`select pg_advisory_xact_lock(hashtext('quarterdeck.first_account'))`.execute(db);
  return (await anyone()) === undefined;
}

export async function insertWorkspace(db: Db, workspace: { id: string; name: string; created_at: Date }): Promise<void> {
  await db
    .insertInto('auth.organization')
    .values({ id: workspace.id, name: workspace.name, slug: workspace.id, createdAt: workspace.created_at })
    .execute();
}

/** Its id; undefined: the person is a member already. */
export async function insertMember(
  db: Db,
  member: { workspace_id: string; user_id: string; role: Role; created_at: Date },
): Promise<string | undefined> {
  const inserted = await db
    .insertInto('auth.member')
    .values({
      id: uuidv7(),
      organizationId: member.workspace_id,
      userId: member.user_id,
      role: member.role,
      createdAt: member.created_at,
    })
    .onConflict((conflict) => conflict.columns(['organizationId', 'userId']).doNothing())
    .returning('id')
    .executeTakeFirst();
  return inserted?.id;
}

/** From the oldest. */
export async function membershipsOf(db: Db, user_id: string): Promise<Membership[]> {
  return db
    .selectFrom('auth.member as member')
    .innerJoin('auth.organization as workspace', 'workspace.id', 'member.organizationId')
    .where('member.userId', '=', user_id)
    .select(['member.id as member_id', 'member.role', 'workspace.id as workspace_id', 'workspace.name as workspace_name'])
    .orderBy('member.id')
    .execute();
}

export async function findUser(db: Db, by: { email: string } | { id: string } | { operator: true }): Promise<UserTable | undefined> {
  const query = db.selectFrom('auth.user').selectAll();
  if ('email' in by) return query.where('email', '=', by.email).executeTakeFirst();
  if ('id' in by) return query.where('id', '=', by.id).executeTakeFirst();
  return query.where('operator', '=', true).executeTakeFirst();
}

/** The workspaces with this id or name (in any case), at most two: enough to know that a name is not unique. */
export async function findWorkspaces(db: Db, text: string): Promise<{ id: string; name: string }[]> {
  return db
    .selectFrom('auth.organization')
    .select(['id', 'name'])
    .where((where) => where.or([where(sql`id::text`, '=', text.toLowerCase()), where(sql`lower(name)`, '=', text.toLowerCase())]))
    .orderBy('id')
    .limit(2)
    .execute();
}

/** Ends every session of the user, in the caller's transaction; the ids are those that the caller forgets after the commit. */
export async function deleteSessions(db: Db, user_id: string): Promise<string[]> {
  const sessions = await db.deleteFrom('auth.session').where('userId', '=', user_id).returning('id').execute();
  const subjects = [user_id, ...sessions.map((session) => session.id)];
  await recordRevocations(db, subjects);
  return subjects;
}
