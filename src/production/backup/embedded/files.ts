/** The files of an embedded database as one archive, and back. */

import { create, extract } from 'tar';
import type { Bytes } from '../content.ts';

/** `folder`/database as a compressed archive that plain `tar -xzf` reads. */
export function pack(folder: string): Bytes {
  return create({ gzip: true, cwd: folder, portable: true }, ['database']);
}

/** Makes `folder`/database. */
export async function unpack(file: string, folder: string): Promise<void> {
  await extract({ file, cwd: folder, strict: true });
}
