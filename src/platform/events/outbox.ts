/** The outbox: events are rows written in the transaction of the change, and read in the order of commits. */

import { type Generated, type JSONColumnType, sql } from 'kysely';
import type { TransactionScope } from '../database/types.ts';
import type { Actor } from '../identity/principal.ts';
import type { NewEvent, WorkspaceEvent } from './types.ts';

type OutboxTables = {
  events: {
    /** The writing transaction; readers stay behind the oldest one that is still open, so that none is skipped. */
    xid: Generated<string>;
    /** Order within a transaction, and within a subject. */
    id: Generated<number>;
    workspace_id: string;
    owner_id: string | null;
    type: string;
    subject: string;
    resource: string | null;
    actor: JSONColumnType<Actor>;
    data: JSONColumnType<Record<string, unknown>>;
    at: Date;
  };
};

/** A place in the outbox: everything up to and including (xid, id) has been read. */
export interface OutboxPosition {
  xid: string;
  id: number;
}

const tables = (scope: TransactionScope) => scope.db.withTables<OutboxTables>();

export function insertEvents(scope: TransactionScope, actor: Actor, events: readonly NewEvent[]): void {
  const rows = events.map((event) => ({
    workspace_id: scope.workspace_id,
    owner_id: event.owner_id ?? null,
    type: event.type,
    subject: event.subject,
    resource: event.resource ?? null,
    actor: JSON.stringify(actor),
    data: JSON.stringify(event.data ?? {}),
    at: scope.now,
  }));
  scope.withCommit(tables(scope).insertInto('events').values(rows));
}

/** What was committed at one moment, so that a listener is told of what came after it and of nothing before. */
export interface Snapshot {
  /** Every transaction before this one is over. */
  xmin: bigint;
  /** No transaction from this one on had begun. */
  xmax: bigint;
  /** Transactions between the two that were still open. */
  open: ReadonlySet<bigint>;
}

export async function currentSnapshot(scope: TransactionScope): Promise<Snapshot> {
  const { rows } = await sql<{ snapshot: string }>`select pg_current_snapshot()::text as snapshot`.execute(scope.db);
  const [xmin = '0', xmax = '0', open = ''] = (rows[0]?.snapshot ?? '').split(':');
  const xids = open.split(',').filter((xid) => xid !== '');
  return { xmin: BigInt(xmin), xmax: BigInt(xmax), open: new Set(xids.map(BigInt)) };
}

/** True when the event was committed before the snapshot was taken. */
export function isBefore({ xid }: OutboxPosition, snapshot: Snapshot): boolean {
  const id = BigInt(xid);
  return id < snapshot.xmin || (id < snapshot.xmax && !snapshot.open.has(id));
}

/** Where to read from in order to miss nothing that comes after the snapshot. */
export function startOf(snapshot: Snapshot): OutboxPosition {
  return { xid: String(snapshot.xmin - 1n), id: Number.MAX_SAFE_INTEGER };
}

/** The next events behind `after`, oldest first, of all workspaces that the scope may see. */
export async function readEvents(
  scope: TransactionScope,
  after: OutboxPosition,
  limit: number,
): Promise<(WorkspaceEvent & OutboxPosition)[]> {
  const rows = await tables(scope)
    .selectFrom('events')
    .selectAll()
    .where(sql<boolean>`(xid, id) > (${after.xid}::xid8, ${after.id}::bigint)`)
    .where(sql<boolean>`xid < pg_snapshot_xmin(pg_current_snapshot())`)
    .orderBy('xid')
    .orderBy('id')
    .limit(limit)
    .execute();
  return rows.map((row) => ({ ...row, cursor: writePosition(row) }));
}

/**
 * The newest `most` events of each subject that the scope may see, newest first. Within a subject the order is that of
 * the ids: each writer takes its id while it holds the row of the subject. The transactions' order can be another, because
 * a transaction with an idempotency key has its number before it waits for that row.
 */
export async function historyOf(scope: TransactionScope, subjects: readonly string[], most: number): Promise<WorkspaceEvent[]> {
  if (subjects.length === 0) return [];
  const newest = tables(scope)
    .selectFrom('events')
    .selectAll()
    .select(sql<number>`row_number() over (partition by subject order by id desc)`.as('place'))
    .where('workspace_id', '=', scope.workspace_id)
    .where('subject', 'in', subjects)
    .where((where) => where.or([where('owner_id', 'is', null), where('owner_id', '=', scope.user_id)]));
  const rows = await scope.db.selectFrom(newest.as('newest')).selectAll().where('place', '<=', most).orderBy('id', 'desc').execute();
  return rows.map((row) => ({ ...row, cursor: writePosition(row) }));
}

/** Deletes events older than `days`; returns how many. */
export async function deleteOldEvents(scope: TransactionScope, days: number): Promise<number> {
  const result = await tables(scope)
    .deleteFrom('events')
    .where('at', '<', new Date(scope.now.getTime() - days * 86_400_000))
    .executeTakeFirst();
  return Number(result.numDeletedRows);
}

function writePosition({ xid, id }: OutboxPosition): string {
  return Buffer.from(`${xid}.${id}`).toString('base64url');
}
