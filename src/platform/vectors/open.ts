/** Opens the vector spaces of a database. Nothing here is needed to run: without pgvector, or without a model that answers, search goes by words. */

import { randomBytes, randomUUID } from 'node:crypto';
import { type Kysely, sql } from 'kysely';
import { internalsOf } from '../database/internals.ts';
import { appRole, appRoleExists } from '../database/security.ts';
import type { Database } from '../database/types.ts';
import type { EmbeddingModel, Models } from '../models/types.ts';
import type { Log } from '../telemetry/log.ts';
import { type SpaceFacts, buildIndex, countVectors, createSpace, createSpaceTable, dropSpaceTable, schema } from './space.ts';
import { type Precision, type Space, type Vectors, noVectors } from './types.ts';

/** Iterative scans, without which a filter leaves nearly nothing of what the index finds. */
const leastVersion = '0.8.0';

/** A space that another process has made or finished is seen after so long. */
const rememberMs = 5_000;

/** Far longer than a batch takes, so that a claim ends only with its process. */
const claimSeconds = 120;

/** How often it is tried to install what is missing: an administrator may have done something about it, and the log of the database has each failure. */
const retryMs = 60_000;

/** Key of the advisory lock of whoever makes or drops a space. */
const lockKey = '7281904265173307';

export interface VectorsOptions {
  database: Database;
  models: Models;
  log: Log;
}

interface SpaceRow {
  id: string;
  model: string;
  dimension: number;
  serving: boolean;
  /** By a process that lives. */
  filled: boolean;
}

export function openVectors({ database, models, log }: VectorsOptions): Vectors {
  const { embedding } = models;
  if (embedding === undefined) return noVectors;
  let failure: string | undefined = preparing;
  const me = randomUUID();
  const precision: Precision = database.kind === 'embedded' ? 'vector' : 'halfvec';
  let home: string | undefined;
  let triedAt = -Infinity;
  let known: { at: number; serving: Promise<Space | undefined> } | undefined;

  async function readServing(): Promise<Space | undefined> {
    home ??= await installedHome(database.owner);
    if (home === undefined) return undefined;
    const rows = (await readSpaces(database.owner)).filter(({ serving }) => serving);
    const row = rows.find(({ model }) => model === embedding?.name) ?? rows.at(-1);
    const model = row === undefined ? undefined : await models.embeddingNamed(row.model);
    if (row === undefined || model === undefined) return undefined;
    failure = undefined;
    return createSpace({ ...row, precision, home }, model);
  }

  /** Says once what is wrong. */
  function fail(reason: string): undefined {
    if (failure !== reason) log.warn({ reason }, 'search goes by words alone');
    failure = reason;
    return undefined;
  }

  async function installed(): Promise<string | undefined> {
    try {
      return (await install(database.owner)) ?? fail(missing);
    } catch (error) {
      return fail(cannotInstall(error));
    }
  }

  let waitingFor: string | undefined;
  /** Says once for whom. */
  function wait(other: string | undefined): void {
    if (other !== undefined && waitingFor !== other) log.warn(waiting(other));
    waitingFor = other;
    if (other !== undefined && failure !== undefined) failure = waiting(other);
  }

  return {
    get failure() {
      return failure;
    },
    serving() {
      if (known === undefined || performance.now() - known.at > rememberMs) known = { at: performance.now(), serving: readServing() };
      return known.serving;
    },
    async filling(signal) {
      if (home === undefined && performance.now() - triedAt < retryMs) return undefined;
      triedAt = performance.now();
      home ??= await installed();
      if (home === undefined) return undefined;
      await this.serving();
      // Two replicas that each filled their own would take turns in dropping that of the other.
      const other = (await readSpaces(database.owner)).find(({ model, filled }) => filled && model !== embedding.name)?.model;
      wait(other);
      return other === undefined ? openSpace(database.owner, embedding, { precision, home }, signal) : undefined;
    },
    async claim({ id }) {
      const { rows } = await sql`
        update vectors.spaces set filled_by = ${me}, filled_until = now() + make_interval(secs => ${claimSeconds})
        where id = ${id} and (filled_by = ${me} or coalesce(filled_until < now(), true)) returning id`.execute(database.owner);
      return rows.length > 0;
    },
    async index({ id, dimension }, least) {
      // There, everybody would wait for it, far longer than it saves: all are compared.
      if (home === undefined || (database.kind === 'embedded' && least === undefined)) return;
      const facts = { id, dimension, precision, home };
      const count = await database.transaction('system', { mode: 'read' }, (scope) => countVectors(scope, id));
      // That takes minutes over a million: no limit of time that is meant for queries may end it.
      await internalsOf(database).unhurried((db) => buildIndex(db, facts, { count, concurrently: database.kind === 'postgres', least }));
    },
    async serve(space) {
      await replaceSpaces(database.owner, space.id);
      known = undefined;
      failure = undefined;
      log.info({ model: space.model.name }, 'search goes by words and by meaning');
    },
    async close() {
      if (home === undefined) return;
      // Where the database is gone as well, the claim runs out.
      await sql`update vectors.spaces set filled_until = null where filled_by = ${me}`.execute(database.owner).catch(() => undefined);
    },
  };
}

const preparing = 'Texts are being embedded: until that is done, search goes by words.';
const waiting = (other: string) =>
  `Another replica embeds texts with ${other}, so this one does not until that is gone. Give all replicas the same QUARTERDECK_EMBEDDING_MODEL.`;
const missing =
  'The database has no pgvector, so search goes by words. Install the extension on the database server (https://github.com/pgvector/pgvector), or unset QUARTERDECK_EMBEDDING_MODEL.';

function cannotInstall(error: unknown): string {
  const reason = error instanceof Error ? error.message : String(error);
  return `pgvector cannot be used, so search goes by words: ${reason}. Let an administrator run "create extension vector" in this database, or "alter extension vector update" where it is too old.`;
}

/** The schema that the extension is in; undefined: it is not installed in this database. */
async function installedHome(db: Kysely<unknown>): Promise<string | undefined> {
  const { rows } = await sql<{ home: string }>`
    select n.nspname as home from pg_extension e join pg_namespace n on n.oid = e.extnamespace where e.extname = 'vector'`.execute(db);
  return rows[0]?.home;
}

/** Undefined: the server does not have it. @throws Error when it may not be installed or is too old */
async function install(db: Kysely<unknown>): Promise<string | undefined> {
  const { rows } = await sql<{ version: string }>`
    select coalesce(installed_version, default_version) as version from pg_available_extensions where name = 'vector'`.execute(db);
  const version = rows[0]?.version;
  if (version === undefined) return undefined;
  if (version.localeCompare(leastVersion, undefined, { numeric: true }) < 0)
    throw new Error(`it has version ${version}, and ${leastVersion} is the oldest that works`);
  await sql`create extension if not exists vector`.execute(db);
  return installedHome(db);
}

async function readSpaces(db: Kysely<unknown>): Promise<SpaceRow[]> {
  const { rows: there } = await sql<{ there: boolean }>`select to_regclass('vectors.spaces') is not null as there`.execute(db);
  if (there[0]?.there !== true) return [];
  const { rows } = await sql<SpaceRow>`
    select id, model, dimension, serving, coalesce(filled_until > now(), false) as filled from vectors.spaces order by made_at`.execute(db);
  return rows;
}

/** @throws Problem of the model, when it has to be asked how long its vectors are and does not answer */
async function openSpace(
  owner: Kysely<unknown>,
  model: EmbeddingModel,
  place: Pick<SpaceFacts, 'precision' | 'home'>,
  signal: AbortSignal,
): Promise<Space> {
  const mine = (rows: readonly SpaceRow[]) => rows.find((row) => row.model === model.name);
  const there = mine(await readSpaces(owner));
  if (there !== undefined) return createSpace({ ...there, ...place }, model);
  const dimension = await model.dimension(signal);
  return owner.transaction().execute(async (db) => {
    await sql`select pg_advisory_xact_lock(${lockKey}::bigint)`.execute(db);
    await createSchema(db);
    const made = mine(await readSpaces(db));
    if (made !== undefined) return createSpace({ ...made, ...place }, model);
    // Never used again, also in a copy of the database: whoever has noted what is in a space must not take another for it.
    const id = randomBytes(6).toString('hex');
    await sql`insert into vectors.spaces (id, model, dimension) values (${id}, ${model.name}, ${dimension})`.execute(db);
    const facts = { id, dimension, ...place };
    await createSpaceTable(db, facts);
    return createSpace(facts, model);
  });
}

async function createSchema(db: Kysely<unknown>): Promise<void> {
  await sql`create schema if not exists ${sql.id(schema)}`.execute(db);
  await sql`
    create table if not exists vectors.spaces (
      id text primary key,
      model text not null unique,
      dimension integer not null,
      -- It has a vector of everything that was there when it was filled.
      serving boolean not null default false,
      -- Whoever fills it, and until when nobody else does.
      filled_by uuid,
      filled_until timestamptz,
      made_at timestamptz not null default now()
    )`.execute(db);
  if (await appRoleExists(db)) await sql`grant usage on schema ${sql.id(schema)} to ${sql.id(appRole)}`.execute(db);
}

async function replaceSpaces(owner: Kysely<unknown>, id: string): Promise<void> {
  await owner.transaction().execute(async (db) => {
    await sql`select pg_advisory_xact_lock(${lockKey}::bigint)`.execute(db);
    await sql`update vectors.spaces set serving = true where id = ${id}`.execute(db);
    const { rows } = await sql<{ id: string }>`delete from vectors.spaces where id <> ${id} returning id`.execute(db);
    for (const old of rows) await dropSpaceTable(db, old.id);
  });
}
