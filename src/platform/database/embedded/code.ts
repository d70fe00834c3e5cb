/** The machine code of the embedded database, compiled once in a process for every thread that opens it. */

import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';

/** A compiled module can be sent to another thread, with all the machine code that was made for it so far. */
export type Code = object;

/** TypeScript knows this global only together with the whole browser. */
declare const WebAssembly: { compile(bytes: Uint8Array): Promise<Code> };

let compiled: Promise<Code> | undefined;

/** Left to itself each thread compiles again, which is more than half of the work of opening a database. */
export function databaseCode(): Promise<Code> {
  compiled ??= compile();
  return compiled;
}

async function compile(): Promise<Code> {
  const library = createRequire(import.meta.url).resolve('@electric-sql/pglite');
  return WebAssembly.compile(await readFile(join(dirname(library), 'pglite.wasm')));
}
