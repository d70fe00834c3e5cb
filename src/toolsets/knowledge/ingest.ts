/** Takes in a source: reads it, cuts it into chunks, and stores what is new, all or nothing. */

import type { Context } from '../../operations/context.ts';
import { actorOf } from '../../platform/identity/principal.ts';
import { tooLarge } from '../../platform/problem.ts';
import { findProject, openProject } from '../workspace/index.ts';
import { type Language, detectLanguage } from './analysis/languages.ts';
import { countPoints, hashText } from './citations.ts';
import { goOn, hashMessage, openTail, partSeparator, readUnseen } from './conversation.ts';
import { cut } from './cut.ts';
import { type NewChunk, insertChunks } from './passages.ts';
import type { ReadLimits, ReadText } from './read/document.ts';
import { formatOfAddress } from './read/formats.ts';
import { readMessages } from './read/messages.ts';
import { readSource } from './read/read.ts';
import { type Change, identityOf, resourceOf, toLanguage } from './rules.ts';
import type { IngestInput } from './schema.ts';
import {
  type SourceFacts,
  claimSource,
  findIdentity,
  findSource,
  forgetVersions,
  growVersion,
  insertPart,
  insertVersion,
  updateSource,
} from './store.ts';
import { type IndexPlace, addPiece, addToIndex, chunksOfPiece, removeChunks } from './word-index.ts';

export interface Ingested {
  change: Change;
  row: SourceFacts;
}

/** `onStored` is the last of its transaction. @throws Problem `not_found` for the project, `too_large`; then nothing is stored */
export async function ingest(
  context: Context,
  input: IngestInput,
  whole: ReadText,
  onStored: (scope: Context, ingested: Ingested) => Promise<void>,
): Promise<Ingested> {
  const taken = take(context, input, whole);
  const known = await context.transaction('read', (scope) => findUnchanged(scope, input, taken));
  if (known !== undefined) return { change: 'unchanged', row: known };
  const { read, title, language } = taken;
  checkLength(context, taken.characters);
  const chunks = await cut(context, read, { title, language, base: 0, at: new Date() }, tell(context, 'cutting'));
  tell(context, 'storing')(0, 1);
  return context.transaction('write', async (scope) => {
    const ingested = await store(scope, input, { ...taken, chunks });
    await onStored(scope, ingested);
    return ingested;
  });
}

/** The parts of the work, each with its share in percent, about, of the time that it takes for a long text. */
const parts = { reading: [0, 30], cutting: [30, 50], storing: [50, 100] } as const;

function tell(context: Context, part: keyof typeof parts): (done: number, total: number) => void {
  const [from, to] = parts[part];
  return (done, total) => context.progress(Math.floor(from + ((to - from) * done) / total), 100, part);
}

/** What a source says, and which one it is. */
interface Taken {
  read: ReadText;
  characters: number;
  hash: string;
  message_hashes: string[];
  title: string;
  conversation_id: string | undefined;
  identity: string;
  language: Language;
}

/** And what is made of it before anybody else has to wait: its chunks and their terms. */
interface Prepared extends Taken {
  chunks: readonly NewChunk[];
}

function take(context: Context, input: IngestInput, read: ReadText): Taken {
  const { messages, url } = input;
  const hash = hashText(read.text);
  const title = input.title ?? input.scenario_title ?? read.title ?? url ?? firstWords(read.text);
  const conversation_id = input.conversation_id ?? (messages === undefined || url !== undefined ? undefined : shortOf(hash));
  const identity = identityOf({ conversation_id, url, hash });
  const language = input.language ?? detectLanguage(read.text, toLanguage(context.settings.knowledgeLanguage));
  return {
    read,
    characters: countPoints(read.text),
    hash,
    message_hashes: (messages ?? []).map(hashMessage),
    title,
    conversation_id,
    identity,
    language,
  };
}

/** What a source says. @throws Problem `invalid_input` for what cannot be read; `overloaded`; the reason of the signal */
export async function readInput(context: Context, input: IngestInput, signal = context.signal): Promise<ReadText> {
  const { messages, content = '', format, url } = input;
  if (messages !== undefined) return readMessages(messages);
  const tellReading = tell(context, 'reading');
  return readSource(
    { content, format: format ?? (url === undefined ? undefined : formatOfAddress(url)) },
    { signal, limits: readLimitsOf(context.settings), onProgress: ({ done, total }) => tellReading(done, total) },
  );
}

function readLimitsOf(settings: Context['settings']): ReadLimits {
  return {
    bytes: settings.maxSourceBytes,
    pages: settings.maxSourcePages,
    seconds: settings.readSeconds,
    memory: settings.readMemoryMb,
  };
}

/** The source that says the same already, found before the text is cut. */
async function findUnchanged(context: Context, input: IngestInput, { identity, hash }: Taken): Promise<SourceFacts | undefined> {
  if (modeOf(input) !== 'replace') return undefined;
  const project = await findProject(context, input.project);
  const row = project === undefined ? undefined : await findIdentity(context, project.id, identity);
  return row?.hash === hash ? row : undefined;
}

const modeOf = ({ mode, messages }: IngestInput) => mode ?? (messages === undefined ? 'replace' : 'append');

/** Enough of a hash to tell conversations apart, short enough to be typed. */
const shortOf = (hash: string) => hash.slice('sha256:'.length, 'sha256:'.length + 16);

const titleLength = 80;

/** A title for a text that has none. */
function firstWords(text: string): string {
  const [first = ''] = text.trim().split('\n');
  return first.length <= titleLength ? first : `${first.slice(0, titleLength).replace(/\s+\S*$/, '')} …`;
}

/** Everything in one transaction: whoever brings the same at the same time waits at `claimSource`, and then finds it done. */
async function store(context: Context, input: IngestInput, prepared: Prepared): Promise<Ingested> {
  const project = await openProject(context, input.project);
  const { id, made } = await claimSource(context, {
    id: context.newId(),
    project_id: project.id,
    owner_id: project.owner_id,
    kind: prepared.conversation_id === undefined ? 'document' : 'conversation',
    identity: prepared.identity,
    title: prepared.title,
    format: prepared.read.format,
    url: input.url ?? null,
    language: prepared.language,
    created_by: actorOf(context.principal),
  });
  const change = made
    ? await create(context, { id, project_id: project.id, owner_id: project.owner_id }, prepared)
    : await update(context, id, input, prepared);
  const row = await findSource(context, id);
  if (row === undefined) throw new Error('a source was stored and is not there');
  if (change !== 'unchanged')
    context.emit({
      type: change === 'created' ? 'source.created' : 'source.changed',
      subject: id,
      resource: resourceOf(id),
      owner_id: row.owner_id,
      data: { title: row.title, change, version: row.version },
    });
  return { change, row };
}

/** What rows of a source carry. */
type Place = Pick<SourceFacts, 'id' | 'project_id' | 'owner_id'>;

async function create(context: Context, place: Place, prepared: Prepared): Promise<Change> {
  await writeVersion(context, place, 1, prepared);
  return 'created';
}

async function update(context: Context, id: string, input: IngestInput, prepared: Prepared): Promise<Change> {
  const row = await findSource(context, id);
  if (row === undefined) throw new Error('a source was locked and is not there');
  return modeOf(input) === 'append' ? append(context, row, input, prepared) : replace(context, row, input, prepared);
}

async function replace(context: Context, row: SourceFacts, input: IngestInput, prepared: Prepared): Promise<Change> {
  if (row.hash === prepared.hash) return 'unchanged';
  const version = row.version + 1;
  await removeChunks(context, row);
  await writeVersion(context, row, version, prepared);
  const { read, title, language } = prepared;
  const changes = { title, format: read.format, language, version };
  await updateSource(context, row.id, input.url === undefined ? changes : { ...changes, url: input.url });
  await forgetVersions(context, row.id, version, context.settings.sourceVersions);
  return 'replaced';
}

async function writeVersion(context: Context, place: Place, version: number, prepared: Prepared): Promise<void> {
  const { id: source_id, owner_id } = place;
  const { read, characters, hash, message_hashes, chunks, language } = prepared;
  await insertVersion(context, { source_id, version, owner_id, hash, characters, created_by: actorOf(context.principal) });
  await insertPart(context, { source_id, version, owner_id, starts: 0, text: read.text, message_hashes });
  await addChunks(context, { ...place, begins: true }, chunks, language);
}

/** Puts what is not there yet behind what is. The last chunk is cut anew together with it, so that an answer stays with its question. */
async function append(context: Context, row: SourceFacts, input: IngestInput, prepared: Prepared): Promise<Change> {
  const fresh = input.messages === undefined ? { read: prepared.read, hashes: [] } : await readUnseen(context, row, input.messages);
  if (fresh === undefined) return 'unchanged';
  const { id: source_id, version, owner_id, title } = row;
  const text = partSeparator + fresh.read.text;
  const characters = row.characters + countPoints(text);
  checkLength(context, characters);
  await growVersion(context, source_id, version, characters);
  await insertPart(context, { source_id, version, owner_id, starts: row.characters, text, message_hashes: fresh.hashes });
  const tail = await openTail(context, source_id);
  const language = toLanguage(row.language);
  const base = tail?.starts ?? row.characters + countPoints(partSeparator);
  const chunks = await cut(context, goOn(tail, fresh.read), { title, language, base, at: context.now });
  if (tail !== undefined) await removeChunks(context, row, tail.starts);
  await addChunks(context, { ...row, begins: false }, chunks, language);
  await updateSource(context, source_id, {});
  return 'appended';
}

/** Piece by piece: while one is sent, others have their turn, and no statement is so large that it meets a limit of time. */
async function addChunks(context: Context, place: Place & IndexPlace, all: readonly NewChunk[], language: Language): Promise<void> {
  const sourceLength = all.reduce((sum, { length }) => sum + length, 0);
  const first = await addToIndex(context, place, language, { chunks: all.length, length: sourceLength });
  for (let from = 0; from < all.length; from += chunksOfPiece) {
    const chunks = all.slice(from, from + chunksOfPiece);
    await addPiece(context, place, { first, from, sourceLength, chunks });
    await insertChunks(context, place, first + from, chunks);
    tell(context, 'storing')(from, all.length);
  }
}

/** @throws Problem `too_large` */
function checkLength(context: Context, characters: number): void {
  const most = context.settings.maxSourceCharacters;
  if (characters <= most) return;
  throw tooLarge({
    message: `The text of the source would have ${characters} characters; at most ${most} are taken.`,
    next: 'Take it in by its parts, each with a title of its own, or raise QUARTERDECK_MAX_SOURCE_CHARACTERS.',
    details: { characters, limit: most },
  });
}
