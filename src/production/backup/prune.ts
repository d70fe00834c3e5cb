/** Removes the files of a backup so that no moment leaves something that looks whole and is not. */

import type { Backup } from './catalogue.ts';
import { manifestName } from './manifest.ts';
import type { Store } from './store/store.ts';

/** The manifest goes first: from then on it is no backup any more, and what is left of it is removed the next time. */
export async function removeBackup(store: Store, { id, files }: Backup): Promise<void> {
  const manifest = manifestName(id);
  for (const name of files.toSorted((a, b) => Number(b === manifest) - Number(a === manifest))) await store.remove(name);
}
