/** The bytes of a backup on their way: counted, hashed, encrypted for a recipient. */

import { createHash } from 'node:crypto';
import { Decrypter, Encrypter } from 'age-encryption';

export type Bytes = AsyncIterable<Uint8Array>;

export interface Measure {
  bytes: number;
  sha256(): string;
}

/** Passes everything on, and knows afterwards how much it was and what its hash is. */
export function measured(source: Bytes): { content: Bytes; measure: Measure } {
  const hash = createHash('sha256');
  const measure = { bytes: 0, sha256: () => `sha256:${hash.copy().digest('hex')}` };
  async function* pass(): AsyncGenerator<Uint8Array> {
    for await (const chunk of source) {
      measure.bytes += chunk.length;
      hash.update(chunk);
      yield chunk;
    }
  }
  return { content: pass(), measure };
}

/** Only the holder of the identity that belongs to `recipient` can read it: the machine that makes backups need not be able to. */
export async function encrypt(source: Bytes, recipient: string): Promise<Bytes> {
  const encrypter = new Encrypter();
  encrypter.addRecipient(recipient);
  return encrypter.encrypt(ReadableStream.from(source));
}

/** @throws Error when none of the identities opens it, or the content was changed */
export async function decrypt(source: Bytes, identities: readonly string[]): Promise<Bytes> {
  const decrypter = new Decrypter();
  for (const identity of identities) decrypter.addIdentity(identity);
  return decrypter.decrypt(ReadableStream.from(source));
}

/** The identities in a file as `age-keygen` writes it: one a line, and comments. */
export function parseIdentities(text: string): string[] {
  return text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '' && !line.startsWith('#'));
}
