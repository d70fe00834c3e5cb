/** SQL of what was asked before: the conversations of one caller, always within one workspace. */

import { sql } from 'kysely';
import type { TransactionScope } from '../../../platform/database/types.ts';
import type { Turn } from './prompt.ts';

/** A conversation is its caller's own: two credentials with the same id have two. */
export interface Conversation {
  asked_by: string;
  conversation_id: string;
}

/** The newest turns, in their order. Left out are those that cite what the caller may not see any more, or what is gone. */
export async function readTurns(scope: TransactionScope, { asked_by, conversation_id }: Conversation, most: number): Promise<Turn[]> {
  const { rows } = await sql<Turn>`
    select question, answer from question_turns as turn
    where workspace_id = ${scope.workspace_id} and owner_id = ${scope.user_id}
      and asked_by = ${asked_by} and conversation_id = ${conversation_id}
      and not exists (
        select from unnest(turn.source_ids) as cited (id)
        where not exists (
          select from sources where sources.id = cited.id and sources.workspace_id = ${scope.workspace_id}
            and (sources.owner_id is null or sources.owner_id = ${scope.user_id})))
    order by id desc limit ${most}`.execute(scope.db);
  return rows.toReversed();
}

export interface NewTurn extends Conversation, Turn {
  id: string;
  project_id: string | null;
  source_ids: readonly string[];
}

/** Keeps the turn, and of its conversation the newest `most`. */
export async function keepTurn(scope: TransactionScope, turn: NewTurn, most: number): Promise<void> {
  const { asked_by, conversation_id } = turn;
  await sql`
    insert into question_turns (workspace_id, id, project_id, owner_id, asked_by, conversation_id, question, answer, source_ids, created_at)
    values (${scope.workspace_id}, ${turn.id}, ${turn.project_id}, ${scope.user_id}, ${asked_by}, ${conversation_id}, ${turn.question}, ${turn.answer},
      ${[...turn.source_ids]}::uuid[], ${scope.now})`.execute(scope.db);
  await sql`
    delete from question_turns
    where workspace_id = ${scope.workspace_id} and owner_id = ${scope.user_id} and asked_by = ${asked_by} and conversation_id = ${conversation_id}
      and id not in (
        select id from question_turns
        where workspace_id = ${scope.workspace_id} and asked_by = ${asked_by} and conversation_id = ${conversation_id}
        order by id desc limit ${most})`.execute(scope.db);
}

/** Turns of all workspaces whose time is over, and those that cite what is gone: an answer must not outlive its sources. */
export async function deleteOldTurns(scope: TransactionScope, days: number): Promise<number> {
  const { numAffectedRows = 0n } = await sql`
    delete from question_turns as turn
    where created_at < ${scope.now}::timestamptz - make_interval(days => ${days})
      or exists (
        select from unnest(turn.source_ids) as cited (id)
        where not exists (select from sources where sources.workspace_id = turn.workspace_id and sources.id = cited.id))`.execute(scope.db);
  return Number(numAffectedRows);
}
