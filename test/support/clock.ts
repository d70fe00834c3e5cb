/** A clock that can be set, for one process: libfaketime stands between it and the system, and leaves the monotonic clock alone, as setting a clock does. */

import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** Where Debian and its kin put it (package `faketime`), and the others. */
const libraries = [
  '/usr/lib/x86_64-linux-gnu/faketime/libfaketime.so.1',
  '/usr/lib/aarch64-linux-gnu/faketime/libfaketime.so.1',
  '/usr/lib/faketime/libfaketime.so.1',
  '/usr/lib64/faketime/libfaketime.so.1',
];

export interface TestClock {
  /** For the process whose clock it is. */
  environment: Record<string, string>;
  /** Sets it so many seconds off the clock of this machine. */
  set(seconds: number): void;
}

/** undefined: this machine has no libfaketime. The folder is for the file that says how far off the clock is. */
export function createClock(folder: string, seconds = 0): TestClock | undefined {
  const library = libraries.find((path) => existsSync(path));
  if (library === undefined) return undefined;
  const file = join(folder, `clock-${crypto.randomUUID()}`);
  const set = (off: number) => writeFileSync(file, `${off < 0 ? '-' : '+'}${Math.abs(off)}\n`);
  set(seconds);
  const environment = {
    LD_PRELOAD: library,
    FAKETIME_TIMESTAMP_FILE: file,
    FAKETIME_NO_CACHE: '1',
    FAKETIME_DONT_FAKE_MONOTONIC: '1',
  };
  return { environment, set };
}
