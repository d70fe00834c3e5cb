/** Where runs are kept: one folder each, with the journal, the plan, the text of the runbook, and what its steps wrote. */

import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, readdirSync, statSync } from 'node:fs';
import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import { sha256OfFile, writeDurably } from '../../system/durable.ts';
import { type Damage, readJournal } from '../journal/journal.ts';
import type { Plan } from '../plan/plan.ts';
import { isAlive } from '../../system/process.ts';
import type { RunEntry, RunRecord } from './records.ts';
import { type RunState, stateOf } from './state.ts';

/** Of this user on this machine: https://specifications.freedesktop.org/basedir-spec/latest/ */
export function defaultStateFolder(environment: Readonly<Record<string, string | undefined>>): string {
  const { XDG_STATE_HOME: state } = environment;
  return join(state === undefined || state === '' ? join(homedir(), '.local/state') : state, 'quarterdeck/runbooks');
}

/** Names in the folder of a run. */
const names = { journal: 'journal.jsonl', plan: 'plan.json', text: 'runbook.md', outputs: 'outputs', head: 'head' } as const;

/** A folder that has no run in it, or no run of that name. */
export class NoSuchRun extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'NoSuchRun';
  }
}

export class RunFolder {
  /** Absolute. */
  readonly path: string;
  /** The name of the run. */
  readonly run: string;

  private constructor(path: string, run: string) {
    this.path = path;
    this.run = run;
  }

  /** A new one, which is not made yet. Runs sort by when they began. */
  static choose(state: string, now: Date): RunFolder {
    const run = `${now.toISOString().slice(0, 19).replaceAll(/[-:]/g, '').replace('T', '-')}-${randomBytes(3).toString('hex')}`;
    return new RunFolder(resolve(state, 'runs', run), run);
  }

  /** undefined: there is no run of exactly this name. */
  static at(state: string, run: string): RunFolder | undefined {
    const path = resolve(state, 'runs', run);
    return existsSync(join(path, names.journal)) ? new RunFolder(path, run) : undefined;
  }

  /** The one that is called so, or begins so; a path to it will do. @throws NoSuchRun */
  static find(state: string, name: string): RunFolder {
    if (name.includes('/') && existsSync(join(name, names.journal)))
      return new RunFolder(resolve(name), resolve(name).split('/').at(-1) ?? name);
    const known = runsIn(state);
    const matching = known.includes(name) ? [name] : known.filter((run) => run.startsWith(name));
    const [only, another] = matching;
    if (only === undefined || name === '') throw new NoSuchRun(`There is no run ${name} in ${state}.`);
    if (another !== undefined) throw new NoSuchRun(`${matching.length} runs begin with ${name}: ${matching.join(', ')}.`);
    return new RunFolder(resolve(state, 'runs', only), only);
  }

  /** All of them, the newest first. */
  static all(state: string): RunFolder[] {
    return runsIn(state).map((run) => new RunFolder(resolve(state, 'runs', run), run));
  }

  make(): void {
    // What steps wrote is nobody else's business.
    mkdirSync(join(this.path, names.outputs), { recursive: true, mode: 0o700 });
  }

  /** The folder of all runs. */
  get state(): string {
    return resolve(this.path, '../..');
  }

  get journal(): string {
    return join(this.path, names.journal);
  }

  get outputs(): string {
    return join(this.path, names.outputs);
  }

  /** The file that keeps what an attempt wrote to a stream. */
  output(command: { step: string; undo: boolean; attempt: number }, stream: 'stdout' | 'stderr'): string {
    return join(this.outputs, `${command.undo ? 'undo-' : ''}${command.step}.${command.attempt}.${stream}`);
  }

  /** Keeps the plan and the text of the runbook, as they are when this part of the run begins. Their hashes. */
  keep(plan: Plan, text: string): { plan: string; text: string } {
    writeDurably(join(this.path, names.plan), `${JSON.stringify(plan, null, 2)}\n`);
    writeDurably(join(this.path, names.text), text);
    return { plan: sha256OfFile(join(this.path, names.plan)), text: sha256OfFile(join(this.path, names.text)) };
  }

  plan(): Plan {
    return JSON.parse(readFileSync(join(this.path, names.plan), 'utf8')) as Plan;
  }

  text(): string {
    return readFileSync(join(this.path, names.text), 'utf8');
  }

  /** The head of a journal that is finished, beside it: a cut of its end is noticed by it. */
  keepHead(seq: number, hash: string): void {
    writeDurably(join(this.path, names.head), `${JSON.stringify({ seq, hash })}\n`);
  }

  read(): ReadRun {
    const { records, damage } = readJournal<RunEntry>(this.journal);
    return { records, state: records.length === 0 ? undefined : stateOf(records), damage: damage ?? this.#missing(records) };
  }

  /** Files beside the journal that are not as it says, each in a sentence. */
  changedFiles(records: readonly RunRecord[]): string[] {
    const expected = new Map<string, string>();
    for (const record of records) {
      if (record.type === 'run.started' || record.type === 'run.resumed')
        expected.set(join(this.path, names.plan), record.files.plan).set(join(this.path, names.text), record.files.text);
      if (record.type !== 'step.ended' || record.outputs === undefined) continue;
      for (const stream of ['stdout', 'stderr'] as const) {
        const hash = record.outputs[stream];
        if (hash !== null) expected.set(this.output(record, stream), hash);
      }
    }
    return [...expected].flatMap(([path, hash]) => {
      if (!existsSync(path)) return [`${path} is not there any more`];
      return sha256OfFile(path) === hash ? [] : [`${path} was changed after it was written`];
    });
  }

  /** Whether a process works on it now. */
  isAtWork(): boolean {
    const { state } = this.read();
    return state !== undefined && isAlive(state.process);
  }

  #missing(records: readonly RunRecord[]): Damage | undefined {
    const path = join(this.path, names.head);
    if (!existsSync(path)) return undefined;
    const { seq, hash } = JSON.parse(readFileSync(path, 'utf8')) as { seq: number; hash: string };
    if (records[seq - 1]?.hash === hash) return undefined;
    return {
      line: Math.min(records.length + 1, seq),
      message: `the run had finished with ${seq} records, and the last of them is not there`,
    };
  }
}

export interface ReadRun {
  /** Up to the first damage. */
  readonly records: readonly RunRecord[];
  /** undefined: not even its start is there. */
  readonly state: RunState | undefined;
  readonly damage: Damage | undefined;
}

function runsIn(state: string): string[] {
  const folder = resolve(state, 'runs');
  if (!existsSync(folder)) return [];
  const runs = readdirSync(folder).filter((run) => existsSync(join(folder, run, names.journal)));
  return runs.filter((run) => statSync(join(folder, run)).isDirectory()).toSorted((a, b) => (a < b ? 1 : -1));
}
