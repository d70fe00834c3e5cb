/** A person's own new password. */

import { type Kysely, sql } from 'kysely';
import { forbidden } from '../problem.ts';
import { recordRevocations } from './revocations.ts';
import { beginAttempt, forgetAttempts } from './attempts.ts';
import type { Audit } from './audit.ts';
import type { Auth } from './better-auth.ts';
import type { Principal } from './principal.ts';
import { signInLocked, wrongCurrentPassword } from './problems.ts';
import { checkPassword } from './rules.ts';
import type { AuthTables } from './tables.ts';

export interface PasswordParts {
  auth: Auth;
  db: Kysely<AuthTables>;
  audit: Audit;
  forget(subject_ids: readonly string[]): void;
}

export interface PasswordChange {
  current_password: string;
  new_password: string;
  /** Where the client is. */
  address?: string | undefined;
}

export function createPasswords({ auth, db, audit, forget }: PasswordParts) {
  return {
    /** Guessing the current one is limited as guessing at sign-in is: a stolen token must not become the account. */
    async change(
      { email, user_id, session_id }: Principal,
      { current_password, new_password, address = '' }: PasswordChange,
    ): Promise<void> {
      if (session_id === null)
        throw forbidden({
          message: 'Only a person who is signed in can change a password.',
          next: 'Sign in and use the token from there.',
        });
      checkPassword(new_password, email, 'new_password');
      const { wait_seconds } = await beginAttempt(db, { email, client_address: address });
      if (wait_seconds > 0) throw signInLocked(wait_seconds);
      const { password: hasher } = await auth.$context;
      const account = await accountOf(db, user_id);
      if (!(await hasher.verify({ hash: account.password ?? '', password: current_password }))) {
        audit.note('sign_in.failed', { account: { email } }, { address, changing_password: true });
        throw wrongCurrentPassword();
      }
      const password = await hasher.hash(new_password);
      const ended = await db.transaction().execute(async (transaction) => {
        await setPassword(transaction, user_id, password);
        const others = await transaction
          .deleteFrom('auth.session')
          .where('userId', '=', user_id)
          .where('id', '<>', session_id)
          .returning('id')
          .execute();
        const ids = others.map(({ id }) => id);
        await recordRevocations(transaction, ids);
        await forgetAttempts(transaction, { email });
        return ids;
      });
      forget(ended);
      audit.note('password.changed', { account: { email } }, { address, sessions_ended: ended.length });
    },
  };
}

/** `password`: as Better Auth hashed it. */
export async function setPassword(db: Kysely<AuthTables>, user_id: string, password: string): Promise<void> {
  await db
    .updateTable('auth.account')
    .set({ password, updatedAt: sql<Date>`now()` })
    .where('userId', '=', user_id)
    .where('providerId', '=', 'credential')
    .execute();
}

function accountOf(db: Kysely<AuthTables>, user_id: string) {
  return db
    .selectFrom('auth.account')
    .select('password')
    .where('userId', '=', user_id)
    .where('providerId', '=', 'credential')
    .executeTakeFirstOrThrow();
}
