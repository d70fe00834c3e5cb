/** The backups of a store, and how far each can be trusted. */

import {
  FaultyBackup,
  type Manifest,
  type Verification,
  idOfFile,
  manifestName,
  parseManifest,
  parseVerification,
  timeOfId,
  verificationName,
} from './manifest.ts';
import type { Store, StoredFile } from './store/store.ts';

export type BackupState =
  /** It was restored, and held what it should. */
  | 'verified'
  /** Whole, as far as its size tells. */
  | 'unverified'
  /** It was restored, or tried to be, and was not good. */
  | 'failed'
  /** Its manifest or its size is wrong. */
  | 'damaged'
  /** Without a manifest, which is written last: it is being made, or whoever made it was stopped. */
  | 'incomplete';

export interface Backup {
  id: string;
  /** The moment that it holds; of an incomplete one, when it was begun. */
  at: Date;
  bytes: number;
  state: BackupState;
  /** Null where it cannot be read. */
  manifest: Manifest | null;
  /** The newest; null when there is none of this very file. */
  verification: Verification | null;
  /** What is wrong with it. */
  reason: string | null;
  files: string[];
}

/** Newest first. */
export async function listBackups(store: Store): Promise<Backup[]> {
  const files = new Map<string, StoredFile[]>();
  for (const file of await store.list()) {
    const id = idOfFile(file.name);
    if (id !== undefined) files.set(id, [...(files.get(id) ?? []), file]);
  }
  const backups: Backup[] = [];
  for (const [id, own] of files) backups.push(await look(store, id, own));
  return backups.toSorted((a, b) => b.id.localeCompare(a.id));
}

async function look(store: Store, id: string, files: readonly StoredFile[]): Promise<Backup> {
  const has = (name: string) => files.some((file) => file.name === name);
  const manifest = has(manifestName(id)) ? await store.readText(manifestName(id)) : undefined;
  const verification = has(verificationName(id)) ? await store.readText(verificationName(id)) : undefined;
  return judge(id, files, { manifest, verification });
}

/** What its files and their names say of a backup. */
export function judge(
  id: string,
  files: readonly StoredFile[],
  texts: { manifest: string | undefined; verification: string | undefined },
): Backup {
  const base = {
    id,
    at: timeOfId(id) ?? new Date(0),
    bytes: files.reduce((sum, { bytes }) => sum + bytes, 0),
    files: files.map(({ name }) => name),
  };
  const nothing = { manifest: null, verification: null };
  if (texts.manifest === undefined) return { ...base, ...nothing, state: 'incomplete', reason: 'it has no manifest.' };
  let manifest: Manifest;
  try {
    manifest = parseManifest(id, texts.manifest);
  } catch (error) {
    if (!(error instanceof FaultyBackup)) throw error;
    return { ...base, ...nothing, state: 'damaged', reason: error.reason };
  }
  const whole = { ...base, at: new Date(manifest.created_at), bytes: manifest.bytes, manifest };
  const stored = files.find(({ name }) => name === manifest.file)?.bytes;
  if (stored !== manifest.bytes)
    return {
      ...whole,
      verification: null,
      state: 'damaged',
      reason: `${manifest.file} has ${stored ?? 0} bytes, and should have ${manifest.bytes}.`,
    };
  const told = texts.verification === undefined ? undefined : parseVerification(texts.verification);
  // Of the same name, but not of this file.
  const verification = told?.backup === id && told.sha256 === manifest.sha256 ? told : null;
  return { ...whole, verification, state: stateOf(verification), reason: verification?.reason ?? null };
}

function stateOf(verification: Verification | null): BackupState {
  if (verification === null) return 'unverified';
  return verification.verified ? 'verified' : 'failed';
}

/** The one that was asked for, by its name or as `latest`, which is the newest that is whole. @throws Error, FaultyBackup */
export async function findBackup(store: Store, which: string): Promise<Backup & { manifest: Manifest }> {
  const backups = await listBackups(store);
  const found =
    which === 'latest'
      ? backups.find(({ state }) => state !== 'incomplete' && state !== 'damaged')
      : backups.find(({ id }) => id === which);
  if (found === undefined)
    throw new Error(
      which === 'latest'
        ? `There is no whole backup in ${store.place}. Make one with \`quarterdeck backup create\`.`
        : `There is no backup ${which} in ${store.place}. \`quarterdeck backup list\` shows what there is.`,
    );
  const { manifest } = found;
  if (manifest === null || found.state === 'damaged' || found.state === 'incomplete')
    throw new FaultyBackup(found.id, found.reason ?? found.state);
  return { ...found, manifest };
}
