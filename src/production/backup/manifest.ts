/** What stands beside each backup: what it holds, and how to tell that it is whole. */

import { z } from 'zod';

/** Raised when a reader of the old form would misunderstand the new one. */
export const manifestFormat = 1;

const sha256 = z.string().regex(/^sha256:[0-9a-f]{64}$/);

export const manifestSchema = z.object({
  format: z.literal(manifestFormat),
  backup: z.string(),
  engine: z.enum(['postgres', 'embedded']),
  /** The file beside this one. */
  file: z.string(),
  /** Of the file as it is stored: encrypted, if it is. */
  bytes: z.int().min(1),
  sha256,
  /** The age recipient whose identity opens it; null: anybody can. */
  recipient: z.string().nullable(),
  /** The database's name; for the embedded one, `embedded`. */
  database: z.string(),
  server_version: z.string(),
  tool_version: z.string(),
  /** The moment that it holds, by the clock of the database. */
  created_at: z.iso.datetime(),
  lsn: z.string(),
  migration: z.string().nullable(),
  schema_hash: sha256,
  app_role: z.boolean(),
  rows: z.record(z.string(), z.int().min(0)),
});

export type Manifest = z.output<typeof manifestSchema>;

/** Written by `backup verify` and by nothing else: what came of restoring it. */
export const verificationSchema = z.object({
  backup: z.string(),
  /** Of the file that was restored: another file under the same name was not verified. */
  sha256,
  verified: z.boolean(),
  at: z.iso.datetime(),
  seconds: z.number(),
  tool_version: z.string(),
  /** What was wrong; null when nothing was. */
  reason: z.string().nullable(),
});

export type Verification = z.output<typeof verificationSchema>;

/** `20261122T020000Z-3f9c`: sorts by time, and two in one second are still two. */
const idForm = /^\d{8}T\d{6}Z-[0-9a-f]{4}$/;

export function backupId(at: Date, random: Uint8Array): string {
  const time = at.toISOString().replaceAll(/[-:]|\.\d+/g, '');
  return `${time}-${Buffer.from(random.subarray(0, 2)).toString('hex')}`;
}

/** undefined: no name of a backup. */
export function timeOfId(id: string): Date | undefined {
  if (!idForm.test(id)) return undefined;
  const at = new Date(id.slice(0, 16).replace(/^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/, '$1-$2-$3T$4:$5:$6Z'));
  return Number.isNaN(at.getTime()) ? undefined : at;
}

export const manifestName = (id: string): string => `${id}.manifest.json`;
export const verificationName = (id: string): string => `${id}.verified.json`;

/** The id of the backup that a file belongs to; undefined: none of ours. */
export function idOfFile(name: string): string | undefined {
  const id = name.slice(0, name.indexOf('.'));
  return idForm.test(id) ? id : undefined;
}

/**
 * Something is wrong with the backup itself: it is cut, changed, half written, of a newer version, or does not hold what its manifest
 * says. Nothing was touched because of it.
 */
export class FaultyBackup extends Error {
  constructor(id: string, reason: string) {
    super(`The backup ${id} is not good: ${reason} Nothing was changed. Choose another with \`quarterdeck backup list\`.`);
    this.name = 'FaultyBackup';
    this.reason = reason;
  }
  readonly reason: string;
}

/** @throws FaultyBackup when it is of a newer program, or damaged */
export function parseManifest(id: string, text: string): Manifest {
  const content = parseJson(text);
  const format = z.object({ format: z.number() }).safeParse(content);
  if (format.success && format.data.format > manifestFormat)
    throw new FaultyBackup(id, `its manifest has format ${format.data.format}, and this version reads ${manifestFormat}. Use a newer one.`);
  const parsed = manifestSchema.safeParse(content);
  if (!parsed.success) throw new FaultyBackup(id, 'its manifest is damaged.');
  if (parsed.data.backup !== id || idOfFile(parsed.data.file) !== id) throw new FaultyBackup(id, 'its manifest is of another backup.');
  return parsed.data;
}

/** undefined: damaged, so nothing was verified. */
export function parseVerification(text: string): Verification | undefined {
  return verificationSchema.safeParse(parseJson(text)).data;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
