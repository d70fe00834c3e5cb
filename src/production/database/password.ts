/** Gives a role of PostgreSQL the password of a new address, without the server or its log ever seeing it, and ends what was opened with the old one. */

import { createHash, createHmac, pbkdf2Sync, randomBytes } from 'node:crypto';
import { withPostgres } from '../postgres.ts';

/** What PostgreSQL itself takes: https://www.postgresql.org/docs/current/runtime-config-connection.html#GUC-SCRAM-ITERATIONS */
const iterations = 4_096;

/**
 * What the server keeps of a password: https://www.rfc-editor.org/rfc/rfc5803, as PostgreSQL writes it. Given in this form, the password
 * is in no statement, and so in no log of statements.
 */
export function scramVerifier(password: string, salt: Buffer = randomBytes(16)): string {
  const salted = pbkdf2Sync(password.normalize('NFKC'), salt, iterations, 32, 'sha256');
  const keyOf = (name: string): Buffer => createHmac('sha256', salted).update(name).digest();
  const stored = createHash('sha256').update(keyOf('Client Key')).digest('base64');
  return `SCRAM-SHA-256$${iterations}:${salt.toString('base64')}$${stored}:${keyOf('Server Key').toString('base64')}`;
}

/** @throws Error when the addresses are not of the same role and server, or the database refuses */
export async function setPassword(url: string, newUrl: string, timeoutMs: number): Promise<{ role: string; changed_at: string }> {
  const [before, after] = [new URL(url), new URL(newUrl)];
  if (before.username !== after.username || before.host !== after.host)
    throw new Error('The new address is of another user or another server. It differs from the old one in its password alone.');
  if (after.password === '' || after.password === before.password) throw new Error('The new address has no new password.');
  const changed = await withPostgres(url, timeoutMs, async (client) => {
    const verifier = client.escapeLiteral(scramVerifier(decodeURIComponent(after.password)));
    await client.query(`alter role current_user password ${verifier}`);
    const { rows } = await client.query<{ role: string; changed_at: string }>(
      `select current_user as role, to_char(clock_timestamp() at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') as changed_at`,
    );
    return rows[0];
  });
  // Whoever is told that it was changed will throw the old one away.
  await withPostgres(newUrl, timeoutMs, (client) => client.query('select 1'));
  return { role: changed?.role ?? '', changed_at: changed?.changed_at ?? '' };
}

/** Ends the sessions of the role that were opened before then, all but this one. How many. */
export async function endSessionsBefore(url: string, before: string, timeoutMs: number): Promise<number> {
  return withPostgres(url, timeoutMs, async (client) => {
    const { rowCount } = await client.query(
      `select pg_terminate_backend(pid) from pg_stat_activity
      where usename = current_user and pid <> pg_backend_pid() and backend_start < $1::timestamptz`,
      [before],
    );
    return rowCount ?? 0;
  });
}
