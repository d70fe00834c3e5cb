/** Administration of the installation, for whoever has the machine: accounts, passwords, and who is let in. */

import { type Kysely, sql } from 'kysely';
import type { Database } from '../database/types.ts';
import { conflict, notFound } from '../problem.ts';
import { deleteSessions, findUser, findWorkspaces, membershipsOf } from './accounts.ts';
import { forgetAttempts } from './attempts.ts';
import type { Audit } from './audit.ts';
import type { Auth } from './better-auth.ts';
import { revokeKeysOf } from './key-store.ts';
import { deleteConnections } from './oauth/connections.ts';
import { noSuchAccount } from './problems.ts';
import { setPassword } from './passwords.ts';
import { checkPassword, normalEmail } from './rules.ts';
import { createPerson } from './sessions.ts';
import type { AuthTables, UserTable } from './tables.ts';
import type { AdminUserView, Identity, WorkspaceView } from './types.ts';

export interface AdminParts {
  auth: Auth;
  database: Database;
  audit: Audit;
  db: Kysely<AuthTables>;
  forget(subject_ids: readonly string[]): void;
}

export function createAdmin({ auth, database, audit, db, forget }: AdminParts): Identity['admin'] {
  async function requireUser(email: string): Promise<UserTable> {
    const user = await findUser(db, { email: normalEmail(email) });
    if (user === undefined) throw noSuchAccount();
    return user;
  }

  async function view(user: UserTable): Promise<AdminUserView> {
    const workspaces = (await membershipsOf(db, user.id)).map(({ workspace_id, workspace_name, role }): WorkspaceView => ({
      id: workspace_id,
      name: workspace_name,
      role,
    }));
    const { id, email, name, operator, createdAt } = user;
    return { id, email, name, disabled: user.disabledAt !== null, operator, workspaces, created_at: createdAt };
  }

  return {
    async createUser({ workspace, role = 'member', ...person }) {
      const join = workspace === undefined ? undefined : { ...(await requireWorkspace(db, workspace)), role };
      const { email } = await createPerson({ auth, db }, person, join);
      if (join !== undefined) await audit.tell('member.joined', { account: { email }, by: 'operator' }, { data: { role } });
      return view(await requireUser(email));
    },

    async listUsers({ limit, after }) {
      let query = db.selectFrom('auth.user').selectAll().orderBy('id').limit(limit);
      if (after !== undefined) query = query.where('id', '>', after);
      const views: AdminUserView[] = [];
      for (const user of await query.execute()) views.push(await view(user));
      return views;
    },

    async setPassword(email, text) {
      const { id, email: address } = await requireUser(email);
      checkPassword(text, address);
      const password = await (await auth.$context).password.hash(text);
      const subjects = await db.transaction().execute(async (transaction) => {
        await setPassword(transaction, id, password);
        await forgetAttempts(transaction, { email: address });
        return deleteSessions(transaction, id);
      });
      forget(subjects);
      audit.note('password.changed', { account: { id }, by: 'operator' });
    },

    async disableUser(email) {
      const user = await requireUser(email);
      if (user.operator)
        throw conflict({
          message: 'This is the account of the operator, which local administration needs.',
          next: 'Set a new password instead.',
        });
      const subjects = await db.transaction().execute(async (transaction) => {
        await transaction
          .updateTable('auth.user')
          .set({ disabledAt: sql<Date>`now()` })
          .where('id', '=', user.id)
          .execute();
        // Nothing of theirs is accepted from here on. It also goes, so that it does not come back when the account is opened again.
        await deleteConnections(transaction, { user_id: user.id });
        return deleteSessions(transaction, user.id);
      });
      forget(subjects);
      forget(await revokeKeysOf(database, { user_id: user.id }));
      if (user.disabledAt === null) await audit.tell('account.disabled', { account: { id: user.id }, by: 'operator' });
    },

    async enableUser(email) {
      const user = await requireUser(email);
      if (user.disabledAt === null) return;
      await db.updateTable('auth.user').set({ disabledAt: null }).where('id', '=', user.id).execute();
      await audit.tell('account.enabled', { account: { id: user.id }, by: 'operator' });
    },

    async withdrawSigningKeys() {
      const { numDeletedRows } = await db.deleteFrom('auth.jwks').executeTakeFirst();
      const operator = await findUser(db, { operator: true });
      if (operator !== undefined) await audit.tell('signing_keys.withdrawn', { account: { id: operator.id } });
      return Number(numDeletedRows);
    },
  };
}

async function requireWorkspace(db: Kysely<AuthTables>, text: string): Promise<{ workspace_id: string; workspace_name: string }> {
  const [workspace, another] = await findWorkspaces(db, text);
  if (workspace === undefined)
    throw notFound({ message: `There is no workspace ${text}.`, next: 'Call `quarterdeck user list` for those that there are.' });
  if (another !== undefined)
    throw conflict({ message: `More than one workspace is called ${text}.`, next: 'Give its id, as `quarterdeck user list` shows it.' });
  return { workspace_id: workspace.id, workspace_name: workspace.name };
}
