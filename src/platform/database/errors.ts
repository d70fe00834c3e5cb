/** Turns what the database and its connections throw into problems that a caller can act on. */

import pg from 'pg';
import { Problem, storageFull, timedOut, unavailable } from '../problem.ts';

/** SQLSTATEs that mean: this connection or this server is of no use now, another attempt may be. */
const unavailableStates = new Set([
  '57P01', // admin_shutdown
  '57P02', // crash_shutdown
  '57P03', // cannot_connect_now: starting up or in recovery
  '57P05', // idle_session_timeout
  '25P03', // idle_in_transaction_session_timeout
  '53300', // too_many_connections
]);

/** What Node reports when the server or the network is away. */
const networkCodes = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'ECONNABORTED',
  'EPIPE',
  'ETIMEDOUT',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ENETDOWN',
  'ENOENT', // the socket file of a server on this machine
]);

/** pg gives these errors no code; the texts are those of pg 8 and pg-pool 3. */
const connectionMessages =
  /^(Connection terminated|timeout e(xceeded|xpired)|Client has encountered a connection error|Client was closed|Cannot use a pool after calling end)/;

const serializationFailure = '40001';
const deadlock = '40P01';
const queryCanceled = '57014';
const lockNotAvailable = '55P03';
/** The state of both an error, after which all goes on, and a panic, when not even the log of the database can be written. */
export const diskFull = '53100';

/** The problem that a database error means for the caller; everything else comes back as it is. */
export function problemFrom(error: unknown): unknown {
  if (error instanceof Problem || !(error instanceof Error)) return error;
  const code = codeOf(error);
  if (code === queryCanceled) return statementTimedOut(error);
  if (code === diskFull) return storageRanOut(error);
  if (code === lockNotAvailable)
    return timedOut({
      message: 'Somebody else held the same row for longer than QUARTERDECK_LOCK_TIMEOUT_MS; nothing was changed.',
      next: 'Try again in a moment.',
      cause: error,
    });
  if (code === serializationFailure || code === deadlock || isOutdatedPlan(error))
    return unavailable({
      message: 'The change met another one to the same things at the same time and was undone.',
      next: 'Try again; the other change is done by then.',
      cause: error,
    });
  if (isConnectionError(error))
    return unavailable({
      message: 'The database cannot be reached, or has no connection free.',
      next: 'Try again in a few seconds. If it lasts, the operator finds the cause in the log and with `quarterdeck doctor`.',
      cause: error,
    });
  return error;
}

/**
 * True when the transaction was undone only because it met another one, so that running it again is all it takes.
 * It is one of ours by then: see `problemFrom`.
 */
export function isUndoneByAnother(error: unknown): boolean {
  const cause = error instanceof Problem ? error.cause : undefined;
  return hasState(cause, serializationFailure) || hasState(cause, deadlock) || isOutdatedPlan(cause);
}

/** Somebody else held what it needed for longer than the lock time-out. It is one of ours by then: see `problemFrom`. */
export function isLockTimeout(error: unknown): boolean {
  return error instanceof Problem && hasState(error.cause, lockNotAvailable);
}

/** A migration changed a table under a prepared statement of this connection. PostgreSQL has no state of its own for it. */
export function isOutdatedPlan(error: unknown): boolean {
  return hasState(error, '0A000') && /cached plan must not change result type/.test((error as Error).message);
}

/** For both databases: PostgreSQL stops the statement itself, the embedded one is stopped by us. */
export function statementTimedOut(cause?: unknown): Problem {
  return timedOut({
    message: 'The database took longer than QUARTERDECK_STATEMENT_TIMEOUT_MS for one statement, so it was stopped; nothing was changed.',
    next: 'Ask for less at once, or try again when the server is less busy.',
    cause,
  });
}

export function storageRanOut(cause: unknown): Problem {
  return storageFull({
    message: 'The disk of the database is full; nothing was changed.',
    next: 'Ask the operator to free space on it, then try again; no restart is needed.',
    cause,
  });
}

/** A row with this value exists already. `constraint` is the name of the unique constraint or index. */
export function isUniqueViolation(error: unknown, constraint?: string): boolean {
  return hasState(error, '23505') && (constraint === undefined || (error as pg.DatabaseError).constraint === constraint);
}

/** The row that is referred to does not exist, or is still referred to. */
export function isForeignKeyViolation(error: unknown, constraint?: string): boolean {
  return hasState(error, '23503') && (constraint === undefined || (error as pg.DatabaseError).constraint === constraint);
}

/** True when the connection that raised it must not be used again. */
export function isConnectionError(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  if (error instanceof AggregateError) return error.errors.some(isConnectionError);
  const code = codeOf(error);
  if (error instanceof pg.DatabaseError && error.severity === 'PANIC') return true;
  if (error instanceof pg.DatabaseError) return code !== undefined && (unavailableStates.has(code) || code.startsWith('08'));
  return (code !== undefined && networkCodes.has(code)) || connectionMessages.test(error.message);
}

function hasState(error: unknown, state: string): boolean {
  return error instanceof pg.DatabaseError && error.code === state;
}

function codeOf(error: Error): string | undefined {
  const { code } = error as NodeJS.ErrnoException;
  return typeof code === 'string' ? code : undefined;
}
