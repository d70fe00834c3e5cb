/** The same write twice has one effect: the key, the input's hash and the answer, kept in the writing transaction. */

import { createHash } from 'node:crypto';
import type { ExpressionBuilder, Generated } from 'kysely';
import type { TransactionScope } from '../platform/database/types.ts';
import { conflict, idempotencyMismatch, invalidInput } from '../platform/problem.ts';
import type { Principal } from '../platform/identity/principal.ts';

type IdempotencyTables = {
  idempotency_keys: {
    workspace_id: string;
    /** The caller's user: an answer may hold what only that person sees. */
    owner_id: string;
    principal_id: string;
    operation: string;
    key: string;
    input_hash: string;
    /** null while the operation is under way, and for answers that hold a secret. */
    output: string | null;
    finished: Generated<boolean>;
    created_at: Date;
  };
};

export interface IdempotentCall {
  principal: Principal;
  operation: string;
  key: string;
  input_hash: string;
}

/** Stable over the order of fields, so that a client may serialise as it likes. */
export function hashInput(input: unknown): string {
  return createHash('sha256')
    .update(JSON.stringify(sortKeys(input)))
    .digest('hex');
}

function sortKeys(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sortKeys);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, child]) => [key, sortKeys(child)]),
  );
}

/** @throws Problem `invalid_input` */
export function checkIdempotencyKey(key: string): void {
  if (/^[\x21-\x7e]{1,255}$/.test(key)) return;
  throw invalidInput({
    message: 'The idempotency key is wrong: it must have 1 to 255 visible ASCII characters.',
    next: 'Send a new random key, such as a uuid, for each change, and the same key when you repeat it.',
  });
}

const tables = (scope: TransactionScope) => scope.db.withTables<IdempotencyTables>();

/**
 * Takes the key for this call, first thing in its transaction: a concurrent double waits here for the commit.
 * Returns the kept answer when the call was made before, undefined when it is the first.
 * @throws Problem `idempotency_mismatch`, or `conflict` when the first is still under way or its answer was a secret.
 */
export async function takeKey(scope: TransactionScope, call: IdempotentCall): Promise<Record<string, unknown> | undefined> {
  const row = {
    workspace_id: scope.workspace_id,
    owner_id: scope.user_id,
    principal_id: call.principal.id,
    operation: call.operation,
    key: call.key,
    input_hash: call.input_hash,
    output: null,
    created_at: scope.now,
  };
  const taken = await tables(scope)
    .insertInto('idempotency_keys')
    .values(row)
    .onConflict((conflicting) => conflicting.columns(['workspace_id', 'principal_id', 'operation', 'key']).doNothing())
    .executeTakeFirst();
  if (taken.numInsertedOrUpdatedRows === 1n) return undefined;
  const kept = await tables(scope)
    .selectFrom('idempotency_keys')
    .select(['input_hash', 'output', 'finished'])
    .where(isCall(scope, call))
    .executeTakeFirst();
  if (kept === undefined) throw underWay(call);
  if (kept.input_hash !== call.input_hash)
    throw idempotencyMismatch({
      message: `The idempotency key was used before for ${call.operation} with another input.`,
      next: 'Use a new key for a new change; repeat the very same input to get the first answer again.',
    });
  if (!kept.finished) throw underWay(call);
  if (kept.output === null)
    throw conflict({
      message: `${call.operation} was done before under this idempotency key, and its answer held a secret that is shown once.`,
      next: 'If the secret was lost, revoke what was made and make a new one with a new key.',
    });
  return JSON.parse(kept.output) as Record<string, unknown>;
}

/** Keeps the answer, in the transaction of the change. */
export function keepAnswer(scope: TransactionScope, call: IdempotentCall, output: Record<string, unknown> | null): void {
  scope.withCommit(
    tables(scope)
      .updateTable('idempotency_keys')
      .set({ output: output === null ? null : JSON.stringify(output), finished: true })
      .where(isCall(scope, call)),
  );
}

/** Frees a key whose call failed outside a transaction, so that it can be tried again. */
export async function freeKey(scope: TransactionScope, call: IdempotentCall): Promise<void> {
  await tables(scope).deleteFrom('idempotency_keys').where(isCall(scope, call)).where('finished', '=', false).execute();
}

/** Deletes what is older than `hours`; returns how many. Runs as the system over all workspaces. */
export async function deleteOldKeys(scope: TransactionScope, hours: number): Promise<number> {
  const result = await tables(scope)
    .deleteFrom('idempotency_keys')
    .where('created_at', '<', new Date(scope.now.getTime() - hours * 3_600_000))
    .executeTakeFirst();
  return Number(result.numDeletedRows);
}

function isCall(scope: TransactionScope, call: IdempotentCall) {
  return (where: ExpressionBuilder<IdempotencyTables, 'idempotency_keys'>) =>
    where.and({
      workspace_id: scope.workspace_id,
      principal_id: call.principal.id,
      operation: call.operation,
      key: call.key,
    });
}

function underWay(call: IdempotentCall) {
  return conflict({
    message: `${call.operation} with this idempotency key is still under way.`,
    next: 'Wait a second and repeat the call with the same key.',
  });
}
