/** SQL of one vector space: a table of vectors, with an HNSW index where there are many. */

import { type Kysely, sql } from 'kysely';
import { secureTable } from '../database/security.ts';
import type { TransactionScope } from '../database/types.ts';
import type { EmbeddingModel } from '../models/types.ts';
import type { Nearest, NearestQuery, Precision, Space } from './types.ts';

/** The schema of everything here: it can be dropped as a whole, and is made again from the embeddings. */
export const schema = 'vectors';

/** https://github.com/pgvector/pgvector#hnsw: an index holds at most so many dimensions. Above, all are compared. */
const mostIndexed: Record<Precision, number> = { vector: 2_000, halfvec: 4_000 };

/**
 * Up to so many vectors are compared one by one, which finds all, behind any filter. In WebAssembly, the slowest place, that takes less than a tenth of
 * a second: `npm run bench:search -- --chunks 0`.
 */
export const exactBelow = 10_000;

/** How many the index looks at before it is content: more find more, and take longer. pgvector's own default is 40. */
const searchWidth = 400;

/**
 * Neighbours of each vector in the index, and how many are looked at to find them. With pgvector's defaults of 16 and 64, two of the ten nearest were missed:
 * `npm run bench:search -- --chunks 0`.
 */
const indexShape = sql.raw('m = 24, ef_construction = 200');

export interface SpaceFacts {
  id: string;
  dimension: number;
  precision: Precision;
  /** The schema of the extension. */
  home: string;
}

const tableOf = (id: string) => sql.id(schema, `space_${id}`);

/** In a transaction of the owner. */
export async function createSpaceTable(db: Kysely<unknown>, { id, dimension, precision, home }: SpaceFacts): Promise<void> {
  const table = tableOf(id);
  await sql`
    create table ${table} (
      workspace_id uuid not null,
      project_id uuid not null,
      owner_id uuid,
      number integer not null,
      embedding ${sql.id(home, precision)}(${sql.lit(dimension)}) not null,
      primary key (project_id, number),
      foreign key (project_id, number) references public.chunks (project_id, number) on delete cascade
    )`.execute(db);
  await secureTable(db, [schema, `space_${id}`], { owner: 'owner_id' });
}

const indexOf = (id: string) => `space_${id}_nearest`;

/**
 * Builds the index over more than `least` vectors, where there is none: to build it is many times as quick as to add the same vectors to it one by one,
 * and below nobody asks it. Outside of a transaction where `concurrently` is true: then nobody who writes waits for it.
 */
export async function buildIndex(
  db: Kysely<unknown>,
  { id, dimension, precision, home }: SpaceFacts,
  { count, concurrently, least = exactBelow }: { count: number; concurrently: boolean; least?: number | undefined },
): Promise<void> {
  if (dimension > mostIndexed[precision] || count <= least) return;
  const { rows } = await sql<{ valid: boolean }>`
    select indisvalid as valid from pg_index where indexrelid = to_regclass(${`${schema}.${indexOf(id)}`})`.execute(db);
  if (rows[0]?.valid === true) return;
  // What a build that was ended leaves behind takes part in every write, and answers nothing.
  await sql`drop index if exists ${sql.id(schema, indexOf(id))}`.execute(db);
  await sql`
    create index ${sql.raw(concurrently ? 'concurrently' : '')} ${sql.id(indexOf(id))} on ${tableOf(id)}
    using hnsw (embedding ${sql.id(home, `${precision}_cosine_ops`)}) with (${indexShape})`.execute(db);
}

/** How many vectors there are; for a transaction of the system. */
export async function countVectors({ db }: TransactionScope, id: string): Promise<number> {
  const { rows } = await sql<{ count: number }>`select count(*) as count from ${tableOf(id)}`.execute(db);
  return rows[0]?.count ?? 0;
}

export async function dropSpaceTable(db: Kysely<unknown>, id: string): Promise<void> {
  await sql`drop table if exists ${tableOf(id)}`.execute(db);
}

export function createSpace({ id, dimension, precision, home }: SpaceFacts, model: EmbeddingModel): Space {
  const table = tableOf(id);
  const type = sql.id(home, precision);
  const distance = (vector: Float32Array) => sql`embedding operator(${sql.id(home)}.<=>) ${textOf(vector)}::${type}`;

  async function nearest(scope: TransactionScope, { vector, projects, most, among, where }: NearestQuery): Promise<Nearest[]> {
    const mine = sql`from ${table} as space
      where workspace_id = ${scope.workspace_id} and project_id = any(${[...projects]}::uuid[]) ${where === undefined ? sql`` : sql`and ${where}`}`;
    if (among <= exactBelow || dimension > mostIndexed[precision]) {
      // The offset keeps the planner from the index, which could miss some.
      const { rows } = await sql<Nearest>`
        select project_id, number, 1 - distance as similarity
        from (select project_id, number, ${distance(vector)} as distance ${mine} offset 0) as compared
        order by distance, number limit ${sql.lit(most)}`.execute(scope.db);
      return rows;
    }
    // Strict: it goes on looking until enough pass the filters, and gives them in their order.
    await sql`select set_config('hnsw.ef_search', ${String(Math.max(searchWidth, Math.min(1_000, most)))}, true),
      set_config('hnsw.iterative_scan', 'strict_order', true)`.execute(scope.db);
    const { rows } = await sql<Nearest>`
      select project_id, number, 1 - (${distance(vector)}) as similarity ${mine} order by ${distance(vector)} limit ${sql.lit(most)}`.execute(
      scope.db,
    );
    return rows;
  }

  return {
    id,
    model,
    dimension,
    nearest,
    async write(scope, rows) {
      const json = rows.map(({ vector, ...row }) => ({ ...row, embedding: textOf(vector) }));
      await sql`
        insert into ${table} (workspace_id, project_id, owner_id, number, embedding)
        select row.workspace_id, row.project_id, row.owner_id, row.number, row.embedding::${type}
        from json_to_recordset(${JSON.stringify(json)}::json) as row (workspace_id uuid, project_id uuid, owner_id uuid, number integer, embedding text)
        join public.chunks on chunks.project_id = row.project_id and chunks.number = row.number
        on conflict (project_id, number) do nothing`.execute(scope.db);
    },
  };
}

/** As pgvector reads it. */
function textOf(vector: Float32Array): string {
  return `[${vector.join(',')}]`;
}
