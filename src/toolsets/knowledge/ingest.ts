/** Takes in a source: reads it, cuts it into chunks, and stores what is new, all or nothing. */

import type { Context } from '../../operations/context.ts';
import { actorOf } from '../../platform/identity/principal.ts';
import { tooLarge } from '../../platform/problem.ts';
import { openProject } from '../workspace/index.ts';
import { type Language, detectLanguage } from './analysis/languages.ts';
import { countPoints, hashText } from './citations.ts';
import { goOn, hashMessage, openTail, partSeparator, readUnseen } from './conversation.ts';
import { cut } from './cut.ts';
import { type NewChunk, insertChunks } from './passages.ts';
import type { ReadText } from './read/document.ts';
import { readMessages } from './read/messages.ts';
import { readSource } from './read/read.ts';
import { type Change, identityOf, resourceOf, toLanguage } from './rules.ts';
import type { IngestInput } from './schema.ts';
import {
  type SourceFacts,
  claimSource,
  findSource,
  forgetVersions,
  growVersion,
  insertPart,
  insertVersion,
  updateSource,
} from './store.ts';
import { type IndexPlace, addToIndex, removeChunks } from './word-index.ts';

export interface Ingested {
  change: Change;
  row: SourceFacts;
}

/** @throws Problem `invalid_input` for what cannot be read, `not_found` for the project; then nothing is stored */
export async function ingest(context: Context, input: IngestInput): Promise<Ingested> {
  const prepared = await prepare(context, input);
  return context.transaction('write', (scope) => store(scope, input, prepared));
}

/** What can be done before anybody else has to wait: the text, its chunks, and its terms. */
interface Prepared {
  read: ReadText;
  hash: string;
  message_hashes: string[];
  title: string;
  conversation_id: string | undefined;
  language: Language;
  chunks: readonly NewChunk[];
}

async function prepare(context: Context, input: IngestInput): Promise<Prepared> {
  const { messages, content = '', format, url } = input;
  const read = messages === undefined ? await readSource({ content, format }, { signal: context.signal }) : readMessages(messages);
  const hash = hashText(read.text);
  const title = input.title ?? input.scenario_title ?? read.title ?? url ?? firstWords(read.text);
  const conversation_id = input.conversation_id ?? (messages === undefined || url !== undefined ? undefined : shortOf(hash));
  const language = input.language ?? detectLanguage(read.text, toLanguage(context.settings.knowledgeLanguage));
  const chunks = await cut(context, read, { title, language, base: 0, at: new Date() });
  return { read, hash, message_hashes: (messages ?? []).map(hashMessage), title, conversation_id, language, chunks };
}

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
    identity: identityOf({ conversation_id: prepared.conversation_id, url: input.url, hash: prepared.hash }),
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
  const mode = input.mode ?? (input.messages === undefined ? 'replace' : 'append');
  return mode === 'append' ? append(context, row, input, prepared) : replace(context, row, input, prepared);
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
  const { read, hash, message_hashes, chunks, language } = prepared;
  const characters = countPoints(read.text);
  checkLength(context, characters);
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

async function addChunks(context: Context, place: Place & IndexPlace, chunks: readonly NewChunk[], language: Language): Promise<void> {
  const first = await addToIndex(context, place, language, chunks);
  await insertChunks(context, place, first, chunks);
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
