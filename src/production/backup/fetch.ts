/** Brings a backup here and looks at every byte of it before anybody uses one. */

import { createReadStream } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { decrypt, measured, parseIdentities } from './content.ts';
import { FaultyBackup, type Manifest } from './manifest.ts';
import type { Store } from './store/store.ts';

export interface FetchOptions {
  store: Store;
  manifest: Manifest;
  /** An empty folder. */
  folder: string;
  identityFile: string | undefined;
  signal: AbortSignal | undefined;
}

/**
 * The path of the content: of the right length and hash, and decrypted.
 * @throws FaultyBackup when it is not what the manifest says; Error when there is no key that opens it
 */
export async function fetchBackup({ store, manifest, folder, identityFile, signal }: FetchOptions): Promise<string> {
  // First, because it needs no download to say so.
  const identities = manifest.recipient === null ? [] : await readIdentities(manifest, identityFile);
  const stored = join(folder, 'stored');
  const { content, measure } = measured(await store.read(manifest.file));
  await writeFile(stored, content, { mode: 0o600, signal });
  if (measure.bytes !== manifest.bytes)
    throw new FaultyBackup(manifest.backup, `${manifest.file} has ${measure.bytes} bytes, and should have ${manifest.bytes}.`);
  if (measure.sha256() !== manifest.sha256)
    throw new FaultyBackup(manifest.backup, `the bytes of ${manifest.file} are not those that were written.`);
  if (manifest.recipient === null) return stored;
  const opened = join(folder, 'opened');
  const plain = await decrypt(createReadStream(stored), identities).catch((error: unknown) => {
    throw new Error(
      `The backup ${manifest.backup} is encrypted for ${manifest.recipient}, and the identity in ${identityFile} does not open it: ${error instanceof Error ? error.message : String(error)}. Set QUARTERDECK_BACKUP_IDENTITY to the file with the right one.`,
      { cause: error },
    );
  });
  await writeFile(opened, plain, { mode: 0o600, signal });
  return opened;
}

async function readIdentities({ backup, recipient }: Manifest, identityFile: string | undefined): Promise<string[]> {
  const why = `The backup ${backup} is encrypted for ${recipient}`;
  if (identityFile === undefined)
    throw new Error(`${why}, and no identity is set. Set QUARTERDECK_BACKUP_IDENTITY to the file that age-keygen wrote.`);
  const identities = parseIdentities(await readFile(identityFile, 'utf8'));
  if (identities.length === 0) throw new Error(`${why}, and there is no identity in ${identityFile}.`);
  return identities;
}
