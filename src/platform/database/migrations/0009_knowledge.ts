/** Sources of knowledge, their text in versions, the chunks that it is found by, and the index of their words. */

import { type Kysely, sql } from 'kysely';
import { secureTable } from '../security.ts';
import type { Migration } from '../types.ts';

export const knowledge: Migration = {
  name: '0009_knowledge',
  expands: true,

  async up(db: Kysely<unknown>): Promise<void> {
    await createSources(db);
    await createChunks(db);
    await createIndex(db);
    await createEmbeddings(db);
    const tables = ['sources', 'source_versions', 'source_parts', 'chunks', 'search_indexes', 'postings', 'posting_pieces', 'embeddings'];
    for (const table of tables) await secureTable(db, table, { owner: 'owner_id' });
  },

  async down(db: Kysely<unknown>): Promise<void> {
    await sql`drop table embeddings, posting_pieces, postings, search_indexes, chunks, source_parts, source_versions, sources`.execute(db);
    await sql`drop function delete_postings()`.execute(db);
  },
};

async function createSources(db: Kysely<unknown>): Promise<void> {
  await sql`
    create table sources (
      workspace_id uuid not null,
      id uuid not null,
      project_id uuid not null,
      owner_id uuid,
      kind text not null check (kind in ('conversation', 'document')),
      -- What makes it the same source when it comes again: the caller's id of a conversation, an address, or the hash of its text.
      identity text not null,
      title text not null,
      format text not null,
      url text,
      language text not null,
      version integer not null default 1,
      created_by jsonb not null,
      created_at timestamptz not null,
      updated_at timestamptz not null,
      foreign key (workspace_id, project_id) references projects (workspace_id, id) on delete cascade
    )`.execute(db);
  await sql`create index sources_of_project on sources (project_id, id desc)`.execute(db);
  await sql`alter table sources add constraint sources_pkey primary key (workspace_id, id)`.execute(db);
  await sql`alter table sources add constraint sources_identity_key unique (project_id, identity)`.execute(db);

  await sql`
    create table source_versions (
      workspace_id uuid not null,
      source_id uuid not null,
      version integer not null,
      owner_id uuid,
      -- Of the whole text as it was given; null once text was appended to it.
      hash text,
      characters integer not null,
      created_by jsonb not null,
      created_at timestamptz not null,
      primary key (source_id, version),
      foreign key (workspace_id, source_id) references sources (workspace_id, id) on delete cascade
    )`.execute(db);

  // A version is what its parts are one after the other: a conversation grows by parts, so that a message costs no copy of all before.
  await sql`
    create table source_parts (
      workspace_id uuid not null,
      source_id uuid not null,
      version integer not null,
      starts integer not null,
      owner_id uuid,
      text text not null,
      message_hashes text[] not null default '{}',
      primary key (source_id, version, starts),
      foreign key (source_id, version) references source_versions (source_id, version) on delete cascade
    )`.execute(db);
}

async function createChunks(db: Kysely<unknown>): Promise<void> {
  await sql`
    create table chunks (
      workspace_id uuid not null,
      project_id uuid not null,
      number integer not null,
      owner_id uuid,
      source_id uuid not null,
      -- Code points of the stored text of the source's newest version.
      starts integer not null,
      ends integer not null,
      text text not null,
      headings text[] not null default '{}',
      page integer,
      -- Who speaks in it, and the messages themselves: a conversation that grows goes on in its last chunk.
      authors text[] not null default '{}',
      messages jsonb,
      -- Of its first message, else when it came.
      at timestamptz not null,
      -- How many terms the index has of it.
      length integer not null,
      -- Of what is embedded of it.
      hash text not null,
      primary key (project_id, number),
      foreign key (workspace_id, source_id) references sources (workspace_id, id) on delete cascade
    )`.execute(db);
  await sql`create index chunks_of_source on chunks (source_id, starts)`.execute(db);
}

/**
 * An inverted index; see docs/decisions/0025. Row-level security lets an index be asked only by operators that leak nothing, such as
 * equality: a GIN index on a tsvector cannot be used behind it.
 */
async function createIndex(db: Kysely<unknown>): Promise<void> {
  await sql`
    create table search_indexes (
      workspace_id uuid not null,
      project_id uuid primary key,
      owner_id uuid,
      next_number integer not null default 0,
      sources integer not null default 0,
      chunks integer not null default 0,
      -- Terms of all chunks together: BM25 compares each chunk with the average.
      length bigint not null default 0,
      -- Rows of posting_pieces in each bucket, about.
      pieces integer not null default 0,
      -- Chunks whose postings are still there though they are not.
      gone integer not null default 0,
      -- The vector space that was filled last, and the first chunk that it does not have yet.
      space text,
      embedded integer not null default 0,
      languages text[] not null default '{}',
      foreign key (workspace_id, project_id) references projects (workspace_id, id) on delete cascade
    )`.execute(db);

  await sql`
    create table postings (
      workspace_id uuid not null,
      project_id uuid not null,
      owner_id uuid,
      term text collate "C" not null,
      -- Grows from row to row of a term.
      first integer not null,
      -- Eleven bytes a chunk, of some hundred chunks; see ranking/postings.ts.
      postings bytea not null,
      primary key (project_id, term, first)
      -- Rows grow: with room beside them they stay in their page, and no index has to be told.
    ) with (fillfactor = 75)`.execute(db);
  // What was added and is not merged yet. Many terms share a row: a row for each would be a thousand rows for each source.
  await sql`
    create table posting_pieces (
      workspace_id uuid not null,
      project_id uuid not null,
      owner_id uuid,
      -- Of the terms, by a hash of them.
      bucket smallint not null,
      -- Of the first of the chunks that were added together.
      number integer not null,
      -- {term: postings as hexadecimal digits}
      terms jsonb not null,
      primary key (project_id, bucket, number)
    )`.execute(db);
  // In place of a foreign key, which would be checked for each of the thousands of rows of a source.
  await sql`
    create function delete_postings() returns trigger language plpgsql as $$
    begin
      delete from postings where project_id = old.project_id;
      delete from posting_pieces where project_id = old.project_id;
      return null;
    end $$`.execute(db);
  await sql`
    create trigger delete_postings after delete on search_indexes for each row execute function delete_postings()`.execute(db);
  // Numbers do not compress, and a row is never longer than fits into a page.
  await sql`alter table postings alter column postings set storage plain`.execute(db);
}

/** What models made of texts: a model is asked once for the same text. The tables in which they are compared are made from this. */
async function createEmbeddings(db: Kysely<unknown>): Promise<void> {
  await sql`
    create table embeddings (
      workspace_id uuid not null,
      project_id uuid not null,
      owner_id uuid,
      model text not null,
      hash text not null,
      -- 32-bit floating point numbers, little-endian.
      vector bytea not null,
      created_at timestamptz not null,
      primary key (project_id, model, hash),
      foreign key (workspace_id, project_id) references projects (workspace_id, id) on delete cascade
    )`.execute(db);
  await sql`alter table embeddings alter column vector set storage external`.execute(db);
}
