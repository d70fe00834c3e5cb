/**
 * Keeps the index of words small and quick: merges what was added in pieces into the postings, and takes out the postings of chunks that are gone.
 * Readers see either the state before or the one after.
 */

import { sql } from 'kysely';
import type { Database, TransactionScope } from '../../platform/database/types.ts';
import { blockSize, keepAlive } from './ranking/postings.ts';

/** Pieces that a search reads beside what is merged: so few that they cost it a fraction of a millisecond for each of its words. */
const mostPieces = 64;

/**
 * Postings are rewritten when so many of a project's chunks are gone: below, they cost a search little; and each chunk is rewritten at most four
 * times for each one that went.
 */
const mostGone = { share: 0.25, least: 256 };

/** Runs `work` in a short transaction that may write. */
type Transact = <Result>(work: (scope: TransactionScope) => Promise<Result>) => Promise<Result>;

/** Does what is due in every project of every workspace. Returns how many pieces were merged, and blocks purged. */
export async function keepUp(database: Pick<Database, 'transaction'>): Promise<number> {
  const transact: Transact = (work) => database.transaction('system', { mode: 'write' }, work);
  const { rows } = await transact((scope) =>
    sql<{ project_id: string }>`select project_id from search_indexes where ${isDue}`.execute(scope.db),
  );
  let done = 0;
  for (const { project_id } of rows) {
    done += await transact((scope) => mergePieces(scope, project_id));
    done += await purge(transact, project_id);
  }
  return done;
}

const isPurgeDue = sql<boolean>`gone >= ${sql.lit(mostGone.least)} and gone >= ${sql.lit(mostGone.share)} * (chunks + gone)`;
const isDue = sql<boolean>`pieces > ${sql.lit(mostPieces)} or (${isPurgeDue})`;

/** Whoever is first does it, and takes all that was added before; the lock keeps nobody from adding. */
function lockUpkeep(project_id: string) {
  return sql<boolean>`pg_try_advisory_xact_lock(hashtextextended(${project_id}, 0))`;
}

/** Merges the pieces of a project where there are many. Returns how many there were. */
export async function mergePieces(scope: TransactionScope, project_id: string): Promise<number> {
  const { rows } = await sql<{ pieces: number }>`
    select pieces from search_indexes where project_id = ${project_id} and (${isDue}) and ${lockUpkeep(project_id)}`.execute(scope.db);
  const pieces = rows[0]?.pieces ?? 0;
  if (pieces === 0) return 0;
  await sql`
    with taken as (
      delete from posting_pieces where project_id = ${project_id} returning workspace_id, owner_id, block, number, terms
    )
    insert into postings (workspace_id, project_id, owner_id, term, block, postings)
    select workspace_id, ${project_id}, owner_id, held.term collate "C", block, string_agg(decode(held.postings, 'hex'), '' order by number)
    from taken, jsonb_each_text(terms) as held (term, postings)
    group by workspace_id, owner_id, held.term collate "C", block order by held.term collate "C", block
    on conflict (project_id, term, block) do update set postings = postings.postings || excluded.postings`.execute(scope.db);
  // Less by what was there: more may have been added in the meantime.
  await sql`update search_indexes set pieces = pieces - ${pieces}::int where project_id = ${project_id}`.execute(scope.db);
  return pieces;
}

/** Takes the postings of chunks that are gone out of a project, where there are many. Returns in how many blocks. */
async function purge(transact: Transact, project_id: string): Promise<number> {
  const { gone, blocks } = await transact((scope) => readGone(scope, project_id));
  for (const block of blocks) if (!(await transact((scope) => purgeBlock(scope, project_id, block)))) return 0;
  if (gone > 0) await transact((scope) => forgetGone(scope, project_id, gone));
  return blocks.length;
}

/** How many are gone, and the blocks that have numbers without a chunk. */
async function readGone(scope: TransactionScope, project_id: string): Promise<{ gone: number; blocks: number[] }> {
  const { rows } = await sql<{ gone: number; block: number }>`
    with due as (
      select gone, next_number from search_indexes where project_id = ${project_id} and (${isPurgeDue})
    ), there as (
      select number / ${sql.lit(blockSize)} as block, count(*) as chunks from chunks where project_id = ${project_id} group by 1
    )
    select gone, block from due, generate_series(0, (next_number - 1) / ${sql.lit(blockSize)}) as block left join there using (block)
    where coalesce(there.chunks, 0) < least(${sql.lit(blockSize)}, next_number - block * ${sql.lit(blockSize)})
    order by block`.execute(scope.db);
  return { gone: rows[0]?.gone ?? 0, blocks: rows.map(({ block }) => block) };
}

/** Rows that are read and written at once: some megabytes at most. */
const rowsAtOnce = 1_000;

/** False: somebody else is at work on the project. */
async function purgeBlock(scope: TransactionScope, project_id: string, block: number): Promise<boolean> {
  const locked = await sql<{ mine: boolean }>`select ${lockUpkeep(project_id)} as mine`.execute(scope.db);
  if (locked.rows[0]?.mine !== true) return false;
  const { rows: there } = await sql<{ number: number }>`
    select number from chunks
    where project_id = ${project_id} and number >= ${block * blockSize} and number < ${(block + 1) * blockSize}`.execute(scope.db);
  const alive = new Set(there.map(({ number }) => number));
  for (let after: string | undefined = ''; after !== undefined;) {
    const { rows } = await sql<{ term: string; postings: Buffer }>`
      select term, postings from postings where project_id = ${project_id} and block = ${block} and term > ${after}
      order by term limit ${sql.lit(rowsAtOnce)}`.execute(scope.db);
    const kept = rows.map(({ term, postings }) => ({ term, before: postings.length, after: keepAlive(postings, block, alive) }));
    await writeKept(
      scope,
      { project_id, block },
      kept.filter((row) => row.after.length < row.before),
    );
    after = rows.length < rowsAtOnce ? undefined : rows.at(-1)?.term;
  }
  return true;
}

async function writeKept(
  scope: TransactionScope,
  { project_id, block }: { project_id: string; block: number },
  kept: readonly { term: string; after: Buffer }[],
): Promise<void> {
  const empty = kept.filter(({ after }) => after.length === 0).map(({ term }) => term);
  const rest = kept.filter(({ after }) => after.length > 0);
  if (empty.length > 0)
    await sql`delete from postings where project_id = ${project_id} and block = ${block} and term = any(${empty}::text[])`.execute(
      scope.db,
    );
  if (rest.length > 0)
    await sql`
      update postings set postings = decode(kept.postings, 'hex')
      from unnest(${rest.map(({ term }) => term)}::text[], ${rest.map(({ after }) => after.toString('hex'))}::text[]) as kept (term, postings)
      where project_id = ${project_id} and block = ${block} and postings.term = kept.term`.execute(scope.db);
}

/** What went in the meantime stays counted. */
async function forgetGone(scope: TransactionScope, project_id: string, gone: number): Promise<void> {
  await sql`update search_indexes set gone = gone - ${gone}::int where project_id = ${project_id}`.execute(scope.db);
}
