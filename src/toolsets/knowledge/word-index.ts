/**
 * SQL of the index of words: which chunks hold which terms. What is added at once is a piece of its own, so that nobody who adds waits for
 * large rows to be written; index-upkeep.ts merges pieces where there are many.
 */

import { sql } from 'kysely';
import type { TransactionScope } from '../../platform/database/types.ts';
import { toPosting } from './ranking/postings.ts';
import type { IndexFacts } from './ranking/rank.ts';
import { knowledgeTables } from './rows.ts';
import type { NewChunk } from './passages.ts';

/** The words of one project. */
export interface WordIndex extends IndexFacts {
  languages: string[];
  /** The number that the next chunk gets: all that are there have lower ones. */
  next_number: number;
}

/** The parts of the workspace that the caller may search, one a project. */
export async function readIndexes(scope: TransactionScope, project_id?: string): Promise<WordIndex[]> {
  return knowledgeTables(scope)
    .selectFrom('search_indexes')
    .select(['project_id', 'sources', 'chunks', 'length', 'languages', 'next_number'])
    .where('workspace_id', '=', scope.workspace_id)
    .where((where) => where.or([where('owner_id', 'is', null), where('owner_id', '=', scope.user_id)]))
    .where('chunks', '>', 0)
    .$if(project_id !== undefined, (query) => query.where('project_id', '=', project_id ?? ''))
    .execute();
}

/** A term of a project, and the first chunk of which it is not known whether it holds it. */
export interface WantedPostings {
  project_id: string;
  term: string;
  from: number;
}

/**
 * Merged postings and those that were added since, as they are stored, of each that is wanted, in the order of their numbers. From the row on that has
 * `from`, which may begin before it; empty where there are none.
 */
export async function readPostings(scope: TransactionScope, wanted: readonly WantedPostings[]): Promise<Buffer[]> {
  const columns = [wanted.map((one) => one.project_id), wanted.map((one) => one.term), wanted.map((one) => one.from)];
  // Row by row: to sort and put them together here takes a fraction of the time that the database needs for it.
  const { rows } = await sql<{ place: number; number: number; postings: Buffer }>`
    with asked as (
      select * from unnest(${columns[0]}::uuid[], ${columns[1]}::text[], ${wanted.map((one) => bucketOf(one.term))}::smallint[], ${columns[2]}::int[])
        with ordinality as asked (project_id, term, bucket, since, place)
    ), wanted as materialized (
      select *, coalesce((
        select max(first) from postings where postings.project_id = asked.project_id and postings.term = asked.term and first <= since), 0) as begins
      from asked
    )
    select place::int - 1 as place, merged.first as number, merged.postings from wanted
    join postings as merged on merged.project_id = wanted.project_id and merged.term = wanted.term and merged.first >= begins
    where merged.workspace_id = ${scope.workspace_id}
    union all
    select place::int - 1, pieces.number, decode(pieces.terms ->> wanted.term, 'hex')
    from wanted join posting_pieces as pieces on pieces.project_id = wanted.project_id and pieces.bucket = wanted.bucket
    where pieces.workspace_id = ${scope.workspace_id} and pieces.number >= since and pieces.terms ->> wanted.term is not null`.execute(
    scope.db,
  );
  const found = Map.groupBy(rows, ({ place }) => place);
  return wanted.map((_, place) => {
    const its = found.get(place) ?? [];
    return Buffer.concat(its.sort((one, other) => one.number - other.number).map(({ postings }) => postings));
  });
}

/** Where rows of an index belong. */
export interface IndexPlace {
  project_id: string;
  owner_id: string | null;
  /** Whether a source begins with this; what is appended to one does not. */
  begins: boolean;
}

/** Chunks of one piece: so few that a row of postings to which one is appended still fits into a page, and that it is made in milliseconds. */
export const chunksOfPiece = 32;

/**
 * Counts the chunks in. Writers of one project queue up here, also behind one who stores a long source for some seconds: so they wait as long as a
 * statement may take, and not as long as for other locks. Returns the number of the first chunk; their terms are to follow, piece by piece.
 */
export async function addToIndex(
  scope: TransactionScope,
  { project_id, owner_id, begins }: IndexPlace,
  language: string,
  { chunks, length }: { chunks: number; length: number },
): Promise<number> {
  const pieces = Math.ceil(chunks / chunksOfPiece);
  const { rows } = await sql<{ first: number }>`
    insert into search_indexes as known (workspace_id, project_id, owner_id, next_number, sources, chunks, length, pieces, languages)
    select ${scope.workspace_id}, ${project_id}, ${owner_id}, ${chunks}::int, ${begins ? 1 : 0}::int, ${chunks}::int, ${length}::bigint, ${pieces}::int, array[${language}::text]
    from (select set_config('lock_timeout', '0', true)) as patience
    on conflict (project_id) do update set
      next_number = known.next_number + excluded.next_number,
      sources = known.sources + excluded.sources,
      chunks = known.chunks + excluded.chunks,
      length = known.length + excluded.length,
      pieces = known.pieces + excluded.pieces,
      languages = case when known.languages @> excluded.languages then known.languages else known.languages || excluded.languages end
    returning next_number - ${chunks}::int as first`.execute(scope.db);
  return rows[0]?.first ?? 0;
}

/** Some chunks of those that were counted in. */
export interface Piece {
  /** The number that the first of all got. */
  first: number;
  /** The place of the first of these among all. */
  from: number;
  /** Terms of all, with their repetitions. */
  sourceLength: number;
  /** At most `chunksOfPiece`. */
  chunks: readonly Pick<NewChunk, 'terms' | 'length'>[];
}

/** Adds the terms of a piece. */
export async function addPiece(scope: TransactionScope, { project_id, owner_id }: IndexPlace, piece: Piece): Promise<void> {
  await sql`
    insert into posting_pieces (workspace_id, project_id, owner_id, bucket, number, terms)
    select ${scope.workspace_id}, ${project_id}, ${owner_id}, bucket, ${piece.first + piece.from}, terms
    from json_to_recordset(${JSON.stringify(toBuckets(piece))}::json) as row (bucket smallint, terms jsonb)`.execute(scope.db);
}

function toBuckets({ first, from, sourceLength, chunks }: Piece): { bucket: number; terms: Record<string, string> }[] {
  const found = new Map<number, Record<string, string>>();
  for (const [place, { terms, length }] of chunks.entries()) {
    const ordinal = from + place;
    for (const [term, count] of terms) {
      const bucket = bucketOf(term);
      // Without a prototype: any word may be a term, such as `constructor`.
      const held = found.get(bucket) ?? (Object.create(null) as Record<string, string>);
      found.set(bucket, held);
      held[term] = (held[term] ?? '') + toPosting({ number: first + ordinal, count, length, ordinal, sourceLength }).toString('hex');
    }
  }
  return [...found].map(([bucket, terms]) => ({ bucket, terms }));
}

/** So many rows for each piece; a search reads one of them for each of its words. */
const buckets = 64;

/** FNV-1a, http://www.isthe.com/chongo/tech/comp/fnv/. Stored: it must stay as it is. */
function bucketOf(term: string): number {
  let hash = 0x811c9dc5;
  for (let at = 0; at < term.length; at += 1) hash = Math.imul(hash ^ term.charCodeAt(at), 0x01000193);
  return (hash >>> 0) % buckets;
}

/** Takes chunks of a source out, all or those from a place on; their postings are passed over until they are taken out as well. */
export async function removeChunks(scope: TransactionScope, source: { id: string; project_id: string }, from = 0): Promise<void> {
  await sql`
    with gone as (
      delete from chunks where workspace_id = ${scope.workspace_id} and source_id = ${source.id} and starts >= ${from} returning length
    ), total as (select count(*)::int as chunks, coalesce(sum(length), 0)::bigint as length from gone)
    update search_indexes set
      sources = sources - ${from === 0 ? 1 : 0}, chunks = search_indexes.chunks - total.chunks, length = search_indexes.length - total.length,
      gone = gone + total.chunks
    from total where workspace_id = ${scope.workspace_id} and project_id = ${source.project_id}`.execute(scope.db);
}
