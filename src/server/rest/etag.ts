/** Entity tags: a client that has the newest version gets 304 and no body. */

import { createHash } from 'node:crypto';

/** 128 bits of the hash: no two bodies of one address will meet, and the header stays short. */
const tagBytes = 16;

/** A strong tag: the same tag means the same bytes. */
export function etagOf(body: string | Uint8Array): string {
  return `"${createHash('sha256').update(body).digest().subarray(0, tagBytes).toString('base64url')}"`;
}

/** True when `If-None-Match` names the tag; weak marks do not matter for it (RFC 9110, 13.1.2). */
export function matches(ifNoneMatch: string | undefined, etag: string): boolean {
  if (ifNoneMatch === undefined) return false;
  return ifNoneMatch.split(',').some((item) => {
    const tag = item.trim();
    return tag === '*' || tag.replace(/^W\//, '') === etag;
  });
}

/** The body with its tag, or 304 when the client has it. `Cache-Control` makes caches ask each time. */
export function taggedResponse(
  body: string | Uint8Array<ArrayBuffer>,
  ifNoneMatch: string | undefined,
  headers: Record<string, string>,
): Response {
  const etag = etagOf(body);
  const common = { ...headers, ETag: etag };
  if (!matches(ifNoneMatch, etag)) return new Response(body, { headers: common });
  const { 'Content-Type': _, ...without } = common as Record<string, string>;
  return new Response(null, { status: 304, headers: without });
}
