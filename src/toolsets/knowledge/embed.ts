/** Gives chunks their vectors, in the background: who takes a source in does not wait for a model, and a model that is down keeps nobody from it. */

import { createHash } from 'node:crypto';
import { sql } from 'kysely';
import type { Database, TransactionScope } from '../../platform/database/types.ts';
import type { EmbeddingModel } from '../../platform/models/types.ts';
import { estimateTokens } from '../../platform/models/tokens.ts';
import { Problem } from '../../platform/problem.ts';
import type { Log } from '../../platform/telemetry/log.ts';
import type { Space, Vectors } from '../../platform/vectors/types.ts';

export interface EmbedParts {
  database: Pick<Database, 'transaction'>;
  vectors: Vectors;
  log: Log;
  signal: AbortSignal;
}

/** What a model gets of a chunk: the title and the headings say what its text is about. */
function embeddedText({ title, headings, text }: { title: string; headings: readonly string[]; text: string }): string {
  return [title, ...headings, text].join('\n');
}

export function hashEmbedded(chunk: { title: string; headings: readonly string[]; text: string }): string {
  return createHash('sha256').update(embeddedText(chunk)).digest('base64url');
}

/** Embeds what has no vector yet, as long as there is some and nobody else does. Returns how many chunks it was. */
export async function embedPending({ database, vectors, log, signal }: EmbedParts): Promise<number> {
  const space = await vectors.filling(signal);
  if (space === undefined || !(await vectors.claim(space))) return 0;
  let done = 0;
  for (let pending = await findPending(database, space); pending.length > 0; pending = await findPending(database, space))
    for (const project of pending) {
      done += await embedProject({ database, vectors, log, signal }, space, project);
      if (signal.aborted || !(await vectors.claim(space))) return done;
    }
  if (done > 0) await vectors.index(space);
  if ((await vectors.serving())?.id !== space.id) {
    await vectors.serve(space);
    await forgetOtherModels(database, space.model);
  }
  return done;
}

interface Pending {
  workspace_id: string;
  project_id: string;
  owner_id: string | null;
  /** Of the first chunk that is not embedded. */
  from: number;
}

const asSystem = <Result>(database: EmbedParts['database'], mode: 'read' | 'write', work: (scope: TransactionScope) => Promise<Result>) =>
  database.transaction('system', { mode }, work);

/** Projects at a time: with more, one with much to do would keep the others waiting. */
const projectsAtOnce = 20;

async function findPending(database: EmbedParts['database'], { id }: Space): Promise<Pending[]> {
  return asSystem(database, 'read', async ({ db }) => {
    const { rows } = await sql<Pending>`
      select workspace_id, project_id, owner_id, case when space = ${id} then embedded else 0 end as from from search_indexes
      where next_number > case when space = ${id} then embedded else 0 end limit ${sql.lit(projectsAtOnce)}`.execute(db);
    return rows;
  });
}

interface PendingChunk {
  number: number;
  hash: string;
  title: string;
  headings: string[];
  text: string;
}

/** Chunks at a time: what most providers take in one request. */
const chunksAtOnce = 64;

/** Rows of one transaction: an index takes some milliseconds for each, and on the embedded database everybody waits for them. */
const writtenAtOnce = 8;

/** One batch of a project. @throws Problem when the model does not answer: the next run goes on from here */
async function embedProject({ database, log, signal }: EmbedParts, space: Space, project: Pending): Promise<number> {
  const { model } = space;
  const { chunks, known, next } = await asSystem(database, 'read', (scope) => readBatch(scope, model, project));
  const fresh = new Map(chunks.filter(({ hash }) => !known.has(hash)).map((chunk) => [chunk.hash, fitting(embeddedText(chunk), model)]));
  const made = await embedAll(model, fresh, signal, log);
  const vectorOf = (hash: string) => made.get(hash) ?? known.get(hash);
  const rows = chunks.flatMap(({ number, hash }) => {
    const vector = vectorOf(hash);
    return vector === undefined ? [] : [{ ...project, number, vector }];
  });
  await asSystem(database, 'write', (scope) => remember(scope, model, project, made));
  for (let at = 0; at < rows.length; at += writtenAtOnce)
    await asSystem(database, 'write', (scope) => space.write(scope, rows.slice(at, at + writtenAtOnce)));
  await asSystem(database, 'write', async ({ db }) => {
    await sql`update search_indexes set space = ${space.id}, embedded = ${next} where project_id = ${project.project_id}`.execute(db);
  });
  return chunks.length;
}

/** The next chunks, what is known of them, and the number behind them. */
async function readBatch({ db }: TransactionScope, model: EmbeddingModel, { project_id, from }: Pending) {
  // Before the chunks: all with a number below it can be seen by the next query, if they are not gone.
  const { rows: index } = await sql<{
    next_number: number;
  }>`select next_number from search_indexes where project_id = ${project_id}`.execute(db);
  const { rows: chunks } = await sql<PendingChunk>`
    select number, chunks.hash, title, headings, text from chunks join sources on sources.id = source_id and sources.workspace_id = chunks.workspace_id
    where chunks.project_id = ${project_id} and number >= ${from} order by number limit ${sql.lit(chunksAtOnce)}`.execute(db);
  const { rows: known } = await sql<{ hash: string; vector: Buffer }>`
    select hash, vector from embeddings
    where project_id = ${project_id} and model = ${model.name} and hash = any(${chunks.map(({ hash }) => hash)}::text[])`.execute(db);
  const whole = chunks.length < chunksAtOnce;
  const last = chunks.at(-1)?.number ?? from - 1;
  return {
    chunks,
    known: new Map(known.map(({ hash, vector }) => [hash, toVector(vector)])),
    next: whole ? Math.max(last + 1, index[0]?.next_number ?? 0) : last + 1,
  };
}

/** The beginning of a text that is too long for the model: it has the title and says what the rest is about. */
function fitting(text: string, { maxInputTokens }: EmbeddingModel): string {
  let cut = text;
  for (let tokens = estimateTokens(cut); tokens > maxInputTokens; tokens = estimateTokens(cut))
    cut = cut.slice(0, Math.floor((cut.length * maxInputTokens) / tokens) - 1).toWellFormed();
  return cut;
}

/** Vectors by hash. A text that the model refuses is left out, with a word in the log.
 * @throws Problem when it refuses everything */
async function embedAll(
  model: EmbeddingModel,
  texts: ReadonlyMap<string, string>,
  signal: AbortSignal,
  log: Log,
): Promise<Map<string, Float32Array>> {
  if (texts.size === 0) return new Map();
  const embed = async (some: readonly (readonly [string, string])[]) => {
    const { vectors } = await model.embed(
      some.map(([, text]) => text),
      'document',
      signal,
    );
    return some.flatMap(([hash], place): [string, Float32Array][] => {
      const vector = vectors[place];
      return vector === undefined ? [] : [[hash, vector]];
    });
  };
  try {
    return new Map(await embed([...texts]));
  } catch (error) {
    if (!(error instanceof Problem) || error.retryable || texts.size === 1) throw error;
    const made = new Map<string, Float32Array>();
    for (const entry of texts) for (const [hash, vector] of await embed([entry]).catch(() => [])) made.set(hash, vector);
    if (made.size === 0) throw error;
    log.warn({ model: model.name, refused: texts.size - made.size, reason: error.message }, 'texts have no vector: the model refuses them');
    return made;
  }
}

async function remember(
  scope: TransactionScope,
  model: EmbeddingModel,
  project: Pending,
  made: ReadonlyMap<string, Float32Array>,
): Promise<void> {
  if (made.size === 0) return;
  const vectors = [...made.values()].map((vector) => toBytes(vector).toString('hex'));
  await sql`
    insert into embeddings (workspace_id, project_id, owner_id, model, hash, vector, created_at)
    select ${project.workspace_id}, ${project.project_id}, ${project.owner_id}, ${model.name}, hash, decode(vector, 'hex'), ${scope.now}
    from unnest(${[...made.keys()]}::text[], ${vectors}::text[]) as row (hash, vector)
    on conflict (project_id, model, hash) do nothing`.execute(scope.db);
}

/** Deletes what models made, a week ago or earlier, of texts that no chunk has now. Returns how many. */
export async function deleteOldEmbeddings({ db }: TransactionScope): Promise<number> {
  const { numAffectedRows } = await sql`
    delete from embeddings where created_at < now() - interval '7 days' and not exists (
      select from chunks where chunks.project_id = embeddings.project_id and chunks.hash = embeddings.hash)`.execute(db);
  return Number(numAffectedRows ?? 0);
}

async function forgetOtherModels(database: EmbedParts['database'], { name }: EmbeddingModel): Promise<void> {
  await asSystem(database, 'write', ({ db }) => sql`delete from embeddings where model <> ${name}`.execute(db));
}

function toBytes(vector: Float32Array): Buffer {
  const bytes = Buffer.allocUnsafe(vector.length * 4);
  for (const [place, value] of vector.entries()) bytes.writeFloatLE(value, place * 4);
  return bytes;
}

function toVector(bytes: Buffer): Float32Array {
  return Float32Array.from({ length: bytes.length / 4 }, (_, place) => bytes.readFloatLE(place * 4));
}
