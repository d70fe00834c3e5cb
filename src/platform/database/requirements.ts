/** What we need of a PostgreSQL server, for whoever connects to it and for whoever checks it. */

/** `on delete set null (column)` and `security_invoker` came with 15; `server_version_num` counts in ten thousands. */
export const oldestVersion = 150_000;

/** What a replica may open besides its pool: one connection that listens for notifications, and one at a time to cancel a query. */
export const connectionsBesidePool = 2;

/**
 * While a migration waits for a table, everybody who comes after it waits as well: so it gives up soon, and is tried again when the
 * table is free. Five seconds are above an ordinary transaction, and below what callers wait (`requestTimeoutMs`).
 */
export const defaultMigrationLockMs = 5_000;
