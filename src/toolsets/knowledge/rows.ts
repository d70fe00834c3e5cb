/** Sources, versions, chunks and the index of their words, as they are stored. */

import type { ColumnType, Generated, JSONColumnType, Selectable } from 'kysely';
import type { TransactionScope } from '../../platform/database/types.ts';
import type { Actor } from '../../platform/identity/principal.ts';
import type { Format } from './read/document.ts';
import type { SourceKind } from './schema.ts';

/** A message within a chunk; its place counts code points of the stored text. */
export interface ChunkMessage {
  starts: number;
  ends: number;
  author_name: string | null;
  author_type: string | null;
  at: string | null;
}

export type KnowledgeTables = {
  sources: {
    workspace_id: string;
    id: string;
    project_id: string;
    owner_id: string | null;
    kind: SourceKind;
    identity: string;
    title: string;
    format: Format;
    url: string | null;
    language: string;
    version: Generated<number>;
    created_by: JSONColumnType<Actor>;
    created_at: Date;
    updated_at: Date;
  };
  source_versions: {
    workspace_id: string;
    source_id: string;
    version: number;
    owner_id: string | null;
    hash: string | null;
    characters: number;
    created_by: JSONColumnType<Actor>;
    created_at: Date;
  };
  source_parts: {
    workspace_id: string;
    source_id: string;
    version: number;
    starts: number;
    owner_id: string | null;
    text: string;
    message_hashes: string[];
  };
  chunks: {
    workspace_id: string;
    project_id: string;
    number: number;
    owner_id: string | null;
    source_id: string;
    starts: number;
    ends: number;
    text: string;
    headings: string[];
    page: number | null;
    authors: string[];
    messages: ColumnType<ChunkMessage[] | null, string | null, never>;
    at: Date;
    length: number;
    hash: string;
  };
  search_indexes: {
    workspace_id: string;
    project_id: string;
    owner_id: string | null;
    next_number: number;
    sources: number;
    chunks: number;
    length: number;
    pieces: number;
    gone: number;
    space: string | null;
    embedded: number;
    languages: string[];
  };
  projects: { workspace_id: string; id: string; key: string };
};

export type SourceRow = Selectable<KnowledgeTables['sources']>;
export type VersionRow = Selectable<KnowledgeTables['source_versions']>;

export const knowledgeTables = (scope: TransactionScope) => scope.db.withTables<KnowledgeTables>();
