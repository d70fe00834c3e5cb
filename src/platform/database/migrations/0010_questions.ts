/** What was asked of the knowledge and what the answer was, so that a conversation can go on. */

import { type Kysely, sql } from 'kysely';
import { secureTable } from '../security.ts';
import type { Migration } from '../types.ts';

export const questions: Migration = {
  name: '0010_questions',
  expands: true,

  async up(db: Kysely<unknown>): Promise<void> {
    await sql`
      create table question_turns (
        workspace_id uuid not null,
        id uuid not null,
        -- Set when it was asked of one project: then it goes with that.
        project_id uuid,
        owner_id uuid not null,
        -- The id of a person, a key or a connection, within which the id of a conversation is the caller's own.
        asked_by text not null,
        conversation_id text not null,
        -- As it was understood: what it refers to is in it.
        question text not null,
        answer text not null,
        -- What the answer cites: it is used only while its reader may see all of them.
        source_ids uuid[] not null default '{}',
        created_at timestamptz not null,
        primary key (workspace_id, id),
        foreign key (workspace_id, project_id) references projects (workspace_id, id) on delete cascade
      )`.execute(db);
    await sql`create index question_turns_of_conversation on question_turns (workspace_id, asked_by, conversation_id, id desc)`.execute(db);
    await sql`create index question_turns_of_project on question_turns (workspace_id, project_id)`.execute(db);
    await secureTable(db, 'question_turns', { owner: 'owner_id' });
  },

  async down(db: Kysely<unknown>): Promise<void> {
    await sql`drop table question_turns`.execute(db);
  },
};
