/**
 * The journal of a run: a file that only grows, one JSON object a line, each with the hash of the one before. What was appended is on disk when
 * `append` returns, so that after a crash it says what had begun and what had ended.
 */

import { createHash } from 'node:crypto';
import { closeSync, fsyncSync, ftruncateSync, openSync, readFileSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';
import { syncFolder } from '../../system/durable.ts';

/** What a caller appends. */
export interface Entry {
  readonly type: string;
}

/** An entry as it stands in the file. */
export type JournalRecord<Of extends Entry = Entry> = Of & Chained;

/** What the journal adds. */
export interface Chained {
  /** From 1. */
  readonly seq: number;
  /** ISO 8601, UTC. */
  readonly at: string;
  /** SHA-256 of the record before, hex; of the first one 64 zeros. */
  readonly prev: string;
  /** SHA-256 of this record without this field. */
  readonly hash: string;
}

/** What is wrong with a journal, and in which line. */
export interface Damage {
  readonly line: number;
  readonly message: string;
}

export interface ReadJournal<Of extends Entry> {
  /** Up to the first damage. */
  readonly records: readonly JournalRecord<Of>[];
  /** undefined: every line follows from the one before. */
  readonly damage: Damage | undefined;
  /** Bytes of the records; what comes after is a line that was being written when the machine stopped. */
  readonly bytes: number;
}

const noHash = '0'.repeat(64);

/** What was appended as an `Of` is read as one: the hash says that it is what was written. @throws Error when the file cannot be read */
export function readJournal<Of extends Entry>(path: string): ReadJournal<Of> {
  const text = readFileSync(path, 'utf8');
  const size = Buffer.byteLength(text);
  const records: JournalRecord<Of>[] = [];
  let bytes = 0;
  for (const [index, line] of text.split('\n').entries()) {
    // The last piece has no line end: it is empty, or it was cut off by a crash.
    const whole = bytes + Buffer.byteLength(line) + 1;
    if (whole > size) break;
    const record = readRecord<Of>(line, records.at(-1));
    if (typeof record === 'string') return { records, bytes, damage: { line: index + 1, message: record } };
    records.push(record);
    bytes = whole;
  }
  return { records, bytes, damage: undefined };
}

function readRecord<Of extends Entry>(line: string, before: Chained | undefined): JournalRecord<Of> | string {
  let parsed: unknown;
  try {
    parsed = JSON.parse(line);
  } catch {
    return 'it is not JSON';
  }
  if (typeof parsed !== 'object' || parsed === null || !('hash' in parsed)) return 'it is no record';
  const { hash, ...content } = parsed as JournalRecord;
  if (hash !== hashOf(content)) return 'it was changed after it was written';
  if (content.prev !== (before?.hash ?? noHash)) return 'it does not follow the line before: a line was taken out or put in';
  if (content.seq !== (before?.seq ?? 0) + 1) return 'its number does not follow the one before';
  return parsed as JournalRecord<Of>;
}

/** As it is written: the order of the fields is part of it, and JSON keeps it. */
function hashOf(content: object): string {
  return createHash('sha256').update(JSON.stringify(content)).digest('hex');
}

export class Journal<Of extends Entry> {
  readonly #descriptor: number;
  readonly #now: () => Date;
  readonly #records: JournalRecord<Of>[];

  private constructor(descriptor: number, now: () => Date, records: JournalRecord<Of>[]) {
    this.#descriptor = descriptor;
    this.#now = now;
    this.#records = records;
  }

  /** Makes a new one. @throws Error when there is one already */
  static create<Of extends Entry>(path: string, now: () => Date): Journal<Of> {
    const descriptor = openSync(path, 'ax');
    syncFolder(dirname(path));
    return new Journal<Of>(descriptor, now, []);
  }

  /** Goes on with one; a line that a crash cut off is removed. @throws DamagedJournal when somebody has changed it */
  static open<Of extends Entry>(path: string, now: () => Date): Journal<Of> {
    const { records, damage, bytes } = readJournal<Of>(path);
    if (damage !== undefined) throw new DamagedJournal(path, damage);
    const descriptor = openSync(path, 'r+');
    ftruncateSync(descriptor, bytes);
    closeSync(descriptor);
    return new Journal<Of>(openSync(path, 'a'), now, [...records]);
  }

  get records(): readonly JournalRecord<Of>[] {
    return this.#records;
  }

  /** The hash that stands for all of it. */
  get head(): string {
    return this.#records.at(-1)?.hash ?? noHash;
  }

  /** The record as it was written; it is on disk when this returns. */
  append<One extends Of>(entry: One): JournalRecord<One> {
    const content = { seq: this.#records.length + 1, at: this.#now().toISOString(), ...entry, prev: this.head };
    const record = { ...content, hash: hashOf(content) };
    writeSync(this.#descriptor, `${JSON.stringify(record)}\n`);
    fsyncSync(this.#descriptor);
    this.#records.push(record);
    return record;
  }

  close(): void {
    closeSync(this.#descriptor);
  }
}

export class DamagedJournal extends Error {
  constructor(path: string, { line, message }: Damage) {
    super(`${path}:${line}: ${message}. The run cannot go on from it; what it says up to that line is shown by \`runbook show\`.`);
    this.name = 'DamagedJournal';
  }
}
