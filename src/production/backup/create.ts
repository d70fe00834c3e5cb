/** Makes a backup: the content first, and when all of it is stored, the manifest that makes it one. */

import { randomBytes } from 'node:crypto';
import type { Inventory } from '../../platform/database/inventory.ts';
import { type Bytes, encrypt, measured } from './content.ts';
import { type Manifest, backupId, manifestFormat, manifestName } from './manifest.ts';
import { type Store, bytesOf } from './store/store.ts';

export interface StoreBackupOptions {
  store: Store;
  engine: Manifest['engine'];
  database: string;
  toolVersion: string;
  recipient: string | undefined;
  signal: AbortSignal | undefined;
  /** Told of the bytes that were stored so far. */
  progress?: ((bytes: number) => void) | undefined;
}

const endings: Readonly<Record<Manifest['engine'], string>> = { postgres: 'dump', embedded: 'tar.gz' };

/** @throws Error when the source or the store fails; there is then no backup, at most a file without a manifest */
export async function storeBackup(options: StoreBackupOptions, inventory: Inventory, content: Bytes): Promise<Manifest> {
  const { store, engine, recipient } = options;
  if (inventory.migration === null)
    throw new Error(
      `There is nothing of Quarterdeck in the database ${options.database}. Check DATABASE_URL, or run \`quarterdeck migrate up\`.`,
    );
  const id = backupId(inventory.at, randomBytes(2));
  const file = `${id}.${endings[engine]}${recipient === undefined ? '' : '.age'}`;
  const sealed = recipient === undefined ? content : await encrypt(content, recipient);
  const { content: counted, measure } = measured(sealed);
  await store.write(file, watched(counted, options));
  if (measure.bytes === 0) throw new Error(`The backup of ${options.database} came out empty, and was not kept.`);
  const { at, ...held } = inventory;
  const manifest: Manifest = {
    format: manifestFormat,
    backup: id,
    engine,
    file,
    bytes: measure.bytes,
    sha256: measure.sha256(),
    recipient: recipient ?? null,
    database: options.database,
    tool_version: options.toolVersion,
    created_at: at.toISOString(),
    ...held,
  };
  await store.write(manifestName(id), bytesOf(`${JSON.stringify(manifest, null, 2)}\n`));
  return manifest;
}

async function* watched(content: Bytes, { signal, progress }: StoreBackupOptions): AsyncGenerator<Uint8Array> {
  let bytes = 0;
  for await (const chunk of content) {
    signal?.throwIfAborted();
    bytes += chunk.length;
    progress?.(bytes);
    yield chunk;
  }
}
