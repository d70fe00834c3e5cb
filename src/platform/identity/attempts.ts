/** Counts failed sign-ins in the database, so that every replica knows of them, and says who has to wait. */

import { createHash } from 'node:crypto';
import { type Kysely, sql } from 'kysely';
import { type LockPolicy, lockPerAccount, lockPerAddress, lockSeconds } from './rules.ts';
import type { AuthTables } from './tables.ts';

type Db = Kysely<AuthTables>;

/** Failures that are older than this count no more. */
const memory = sql`interval '1 day'`;

/** Rows tidied away by one attempt: more than it makes, and so few that nobody waits. */
const tidied = 100;

export interface Attempt {
  email: string;
  client_address: string;
}

/**
 * Counts the attempt as failed before the password is looked at: of a hundred guesses at once, all but the free ones wait.
 * `wait_seconds`: it may not go on. Otherwise `lock_seconds` is how long everybody waits if it fails indeed.
 */
export async function beginAttempt(db: Db, attempt: Attempt): Promise<{ wait_seconds: number; lock_seconds: number }> {
  await forgetOld(db);
  return db.transaction().execute(async (transaction) => {
    const rows = await lockRows(transaction, attempt);
    const wait_seconds = Math.ceil(Math.max(...rows.map(({ wait }) => wait)));
    if (wait_seconds > 0) return { wait_seconds, lock_seconds: 0 };
    const locks: number[] = [];
    for (const { client_address, failures } of rows) {
      const seconds = lockSeconds(failures + 1, policyOf(client_address));
      locks.push(seconds);
      await transaction
        .updateTable('auth.sign_in_attempts')
        .set({ failures: failures + 1, last_at: sql<Date>`now()`, locked_until: sql<Date>`now() + make_interval(secs => ${seconds})` })
        .where('account', '=', accountOf(attempt))
        .where('client_address', '=', client_address)
        .execute();
    }
    return { wait_seconds: 0, lock_seconds: Math.max(...locks) };
  });
}

/** Called when somebody has shown to know the password, or got a new one. */
export async function forgetAttempts(db: Db, account: Pick<Attempt, 'email'>): Promise<void> {
  await db.deleteFrom('auth.sign_in_attempts').where('account', '=', accountOf(account)).execute();
}

/** Both rows, made where they are missing, and locked until the transaction ends; in one order, so that two attempts never wait for each other. */
async function lockRows(db: Db, attempt: Attempt) {
  const account = accountOf(attempt);
  const { rows } = await sql<{ client_address: string; failures: number; wait: number }>`
    insert into auth.sign_in_attempts as known (account, client_address, failures, last_at, locked_until)
      values (${account}, '', 0, now(), now()), (${account}, ${`from ${attempt.client_address}`}, 0, now(), now())
    on conflict (account, client_address) do update
      set failures = case when known.last_at < now() - ${memory} then 0 else known.failures end
    returning client_address, failures, extract(epoch from locked_until - now())::float8 as wait`.execute(db);
  return rows;
}

/** Rows that another attempt has locked are left to that one. */
async function forgetOld(db: Db): Promise<void> {
  await sql`
    delete from auth.sign_in_attempts where (account, client_address) in (
      select account, client_address from auth.sign_in_attempts
      where last_at < now() - ${memory} limit ${tidied} for update skip locked
    )`.execute(db);
}

function policyOf(client_address: string): LockPolicy {
  return client_address === '' ? lockPerAccount : lockPerAddress;
}

/** A hash, because what people type into the field of the address is sometimes the password. */
function accountOf({ email }: Pick<Attempt, 'email'>): string {
  return createHash('sha256').update(email).digest('base64url');
}
