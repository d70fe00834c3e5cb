/** The files of an embedded database as one archive, and back. */

import { create, extract } from 'tar';

/** `folder`/database as a compressed archive that plain `tar -xzf` reads. Nothing is read before somebody asks for it. */
export async function* pack(folder: string): AsyncGenerator<Uint8Array> {
  const archive = create({ gzip: true, cwd: folder, portable: true }, ['database']);
  // Whoever reads is told of it. Once nobody does, because there is no place to store it, the folder may go while it is read.
  archive.on('error', () => undefined);
  yield* archive;
}

/** Makes `folder`/database. */
export async function unpack(file: string, folder: string): Promise<void> {
  await extract({ file, cwd: folder, strict: true });
}
