/** What came of each drill, one line of JSON each, for good. */

import { closeSync, fsyncSync, mkdirSync, openSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';
import type { Drill } from './drill.ts';

/** A drill; one that did not come to its end has no measures, and says what ended it. */
export interface LedgerLine extends Pick<Drill, 'objectives' | 'questions' | 'passed'> {
  at: string;
  backup: string | null;
  rto_seconds: number | null;
  rpo_seconds: number | null;
  error: string | null;
}

/** On the disk when it returns. */
export function appendToLedger(path: string, line: LedgerLine): void {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  const file = openSync(path, 'a', 0o600);
  try {
    writeSync(file, `${JSON.stringify(line)}\n`);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}
