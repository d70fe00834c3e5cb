/** Writes down what happens in a run: into the journal without secrets, into the picture of the run, and to whoever looks on. */

import type { Journal, JournalRecord } from '../journal/journal.ts';
import type { Redactor } from '../redact/redactor.ts';
import type { RunEntry, RunRecord } from './records.ts';
import { type RunState, next, stateOf } from './state.ts';

export class RunLog {
  readonly #journal: Journal<RunEntry>;
  readonly #redactor: Redactor;
  readonly #listener: (record: RunRecord) => void;
  #state: RunState;

  /** `journal`: it has the start of the run at least. */
  constructor(journal: Journal<RunEntry>, redactor: Redactor, listener: (record: RunRecord) => void) {
    this.#journal = journal;
    this.#redactor = redactor;
    this.#listener = listener;
    this.#state = stateOf(journal.records);
  }

  get state(): RunState {
    return this.#state;
  }

  /** On disk when it returns. */
  record<Of extends RunEntry>(entry: Of): JournalRecord<Of> {
    const record = this.#journal.append(redacted(entry, this.#redactor));
    this.#state = next(this.#state, record);
    this.#listener(record);
    return record;
  }
}

/** The value with the secrets cut out of each of its texts. */
export function redacted<Value>(value: Value, redactor: Redactor): Value {
  if (typeof value === 'string') return redactor.text(value) as Value;
  if (Array.isArray(value)) return value.map((item: unknown) => redacted(item, redactor)) as Value;
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, inner]) => [redactor.text(key), redacted(inner as unknown, redactor)]),
  ) as Value;
}
