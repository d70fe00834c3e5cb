/**
 * SQL of the index of words: which chunks hold which terms. What is added at once is a piece of its own, so that nobody who adds waits for
 * large rows to be written; when there are many pieces they are merged.
 */

import { sql } from 'kysely';
import type { Database, TransactionScope } from '../../platform/database/types.ts';
import { type PostingsRow, blockSize, toPosting } from './ranking/postings.ts';
import type { IndexFacts } from './ranking/rank.ts';
import { knowledgeTables } from './rows.ts';
import type { NewChunk } from './passages.ts';

/** The parts of the workspace that the caller may search, one a project. */
export async function readIndexes(scope: TransactionScope, project_id?: string): Promise<(IndexFacts & { languages: string[] })[]> {
  return knowledgeTables(scope)
    .selectFrom('search_indexes')
    .select(['project_id', 'sources', 'chunks', 'length', 'languages'])
    .where('workspace_id', '=', scope.workspace_id)
    .where((where) => where.or([where('owner_id', 'is', null), where('owner_id', '=', scope.user_id)]))
    .where('chunks', '>', 0)
    .$if(project_id !== undefined, (query) => query.where('project_id', '=', project_id ?? ''))
    .execute();
}

export async function readPostings(scope: TransactionScope, projects: readonly string[], terms: readonly string[]): Promise<PostingsRow[]> {
  return knowledgeTables(scope)
    .selectFrom('postings')
    .select(['project_id', 'term', 'block', 'postings'])
    .where('workspace_id', '=', scope.workspace_id)
    .where('project_id', '=', sql<string>`any(${[...projects]}::uuid[])`)
    .where('term', '=', sql<string>`any(${[...terms]}::text[])`)
    .execute();
}

/** Where rows of an index belong. */
export interface IndexPlace {
  project_id: string;
  owner_id: string | null;
  /** Whether a source begins with this; what is appended to one does not. */
  begins: boolean;
}

/** Counts the chunks in and adds their terms as a piece. Writers of one project queue up here. Returns the number of the first chunk. */
export async function addToIndex(
  scope: TransactionScope,
  { project_id, owner_id, begins }: IndexPlace,
  language: string,
  chunks: readonly Pick<NewChunk, 'terms' | 'length'>[],
): Promise<number> {
  const length = chunks.reduce((sum, chunk) => sum + chunk.length, 0);
  const { rows } = await sql<{ first: number }>`
    insert into search_indexes as known (workspace_id, project_id, owner_id, next_number, sources, chunks, length, pieces, languages)
    values (${scope.workspace_id}, ${project_id}, ${owner_id}, ${chunks.length}, ${begins ? 1 : 0}, ${chunks.length}, ${length}, 1, array[${language}::text])
    on conflict (project_id) do update set
      next_number = known.next_number + excluded.next_number,
      sources = known.sources + excluded.sources,
      chunks = known.chunks + excluded.chunks,
      length = known.length + excluded.length,
      pieces = known.pieces + 1,
      languages = case when known.languages @> excluded.languages then known.languages else known.languages || excluded.languages end
    returning next_number - ${chunks.length}::int as first`.execute(scope.db);
  const first = rows[0]?.first ?? 0;
  const { terms, blocks, postings } = toPiece(first, chunks);
  await sql`
    insert into postings (workspace_id, project_id, owner_id, term, block, piece, postings)
    select ${scope.workspace_id}, ${project_id}, ${owner_id}, term, block, ${first + 1}, decode(postings, 'hex')
    from unnest(${terms}::text[], ${blocks}::int[], ${postings}::text[]) as added (term, block, postings)`.execute(scope.db);
  return first;
}

/** Rows of postings as columns, sorted as their index is. */
function toPiece(first: number, chunks: readonly Pick<NewChunk, 'terms' | 'length'>[]) {
  const rows = new Map<string, { term: string; block: number; postings: Buffer[] }>();
  const sourceLength = chunks.reduce((sum, chunk) => sum + chunk.length, 0);
  for (const [ordinal, { terms, length }] of chunks.entries()) {
    const number = first + ordinal;
    const block = Math.floor(number / blockSize);
    for (const [term, count] of terms) {
      const key = `${block} ${term}`;
      const row = rows.get(key) ?? { term, block, postings: [] };
      rows.set(key, row);
      row.postings.push(toPosting({ number, count, length, ordinal, sourceLength }));
    }
  }
  const sorted = [...rows.values()].sort((one, other) => (one.term < other.term ? -1 : 1));
  return {
    terms: sorted.map((row) => row.term),
    blocks: sorted.map((row) => row.block),
    postings: sorted.map((row) => Buffer.concat(row.postings).toString('hex')),
  };
}

/** Takes chunks of a source out, all or those from a place on; their postings are passed over from now on. */
export async function removeChunks(scope: TransactionScope, source: { id: string; project_id: string }, from = 0): Promise<void> {
  await sql`
    with gone as (
      delete from chunks where workspace_id = ${scope.workspace_id} and source_id = ${source.id} and starts >= ${from} returning length
    ), total as (select count(*)::int as chunks, coalesce(sum(length), 0)::bigint as length from gone)
    update search_indexes set
      sources = sources - ${from === 0 ? 1 : 0}, chunks = search_indexes.chunks - total.chunks, length = search_indexes.length - total.length
    from total where workspace_id = ${scope.workspace_id} and project_id = ${source.project_id}`.execute(scope.db);
}

/** Pieces that a search reads beside what is merged: so few that they cost it a fraction of a millisecond for each of its words. */
const mostPieces = 64;

/** Runs `work` in a short transaction that may write. */
type Transact = <Result>(work: (scope: TransactionScope) => Promise<Result>) => Promise<Result>;

/** Merges the pieces of a project where there are too many. Returns how many there were. */
export async function mergePieces(transact: Transact, project_id: string): Promise<number> {
  return transact(async (scope) => {
    // Whoever is first merges, and takes all that was added before; the lock keeps nobody from adding.
    const { rows } = await sql<{ pieces: number }>`
      select pieces from search_indexes where project_id = ${project_id} and pieces > ${mostPieces}
        and pg_try_advisory_xact_lock(hashtextextended(${project_id}, 0))`.execute(scope.db);
    const pieces = rows[0]?.pieces ?? 0;
    if (pieces > 0) await merge(scope, project_id);
    return pieces;
  });
}

async function merge(scope: TransactionScope, project_id: string): Promise<void> {
  await sql`
    with taken as (
      delete from postings where project_id = ${project_id} and piece > 0 returning workspace_id, owner_id, term, block, piece, postings
    )
    insert into postings (workspace_id, project_id, owner_id, term, block, piece, postings)
    select workspace_id, ${project_id}, owner_id, term, block, 0, string_agg(postings, '' order by piece)
    from taken group by workspace_id, owner_id, term, block order by term, block
    on conflict (project_id, term, block, piece) do update set postings = postings.postings || excluded.postings`.execute(scope.db);
  await sql`update search_indexes set pieces = 0 where project_id = ${project_id}`.execute(scope.db);
}

/** The same for every project of every workspace: whoever added something may have been stopped before it came to this. */
export async function mergeAllPieces(database: Pick<Database, 'transaction'>): Promise<number> {
  const asSystem: Transact = (work) => database.transaction('system', { mode: 'write' }, work);
  const { rows } = await asSystem((scope) =>
    sql<{ project_id: string }>`select project_id from search_indexes where pieces > ${mostPieces}`.execute(scope.db),
  );
  let merged = 0;
  for (const { project_id } of rows) merged += await mergePieces(asSystem, project_id);
  return merged;
}
