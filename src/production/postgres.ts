/** One connection to somebody's PostgreSQL, for one errand: with a time limit on everything, and closed whatever happens. */

import pg from 'pg';

/** What to do when there is no answer. */
export const noAnswer = 'Check the address, the user and its password, and that the database takes connections from here.';

/** @throws Error when it does not answer in time, and what `work` throws */
export async function withPostgres<Result>(url: string, timeoutMs: number, work: (client: pg.Client) => Promise<Result>): Promise<Result> {
  const client = new pg.Client({
    connectionString: url,
    application_name: 'quarterdeck operations',
    connectionTimeoutMillis: timeoutMs,
    query_timeout: timeoutMs,
  });
  // Said by what waits for it.
  client.on('error', () => undefined);
  try {
    await client.connect();
    return await work(client);
  } finally {
    await client.end().catch(() => undefined);
  }
}
