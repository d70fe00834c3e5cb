/** Conversations, stored as a text that people read: each message under a line that says who wrote it, and when. */

import { z } from 'zod';
import { normalise } from './decode.ts';
import type { Author, Block, ReadText } from './document.ts';
import { refuse } from './refusal.ts';

export interface Message {
  author_name?: string | null | undefined;
  author_type?: string | null | undefined;
  content: string;
  /** RFC 3339. */
  timestamp?: string | null | undefined;
}

const separator = '\n\n';

/**
 * Nothing but the message itself decides how it is written, so messages that are appended append text, and the places of all before stay.
 * Messages without text are left out.
 * @throws Problem `empty`, `nul`, and `malformed` for a time that is none
 */
export function readMessages(messages: readonly Message[], title: string | null = null): ReadText {
  const parts: string[] = [];
  const blocks: Block[] = [];
  let start = 0;
  for (const [index, message] of messages.entries()) {
    const content = normalise(message.content)
      .replace(/^(?:[^\S\n]*\n)+/, '')
      .trimEnd();
    if (content === '') continue;
    const author = authorOf(message);
    const at = timeOf(message.timestamp, index);
    const head = headOf(author, at);
    const part = head === '' ? content : `${head}\n${guard(content)}`;
    blocks.push({ kind: 'message', start, end: start + part.length, author, at });
    parts.push(part);
    start += part.length + separator.length;
  }
  if (parts.length === 0) throw refuse('empty', 'No message has text.', 'Send at least one with content.');
  return { format: 'messages', title, text: parts.join(separator), blocks };
}

const savedMessages = z.looseObject({
  messages: z.array(
    z.looseObject({
      author_name: z.string().nullish(),
      author_type: z.string().nullish(),
      content: z.string(),
      timestamp: z.string().nullish(),
    }),
  ),
  scenario_title: z.string().nullish(),
  title: z.string().nullish(),
});

/** The JSON that the ingest operation takes, from a file. @throws Problem `malformed` with the path of the first thing that is wrong */
export function readSavedMessages(text: string): ReadText {
  const { messages, title, scenario_title } = parseShape(text, savedMessages, 'a conversation with messages');
  return readMessages(messages, title ?? scenario_title ?? null);
}

/** @throws Problem `malformed` with the path of the first thing that is wrong */
export function parseShape<Shape extends z.ZodType>(text: string, shape: Shape, what: string): z.output<Shape> {
  const parsed = shape.safeParse(parseJson(text, what));
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  const path = (issue?.path ?? []).map((key) => (typeof key === 'number' ? `[${key}]` : `.${String(key)}`)).join('') || 'the whole';
  throw refuse('malformed', `The source is not ${what}: ${path}: ${issue?.message ?? 'wrong'}.`, 'Correct it, or send it as text.', {
    path,
  });
}

function parseJson(text: string, what: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    throw refuse('malformed', `The source is not ${what}: it is not JSON: ${error.message}.`, 'Correct it, or send it as text.', {
      path: 'the whole',
    });
  }
}

function authorOf({ author_name, author_type }: Message): Author {
  return { name: cleanName(author_name), type: cleanName(author_type) };
}

/** On one line, so that a name cannot look like a message. */
function cleanName(name: string | null | undefined): string | null {
  const clean = normalise(name ?? '')
    .replaceAll(/[\s[\]]+/g, ' ')
    .trim();
  return clean === '' ? null : clean;
}

function timeOf(timestamp: string | null | undefined, index: number): string | null {
  if (timestamp === null || timestamp === undefined || timestamp === '') return null;
  // A time without a zone would be read as that of the server, and differ from replica to replica.
  const time = new Date(/T[\d:.]+$/.test(timestamp) ? `${timestamp}Z` : timestamp);
  if (Number.isNaN(time.getTime())) {
    const path = `messages[${index}].timestamp`;
    throw refuse(
      'malformed',
      `${path} is not a time: ${JSON.stringify(timestamp)}.`,
      'Write it as 2026-01-31T09:00:00Z, or leave it out.',
      { path },
    );
  }
  return time.toISOString();
}

/** `[Ann, 2026-01-31 09:00 UTC]`, of which either may be missing. */
function headOf({ name }: Author, at: string | null): string {
  const time = at === null ? [] : [`${at.slice(0, 16).replace('T', ' ')} UTC`];
  const parts = [...(name === null ? [] : [name]), ...time];
  return parts.length === 0 ? '' : `[${parts.join(', ')}]`;
}

/** A line of a message that looks like the head of one is moved in by a space, so that nobody can put words into another's mouth. */
function guard(content: string): string {
  return content.replaceAll(/^(?=\[.*\][^\S\n]*$)/gm, ' ');
}
