/** The secrets of the installation: given as settings, or made once into the data folder. */

import { hkdfSync, randomBytes } from 'node:crypto';
import { closeSync, fsyncSync, linkSync, mkdirSync, openSync, readFileSync, rmSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { SettingsError } from './read.ts';
import type { Settings } from './settings.ts';

export interface Secrets {
  /** Encrypts the private signing keys at rest, and is what other keys are derived from. */
  authSecret: string;
}

/**
 * A key for one purpose, made from the secret that all replicas share anyway: one secret less to hand out, to rotate and to lose.
 * Keys of two purposes say nothing about each other (RFC 5869).
 */
export function deriveKey({ authSecret }: Secrets, purpose: string): Uint8Array {
  return new Uint8Array(hkdfSync('sha256', authSecret, '', `quarterdeck ${purpose}`, 32));
}

const fileSchema = z.object({ auth_secret: z.string().min(32) });

/**
 * `BETTER_AUTH_SECRET`, else the one in DATA/secrets.json, which the first start makes and only its user may read.
 * Processes that start at once agree on one: the file appears whole under its name, or not at all.
 * @throws SettingsError when the file is there and cannot be used
 */
export function loadSecrets({ authSecret, data }: Pick<Settings, 'authSecret' | 'data'>): Secrets {
  if (authSecret !== undefined) return { authSecret };
  const path = join(data, 'secrets.json');
  return readSecrets(path) ?? makeSecrets(data, path);
}

function readSecrets(path: string): Secrets | undefined {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return undefined;
    throw unusable(path, error instanceof Error ? error.message : 'it cannot be read');
  }
  const file = fileSchema.safeParse(parseJson(text));
  if (!file.success) throw unusable(path, 'it is not the JSON object that was written there');
  return { authSecret: file.data.auth_secret };
}

function makeSecrets(data: string, path: string): Secrets {
  mkdirSync(data, { recursive: true, mode: 0o700 });
  const draft = `${path}.${process.pid}.${randomBytes(4).toString('hex')}`;
  try {
    writeDraft(draft, `${JSON.stringify({ auth_secret: randomBytes(32).toString('base64') }, null, 2)}\n`);
    // A link fails where a rename would replace the secret that another process has made meanwhile.
    linkSync(draft, path);
  } catch (error) {
    if (!hasCode(error, 'EEXIST')) throw unusable(path, error instanceof Error ? error.message : 'it cannot be written');
  } finally {
    rmSync(draft, { force: true });
  }
  const secrets = readSecrets(path);
  if (secrets === undefined) throw unusable(path, 'it was removed while the server started');
  return secrets;
}

/** On the disk before it has its name: a signing key that was encrypted with a lost secret is lost as well. */
function writeDraft(path: string, text: string): void {
  const file = openSync(path, 'wx', 0o600);
  try {
    writeSync(file, text);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function unusable(path: string, why: string): SettingsError {
  return new SettingsError([
    `${path}: ${why}. Restore it from a backup or set BETTER_AUTH_SECRET; without either, remove it and sign in again.`,
  ]);
}

function hasCode(error: unknown, code: string): boolean {
  return (error as NodeJS.ErrnoException).code === code;
}
