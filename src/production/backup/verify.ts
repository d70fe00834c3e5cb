/** Verifies a backup by restoring it: nothing less says that it can be. */

import type { Backup } from './catalogue.ts';
import { FaultyBackup, type Manifest, type Verification, verificationName } from './manifest.ts';
import { type Restored, type RestoredOptions, withRestored } from './restored.ts';
import { type Store, bytesOf } from './store/store.ts';

export interface VerifyOptions extends Omit<RestoredOptions, 'manifest' | 'beside'> {
  backup: Backup & { manifest: Manifest };
  toolVersion: string;
}

/**
 * Runs `work` on the restored database, and writes what came of restoring and comparing it beside the backup.
 * @throws FaultyBackup when it is not good; that is written down too
 */
export async function verifyBackup<Result>(
  { backup, toolVersion, ...options }: VerifyOptions,
  work: (restored: Restored, verification: Verification) => Promise<Result>,
): Promise<Result> {
  const { manifest } = backup;
  const started = performance.now();
  const outcome = (reason: string | null): Verification => ({
    backup: manifest.backup,
    sha256: manifest.sha256,
    verified: reason === null,
    at: new Date().toISOString(),
    seconds: Math.round(performance.now() - started) / 1_000,
    tool_version: toolVersion,
    reason,
  });
  try {
    return await withRestored({ ...options, manifest }, async (restored) => {
      const verification = outcome(null);
      await record(options.store, verification);
      return work(restored, verification);
    });
  } catch (error) {
    if (error instanceof FaultyBackup) await record(options.store, outcome(error.reason));
    throw error;
  }
}

function record(store: Store, verification: Verification): Promise<void> {
  return store.write(verificationName(verification.backup), bytesOf(`${JSON.stringify(verification, null, 2)}\n`));
}
