/** Swaps the embedded database of a data folder with a restored one. */

import { existsSync } from 'node:fs';
import { mkdir, readFile, rename } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { lockData } from '../../../platform/database/embedded/lock.ts';
import { aside } from '../../../platform/database/embedded/open.ts';
import { syncFolder, writeDurably } from '../../../system/durable.ts';
import { type Remark, type Switched, notRestored, parseRemark } from '../remark.ts';

const remarkFile = (folder: string) => join(folder, 'restored.json');

/** Moves a restored `folder`/database to `into`, which is new or empty. */
export async function keepFolder(folder: string, into: string, remark: Remark): Promise<void> {
  await mkdir(into, { recursive: true, mode: 0o700 });
  await rename(join(folder, 'database'), join(into, 'database'));
  syncFolder(into);
  // Last: without it, nobody switches to what may not be whole.
  writeDurably(remarkFile(into), `${JSON.stringify(remark)}\n`);
}

/**
 * Three renames: a crash in between leaves a state that this function, called again, finishes; until then the data folder is not opened.
 * Called once more it swaps them back.
 * @throws Error when a server has the data open, `into` was not restored, or lies on another disk
 */
export async function switchFolders(data: string, into: string): Promise<Switched> {
  const [live, other] = [resolve(data), resolve(into)];
  const text = await readFile(remarkFile(other), 'utf8').catch(() => undefined);
  const holds = parseRemark(text);
  if (live === other || holds === undefined) throw notRestored(other);
  const place = { live: join(live, 'database'), aside: join(live, aside), other: join(other, 'database') };
  await mkdir(live, { recursive: true, mode: 0o700 });
  const lock = await lockData(live);
  try {
    const interrupted = existsSync(place.aside);
    if (!interrupted && !existsSync(place.other)) throw notRestored(other);
    const had = interrupted || existsSync(place.live);
    if (had && !interrupted) await rename(place.live, place.aside);
    if (!existsSync(place.live)) await rename(place.other, place.live).catch((error: unknown) => putBack(place, error));
    if (had) await rename(place.aside, place.other);
    for (const folder of [live, other]) syncFolder(folder);
    const remark: Remark = { quarterdeck: 'replaced', backup: null, at: new Date().toISOString() };
    writeDurably(remarkFile(other), `${JSON.stringify(remark)}\n`);
    return { live, previous: had ? other : null, holds };
  } finally {
    await lock.release();
  }
}

async function putBack(place: { live: string; aside: string; other: string }, error: unknown): Promise<never> {
  if (existsSync(place.aside)) await rename(place.aside, place.live);
  if (error instanceof Error && (error as NodeJS.ErrnoException).code === 'EXDEV')
    throw new Error(
      `${place.other} lies on another disk than ${place.live}, so the two cannot be swapped. Restore into a folder beside it.`,
      {
        cause: error,
      },
    );
  throw error;
}
