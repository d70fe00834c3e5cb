/** Notices that a secret is another one than before, without keeping anything from which it could be found. */

import { createHmac, randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { writeDurably } from '../../system/durable.ts';
import type { ResolvedInput } from '../plan/inputs.ts';

/** By name. The key stays with the user: whoever gets the folder of a run cannot try out secrets with what is in it. */
export function fingerprintsOf(state: string, inputs: readonly ResolvedInput[]): Record<string, string> {
  const secrets = inputs.filter(({ secret }) => secret);
  if (secrets.length === 0) return {};
  const key = keyIn(state);
  return Object.fromEntries(secrets.map(({ name, value }) => [name, createHmac('sha256', key).update(value).digest('hex')]));
}

function keyIn(state: string): string {
  const path = join(state, 'fingerprint.key');
  if (!existsSync(path)) {
    mkdirSync(state, { recursive: true, mode: 0o700 });
    writeDurably(path, randomBytes(32).toString('hex'));
  }
  return readFileSync(path, 'utf8');
}
