/** SQL of sources and the versions of their text, always within one workspace. */

import { sql } from 'kysely';
import type { TransactionScope } from '../../platform/database/types.ts';
import type { Actor } from '../../platform/identity/principal.ts';
import { type SourceRow, type VersionRow, knowledgeTables } from './rows.ts';
import type { Format } from './read/document.ts';
import type { SourceKind } from './schema.ts';

/** A source with what its newest version and its project say of it. */
export interface SourceFacts extends Omit<SourceRow, 'workspace_id'> {
  project: string;
  hash: string | null;
  characters: number;
  chunks: number;
}

/** Every source that the caller may see: of shared projects and of its own. */
function visibleSources(scope: TransactionScope) {
  return knowledgeTables(scope)
    .selectFrom('sources')
    .innerJoin('source_versions as newest', (join) =>
      join.onRef('newest.source_id', '=', 'sources.id').onRef('newest.version', '=', 'sources.version'),
    )
    .where('sources.workspace_id', '=', scope.workspace_id)
    .where((where) => where.or([where('sources.owner_id', 'is', null), where('sources.owner_id', '=', scope.user_id)]))
    .select([
      'sources.id',
      'sources.project_id',
      'sources.owner_id',
      'sources.kind',
      'sources.identity',
      'sources.title',
      'sources.format',
      'sources.url',
      'sources.language',
      'sources.version',
      'sources.created_by',
      'sources.created_at',
      'sources.updated_at',
      'newest.hash',
      'newest.characters',
      sql<string>`(select key from projects where projects.workspace_id = sources.workspace_id and projects.id = sources.project_id)`.as(
        'project',
      ),
      sql<number>`(select count(*) from chunks where chunks.source_id = sources.id)`.as('chunks'),
    ]);
}

export async function findSource(scope: TransactionScope, id: string): Promise<SourceFacts | undefined> {
  return visibleSources(scope).where('sources.id', '=', id).executeTakeFirst();
}

/** By what makes it the same when it comes again. */
export async function findIdentity(scope: TransactionScope, project_id: string, identity: string): Promise<SourceFacts | undefined> {
  return visibleSources(scope).where('sources.project_id', '=', project_id).where('sources.identity', '=', identity).executeTakeFirst();
}

/** Newest first. */
export async function listSourceRows(
  scope: TransactionScope,
  page: {
    project_id?: string | undefined;
    kind?: SourceKind | undefined;
    query?: string | undefined;
    after?: string | undefined;
    limit: number;
  },
): Promise<SourceFacts[]> {
  let query = visibleSources(scope);
  if (page.project_id !== undefined) query = query.where('sources.project_id', '=', page.project_id);
  if (page.kind !== undefined) query = query.where('sources.kind', '=', page.kind);
  for (const word of (page.query ?? '').split(/\s+/).filter((part) => part !== ''))
    query = query.where('sources.title', 'ilike', `%${word.replace(/[\\%_]/g, '\\$&')}%`);
  if (page.after !== undefined) query = query.where('sources.id', '<', page.after);
  return query.orderBy('sources.id', 'desc').limit(sql.lit(page.limit)).execute();
}

export type NewSource = Pick<
  SourceRow,
  'id' | 'project_id' | 'owner_id' | 'kind' | 'identity' | 'title' | 'format' | 'url' | 'language' | 'created_by'
>;

/** Inserts the source unless there is one with its identity, and locks it either way: whoever brings the same at the same time waits here. */
export async function claimSource(scope: TransactionScope, source: NewSource): Promise<{ id: string; made: boolean }> {
  const { rows } = await sql<{ id: string }>`
    insert into sources (workspace_id, id, project_id, owner_id, kind, identity, title, format, url, language, created_by, created_at, updated_at)
    values (${scope.workspace_id}, ${source.id}, ${source.project_id}, ${source.owner_id}, ${source.kind}, ${source.identity}, ${source.title},
      ${source.format}, ${source.url}, ${source.language}, ${JSON.stringify(source.created_by)}, ${scope.now}, ${scope.now})
    on conflict (project_id, identity) do update set identity = excluded.identity
    returning id`.execute(scope.db);
  const id = rows[0]?.id ?? source.id;
  return { id, made: id === source.id };
}

export async function updateSource(
  scope: TransactionScope,
  id: string,
  changes: { title?: string; format?: Format; url?: string | null; language?: string; version?: number },
): Promise<void> {
  await knowledgeTables(scope)
    .updateTable('sources')
    .set({ ...changes, updated_at: scope.now })
    .where('workspace_id', '=', scope.workspace_id)
    .where('id', '=', id)
    .execute();
}

export async function deleteSourceRow(scope: TransactionScope, id: string): Promise<void> {
  await knowledgeTables(scope).deleteFrom('sources').where('workspace_id', '=', scope.workspace_id).where('id', '=', id).execute();
}

export async function insertVersion(
  scope: TransactionScope,
  version: Pick<VersionRow, 'source_id' | 'version' | 'owner_id' | 'hash' | 'characters'> & { created_by: Actor },
): Promise<void> {
  await knowledgeTables(scope)
    .insertInto('source_versions')
    .values({
      ...version,
      workspace_id: scope.workspace_id,
      created_by: JSON.stringify(version.created_by),
      created_at: scope.now,
    })
    .execute();
}

/** The version has grown; what it was a hash of is only a part of it now. */
export async function growVersion(scope: TransactionScope, source_id: string, version: number, characters: number): Promise<void> {
  await knowledgeTables(scope)
    .updateTable('source_versions')
    .set({ characters, hash: null })
    .where('workspace_id', '=', scope.workspace_id)
    .where('source_id', '=', source_id)
    .where('version', '=', version)
    .execute();
}

/** Forgets the text of versions before the newest `kept`. */
export async function forgetVersions(scope: TransactionScope, source_id: string, newest: number, kept: number): Promise<void> {
  await knowledgeTables(scope)
    .deleteFrom('source_versions')
    .where('workspace_id', '=', scope.workspace_id)
    .where('source_id', '=', source_id)
    .where('version', '<=', newest - kept)
    .execute();
}

export interface Part {
  starts: number;
  text: string;
}

export async function insertPart(
  scope: TransactionScope,
  part: Part & { source_id: string; version: number; owner_id: string | null; message_hashes: string[] },
): Promise<void> {
  await knowledgeTables(scope)
    .insertInto('source_parts')
    .values({ ...part, workspace_id: scope.workspace_id })
    .execute();
}

/** The parts that hold any of the text from `start` to `end`, in their order. */
export async function readParts(
  scope: TransactionScope,
  { source_id, version, start, end }: { source_id: string; version: number; start: number; end: number },
): Promise<Part[]> {
  return knowledgeTables(scope)
    .selectFrom('source_parts')
    .select(['starts', 'text'])
    .where('workspace_id', '=', scope.workspace_id)
    .where('source_id', '=', source_id)
    .where('version', '=', version)
    .where('starts', '<', end)
    .where((where) =>
      where(
        'starts',
        '>=',
        sql<number>`coalesce((select max(starts) from source_parts earlier where earlier.source_id = ${source_id} and earlier.version = ${version} and earlier.starts <= ${start}), 0)`,
      ),
    )
    .orderBy('starts')
    .execute();
}

/** Hashes of the messages that a version holds. */
export async function readMessageHashes(scope: TransactionScope, source_id: string, version: number): Promise<string[]> {
  const rows = await knowledgeTables(scope)
    .selectFrom('source_parts')
    .select('message_hashes')
    .where('workspace_id', '=', scope.workspace_id)
    .where('source_id', '=', source_id)
    .where('version', '=', version)
    .orderBy('starts')
    .execute();
  return rows.flatMap((row) => row.message_hashes);
}

export async function findVersion(
  scope: TransactionScope,
  source_id: string,
  version: number,
): Promise<{ characters: number } | undefined> {
  return knowledgeTables(scope)
    .selectFrom('source_versions')
    .select('characters')
    .where('workspace_id', '=', scope.workspace_id)
    .where('source_id', '=', source_id)
    .where('version', '=', version)
    .executeTakeFirst();
}
