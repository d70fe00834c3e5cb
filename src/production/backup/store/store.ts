/** Where backups are kept: a flat place of named files, in which a file is there whole or not at all. */

import type { Readable } from 'node:stream';

export interface StoredFile {
  name: string;
  bytes: number;
}

export interface Store {
  /** For people: the folder, or `s3://bucket/prefix`. */
  readonly place: string;
  /** Names and sizes, in any order. Files that are being written have other names or none. */
  list(): Promise<StoredFile[]>;
  /** The file has its name when all of it is there for good; when the source fails, nothing has. */
  write(name: string, source: AsyncIterable<Uint8Array>): Promise<void>;
  /** @throws Error when there is none of this name */
  read(name: string): Promise<Readable>;
  /** undefined: there is none of this name. */
  readText(name: string): Promise<string | undefined>;
  /** It is no error when it is gone already. */
  remove(name: string): Promise<void>;
  close(): void;
}

export async function* bytesOf(text: string): AsyncGenerator<Uint8Array> {
  yield Buffer.from(text);
}
