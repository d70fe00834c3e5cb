/** What an API key looks like, and the only form in which it is kept. */

import { hash, randomBytes } from 'node:crypto';

/** Tells a key from a token, and lets secret scanners find one that leaked. */
export const keyPrefix = 'qd_';

export interface NewSecret {
  /** Shown once, never kept. */
  secret: string;
  hash: Buffer;
}

/** 32 random bytes as 43 characters of base64url: nothing to guess, so a plain SHA-256 is a safe way to keep it. */
export function newSecret(prefix = ''): NewSecret {
  const secret = `${prefix}${randomBytes(32).toString('base64url')}`;
  return { secret, hash: hashSecret(secret) };
}

/** Looking a secret up by its hash compares no secret bytes, so the time of the look-up tells nothing about it. */
export function hashSecret(secret: string): Buffer {
  return hash('sha256', secret, 'buffer');
}

/** The start of a key by which its owner recognises it: 36 of its 256 random bits. */
export function visiblePart(key: string): string {
  return key.slice(0, keyPrefix.length + 6);
}
