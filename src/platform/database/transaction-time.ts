/** The time of a transaction inside its statements: what `scope.now` is, without waiting for it. */

import { sql } from 'kysely';

/** In milliseconds, as JavaScript keeps it: a finer one could not be compared with what callers were told. */
export const transactionTime = sql<Date>`date_trunc('milliseconds', now())`;
