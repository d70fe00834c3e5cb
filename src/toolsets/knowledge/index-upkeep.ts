/**
 * Keeps the index of words small and quick: merges what was added in pieces into the postings, and takes out the postings of chunks that are gone.
 * Readers see either the state before or the one after.
 */

import { setTimeout as sleep } from 'node:timers/promises';
import { sql } from 'kysely';
import type { Database, TransactionScope } from '../../platform/database/types.ts';
import { Problem } from '../../platform/problem.ts';
import type { Log } from '../../platform/telemetry/log.ts';
import { keepPostings, postingBytes } from './ranking/postings.ts';

/** Pieces that a search reads beside what is merged: so few that they cost it a fraction of a millisecond for each of its words. */
const mostPieces = 64;

/**
 * Postings are rewritten when so many of a project's chunks are gone: below, they cost a search little; and each chunk is rewritten at most four
 * times for each one that went.
 */
const mostGone = { share: 0.25, least: 256 };

/** Runs `work` in a short transaction that may write. */
type Transact = <Result>(work: (scope: TransactionScope) => Promise<Result>) => Promise<Result>;

/** Does what is due in every project of every workspace. Returns how many pieces were merged and rows rewritten. */
export async function keepUp(database: Pick<Database, 'transaction'>): Promise<number> {
  const transact: Transact = (work) => database.transaction('system', { mode: 'write' }, work);
  const { rows } = await transact((scope) =>
    sql<{ project_id: string }>`select project_id from search_indexes where ${isDue}`.execute(scope.db),
  );
  let done = 0;
  for (const { project_id } of rows) {
    const { merged } = await merge(transact, project_id);
    done += merged;
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

/**
 * A row of postings that has become so long is left as it is, and the next is begun: what is appended to rewrites little, and a frequent word is read
 * in rows that fill their pages. With the largest piece, 32 chunks, a row still is far below what a page holds.
 */
const rowBytes = 160 * postingBytes;

/**
 * Pieces of one merge, which takes a second or two however much has come together. Most of that is to find the rows of their terms, of which twice as many
 * pieces have hardly more: smaller merges would keep the database busy for longer.
 */
const mergedAtOnce = 2 * mostPieces;

/** Merges pieces of a project where there are many; fewer of them where the database is so busy that it gives up on as many. */
async function merge(transact: Transact, project_id: string): Promise<Merged> {
  for (let most = mergedAtOnce; ; most = Math.ceil(most / 4)) {
    try {
      return await transact((scope) => mergePieces(scope, project_id, most));
    } catch (error) {
      if (!(error instanceof Problem) || error.code !== 'timed_out' || most === 1) throw error;
    }
  }
}

/** How many pieces there were, and how many of them are merged now. */
interface Merged {
  pieces: number;
  merged: number;
}

/** The oldest `most` pieces. */
async function mergePieces({ db }: TransactionScope, project_id: string, most: number): Promise<Merged> {
  const { rows } = await sql<{ pieces: number; mine: boolean }>`
    select pieces, ${lockUpkeep(project_id)} as mine from search_indexes where project_id = ${project_id} and (${isDue})`.execute(db);
  const { pieces, mine } = rows[0] ?? { pieces: 0, mine: false };
  if (!mine) return { pieces, merged: 0 };
  const { rows: oldest } = await sql<{ number: number }>`
    select distinct number from posting_pieces where project_id = ${project_id} order by number limit ${sql.lit(most)}`.execute(db);
  const last = oldest.at(-1)?.number;
  if (last !== undefined) await appendPieces(db, project_id, last);
  // Chunks without any term are pieces without rows, so what was counted is not what is there.
  const merged = oldest.length < most ? pieces : oldest.length;
  await sql`update search_indexes set pieces = pieces - ${merged}::int where project_id = ${project_id}`.execute(db);
  return { pieces, merged };
}

/** Puts the pieces up to a number behind the postings of their terms. */
async function appendPieces(db: TransactionScope['db'], project_id: string, last: number): Promise<void> {
  // What is added to a term comes behind its last row, where that has room. As one list and not as a join: nothing is known of how many terms there are,
  // and a plan for a few takes minutes for many.
  await sql`
    with taken as (
      delete from posting_pieces where project_id = ${project_id} and number <= ${last} returning workspace_id, owner_id, number, terms
    ), added as (
      select workspace_id, owner_id, number, held.term, decode(held.postings, 'hex') as postings
      from taken, jsonb_each_text(terms) as held (term, postings)
    ), listed as (
      select workspace_id, owner_id, term, number, postings, null::integer as open, length(postings) as bytes from added
      union all
      select null, null, wanted.term, -1, null, last.first, last.bytes
      from (select distinct term from added) as wanted cross join lateral (
        select first, length(postings) as bytes from postings
        where postings.project_id = ${project_id} and postings.term = wanted.term order by first desc limit 1
      ) as last where last.bytes < ${sql.lit(rowBytes)}
    ), placed as (
      select *, max(open) over (partition by term) as behind,
        (sum(bytes) over (partition by term order by number) - bytes) / ${sql.lit(rowBytes)} as row
      from listed
    )
    insert into postings (workspace_id, project_id, owner_id, term, first, postings)
    select workspace_id, ${project_id}, owner_id, term, case when row = 0 then coalesce(min(behind), min(number)) else min(number) end,
      string_agg(postings, '' order by number)
    from placed where postings is not null group by workspace_id, owner_id, term, row order by term, min(number)
    on conflict (project_id, term, first) do update set postings = postings.postings || excluded.postings`.execute(db);
}

/** How many pieces there may be before whoever adds has to wait: with more of them, a search would. */
const tooManyPieces = 4 * mostPieces;

/** How often it is looked whether others have merged. */
const lookMs = 100;

/**
 * For whoever has added something: merges, or waits while others who do cannot keep up. What was added is there in any case, so that this does not work
 * is only told to the log; the sweep goes on with it.
 */
export async function makeRoom(transact: Transact, project_id: string, { signal, log }: { signal: AbortSignal; log: Log }): Promise<void> {
  try {
    for (;;) {
      const { pieces, merged } = await merge(transact, project_id);
      if (pieces - merged <= tooManyPieces) return;
      if (merged === 0) await sleep(lookMs, undefined, { signal });
    }
  } catch (error) {
    if (signal.aborted) return;
    log.warn({ err: error, project_id }, 'the index of words has more pieces than it should, so searches are slower for a while');
  }
}

/** Takes the postings of chunks that are gone out of a project, where there are many. Returns how many rows it rewrote. */
async function purge(transact: Transact, project_id: string): Promise<number> {
  const there = await transact((scope) => readThere(scope, project_id));
  if (there === undefined) return 0;
  let rewritten = 0;
  for (let at = 0; at < there.terms.length; at += termsAtOnce) {
    const count = await transact((scope) => purgeTerms(scope, project_id, there, there.terms.slice(at, at + termsAtOnce)));
    if (count === undefined) return rewritten;
    rewritten += count;
  }
  // What went in the meantime stays counted.
  await transact(({ db }) => sql`update search_indexes set gone = gone - ${there.gone}::int where project_id = ${project_id}`.execute(db));
  return rewritten;
}

interface There {
  gone: number;
  /** Of chunks. Those from here on were given later: nothing is known of them. */
  next_number: number;
  numbers: ReadonlySet<number>;
  terms: readonly string[];
}

/** What a project has; undefined: too few are gone. */
async function readThere({ db }: TransactionScope, project_id: string): Promise<There | undefined> {
  const { rows } = await sql<Pick<There, 'gone' | 'next_number'>>`
    select gone, next_number from search_indexes where project_id = ${project_id} and (${isPurgeDue})`.execute(db);
  if (rows[0] === undefined) return undefined;
  const chunks = await sql<{ number: number }>`select number from chunks where project_id = ${project_id}`.execute(db);
  const terms = await sql<{ term: string }>`select distinct term from postings where project_id = ${project_id} order by term`.execute(db);
  return { ...rows[0], numbers: new Set(chunks.rows.map(({ number }) => number)), terms: terms.rows.map(({ term }) => term) };
}

/** Of one transaction: most have one short row, a few have hundreds. */
const termsAtOnce = 500;

/** How many rows changed; undefined: somebody else is at work on the project, and the next time goes on. */
async function purgeTerms(
  { db }: TransactionScope,
  project_id: string,
  { numbers, next_number }: There,
  terms: readonly string[],
): Promise<number | undefined> {
  const locked = await sql<{ mine: boolean }>`select ${lockUpkeep(project_id)} as mine`.execute(db);
  if (locked.rows[0]?.mine !== true) return undefined;
  const { rows } = await sql<{ term: string; first: number; postings: Buffer }>`
    select term, first, postings from postings where project_id = ${project_id} and term = any(${terms}::text[])`.execute(db);
  const changed = rows
    .map((row) => ({ ...row, kept: keepPostings(row.postings, (number) => number >= next_number || numbers.has(number)) }))
    .filter(({ kept, postings }) => kept.length < postings.length);
  const columns = [changed.map(({ term }) => term), changed.map(({ first }) => first), changed.map(({ kept }) => kept.toString('hex'))];
  await sql`
    with changed as (
      select * from unnest(${columns[0]}::text[], ${columns[1]}::int[], ${columns[2]}::text[]) as row (term, first, kept)
    ), emptied as (
      delete from postings using changed
      where project_id = ${project_id} and postings.term = changed.term and postings.first = changed.first and kept = ''
    )
    update postings set postings = decode(kept, 'hex') from changed
    where project_id = ${project_id} and postings.term = changed.term and postings.first = changed.first and kept <> ''`.execute(db);
  return changed.length;
}
