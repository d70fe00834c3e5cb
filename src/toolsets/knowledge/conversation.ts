/** How a conversation grows: which messages are new, and how it goes on in its last chunk. */

import type { TransactionScope } from '../../platform/database/types.ts';
import { hashText } from './citations.ts';
import type { Block, ReadText } from './read/document.ts';
import { type Message, readMessages } from './read/messages.ts';
import { toUtf16 } from './read/offsets.ts';
import type { ChunkMessage } from './rows.ts';
import { lastChunk } from './passages.ts';
import { readMessageHashes } from './store.ts';

/** Between what was there and what is appended. */
export const partSeparator = '\n\n';

export function hashMessage({ author_name, content, timestamp }: Message): string {
  return hashText(JSON.stringify([author_name ?? '', content, timestamp ?? ''])).slice('sha256:'.length, 'sha256:'.length + 22);
}

/**
 * Those of the messages that the conversation does not hold. One that stands twice in the call is there twice only if it is there twice in
 * the conversation, so that the whole conversation can be sent again, and so can only its end.
 */
export function unseenMessages<Given extends Message>(messages: readonly Given[], known: readonly string[]): Given[] {
  const left = new Map<string, number>();
  for (const hash of known) left.set(hash, (left.get(hash) ?? 0) + 1);
  return messages.filter((message) => {
    const hash = hashMessage(message);
    const count = left.get(hash) ?? 0;
    left.set(hash, count - 1);
    return count <= 0 && message.content.trim() !== '';
  });
}

/** The last chunk, with its place in the stored text. */
export interface Tail {
  starts: number;
  text: string;
  blocks: readonly Block[];
}

/** Undefined where the text does not end with a message. */
export async function openTail(scope: TransactionScope, source_id: string): Promise<Tail | undefined> {
  const chunk = await lastChunk(scope, source_id);
  if (chunk?.messages === null || chunk?.messages === undefined || chunk.messages.length === 0) return undefined;
  const { starts, text } = chunk;
  return { starts, text, blocks: chunk.messages.map((message) => toBlock(text, starts, message)) };
}

function toBlock(text: string, base: number, { starts, ends, author_name, author_type, at }: ChunkMessage): Block {
  const [start = 0, end = 0] = toUtf16(text, [starts - base, ends - base]);
  return { kind: 'message', start, end, author: { name: author_name, type: author_type }, at };
}

/** The tail with what comes after it, as one text to be cut anew. */
export function goOn(tail: Tail | undefined, fresh: ReadText): ReadText {
  if (tail === undefined) return fresh;
  const offset = tail.text.length + partSeparator.length;
  const later = fresh.blocks.map((block) => ({ ...block, start: block.start + offset, end: block.end + offset }));
  return { ...fresh, text: `${tail.text}${partSeparator}${fresh.text}`, blocks: [...tail.blocks, ...later] };
}

/** What a conversation does not hold yet, as text; undefined: nothing. */
export async function readUnseen(
  scope: TransactionScope,
  { id, version }: { id: string; version: number },
  messages: readonly Message[],
): Promise<{ read: ReadText; hashes: string[] } | undefined> {
  const fresh = unseenMessages(messages, await readMessageHashes(scope, id, version));
  return fresh.length === 0 ? undefined : { read: readMessages(fresh), hashes: fresh.map(hashMessage) };
}
