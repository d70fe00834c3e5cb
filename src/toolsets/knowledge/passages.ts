/** SQL of chunks, the passages that sources are cut into, always within one workspace. */

import { type RawBuilder, sql } from 'kysely';
import type { TransactionScope } from '../../platform/database/types.ts';
import { type ChunkMessage, knowledgeTables } from './rows.ts';
import type { Filters } from './schema.ts';

export interface NewChunk {
  starts: number;
  ends: number;
  text: string;
  headings: string[];
  page: number | null;
  authors: string[];
  messages: ChunkMessage[] | null;
  at: Date;
  terms: ReadonlyMap<string, number>;
  /** Terms with their repetitions. */
  length: number;
  /** Of what is embedded of it. */
  hash: string;
}

/** As JSON in one statement: a parameter for each value would be thousands. */
export async function insertChunks(
  scope: TransactionScope,
  source: { id: string; project_id: string; owner_id: string | null },
  firstNumber: number,
  chunks: readonly NewChunk[],
): Promise<void> {
  // The terms are in the index.
  const rows = chunks.map((chunk, place) => ({ ...chunk, terms: undefined, number: firstNumber + place }));
  await sql`
    insert into chunks (workspace_id, project_id, number, owner_id, source_id, starts, ends, text, headings, page, authors, messages, at, length, hash)
    select ${scope.workspace_id}, ${source.project_id}, number, ${source.owner_id}, ${source.id}, starts, ends, text, headings, page, authors, messages, at, length, hash
    from json_to_recordset(${JSON.stringify(rows)}::json) as row (number integer, starts integer, ends integer, text text, headings text[],
      page integer, authors text[], messages jsonb, at timestamptz, length integer, hash text)`.execute(scope.db);
}

/** The last chunk of a source, where a conversation goes on. */
export async function lastChunk(
  scope: TransactionScope,
  source_id: string,
): Promise<{ starts: number; ends: number; text: string; messages: ChunkMessage[] | null } | undefined> {
  return knowledgeTables(scope)
    .selectFrom('chunks')
    .select(['starts', 'ends', 'text', 'messages'])
    .where('workspace_id', '=', scope.workspace_id)
    .where('source_id', '=', source_id)
    .orderBy('starts', 'desc')
    .limit(sql.lit(1))
    .executeTakeFirst();
}

/** A chunk with what its source says of it. */
export interface PassageRow {
  project_id: string;
  number: number;
  source_id: string;
  starts: number;
  ends: number;
  text: string;
  headings: string[];
  page: number | null;
  authors: string[];
  at: Date;
  title: string;
  language: string;
  version: number;
}

/** Those of the chunks that are still there and pass the filters, in no order. */
export async function readPassages(
  scope: TransactionScope,
  wanted: readonly { project_id: string; number: number }[],
  filters: Filters,
): Promise<PassageRow[]> {
  return knowledgeTables(scope)
    .selectFrom('chunks')
    .innerJoin('sources', (join) =>
      join.onRef('sources.workspace_id', '=', 'chunks.workspace_id').onRef('sources.id', '=', 'chunks.source_id'),
    )
    .innerJoin(
      sql<{
        project_id: string;
        number: number;
      }>`unnest(${wanted.map((one) => one.project_id)}::uuid[], ${wanted.map((one) => one.number)}::int[])`.as<'wanted'>(
        sql`wanted (project_id, number)`,
      ),
      (join) => join.onRef('wanted.project_id', '=', 'chunks.project_id').onRef('wanted.number', '=', 'chunks.number'),
    )
    .select([
      'chunks.project_id',
      'chunks.number',
      'chunks.source_id',
      'chunks.starts',
      'chunks.ends',
      'chunks.text',
      'chunks.headings',
      'chunks.page',
      'chunks.authors',
      'chunks.at',
      'sources.title',
      'sources.language',
      'sources.version',
    ])
    .where('chunks.workspace_id', '=', scope.workspace_id)
    .where((where) => where.or([where('chunks.owner_id', 'is', null), where('chunks.owner_id', '=', scope.user_id)]))
    .$if(Object.keys(filters).length > 0, (query) => query.where(filterCondition(filters)))
    .execute();
}

/** Of a row of `chunks` with its row of `sources`. */
function filterCondition(filters: Filters): RawBuilder<boolean> {
  const conditions = [sql`true`];
  if (filters.source_id !== undefined) conditions.push(sql`chunks.source_id = ${filters.source_id}`);
  if (filters.kind !== undefined) conditions.push(sql`sources.kind = ${filters.kind}`);
  if (filters.author !== undefined) conditions.push(sql`${filters.author} = any(chunks.authors)`);
  if (filters.date_from !== undefined) conditions.push(sql`chunks.at >= ${new Date(filters.date_from)}`);
  if (filters.date_to !== undefined) conditions.push(sql`chunks.at < ${new Date(filters.date_to)}`);
  return sql<boolean>`${sql.join(conditions, sql` and `)}`;
}

/** The same of a row of a vector space; undefined: everything passes. */
export function passesFilters(filters: Filters): RawBuilder<boolean> | undefined {
  if (Object.keys(filters).length === 0) return undefined;
  return sql<boolean>`exists (
    select from chunks join sources on sources.workspace_id = chunks.workspace_id and sources.id = chunks.source_id
    where chunks.project_id = space.project_id and chunks.number = space.number and ${filterCondition(filters)})`;
}
