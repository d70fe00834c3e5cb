/** Shows a run while it is at work: a line for what happens, what steps print, and at a terminal what runs right now. */

import ora, { type Ora } from 'ora';
import { showDuration } from '../../system/duration.ts';
import type { Plan } from '../../runbook/plan/plan.ts';
import type { Stream } from '../../runbook/run/process.ts';
import type { RunRecord, StepEnded } from '../../runbook/run/records.ts';
import { type Color, oneLine, style } from '../output.ts';

export interface Display {
  record(record: RunRecord): void;
  output(step: string, stream: Stream, text: string): void;
  /** Nothing is at work any more, or a person is asked. */
  rest(): void;
}

const marks: Readonly<Record<StepEnded['outcome'], readonly [string, Color]>> = {
  passed: ['✔', 'green'],
  failed: ['✖', 'red'],
  error: ['✖', 'red'],
  inconclusive: ['?', 'yellow'],
  skipped: ['-', 'dim'],
  unknown: ['?', 'yellow'],
  aborted: ['✖', 'red'],
  waiting: ['…', 'yellow'],
  held: ['…', 'yellow'],
};

export function showOn(stream: NodeJS.WriteStream, plan: Plan): Display {
  return new Lines(stream, plan);
}

class Lines implements Display {
  readonly #stream: NodeJS.WriteStream;
  readonly #plan: Plan;
  readonly #spinner: Ora;
  readonly #moves: boolean;
  readonly #began = new Map<string, number>();
  #stage: string | undefined;
  /** The name of a step that has not written anything yet. */
  #silent: string | undefined;
  /** What a step has written since its last line end. */
  #open = '';
  #timer: NodeJS.Timeout | undefined;

  constructor(stream: NodeJS.WriteStream, plan: Plan) {
    this.#stream = stream;
    this.#plan = plan;
    // A terminal that does not say how wide it is would have ora count its lines for ever.
    this.#moves = stream.isTTY && stream.columns > 0;
    // Somebody may be asked something at the same terminal.
    this.#spinner = ora({ stream, discardStdin: false, isEnabled: this.#moves, prefixText: ' ' });
  }

  record(record: RunRecord): void {
    switch (record.type) {
      case 'run.started':
        this.#line(style('bold', oneLine(record.title)));
        return this.#head(`run ${record.run}`, record);
      case 'run.resumed':
        for (const name of record.changed_secrets) this.#line(`${name} is another one than when the run began.`);
        return this.#head('going on', record);
      case 'step.intended':
        return this.#begin(record.step, record.undo, record.attempt);
      case 'step.ended':
        return this.#end(record);
      case 'step.skipped':
        this.#enter(record.step);
        return this.#mark('skipped', record.step, record.reason);
      case 'confirmation.given':
        this.#enter(record.step);
        return this.#mark(record.answer === 'yes' ? 'passed' : 'failed', record.text, `${record.answer}, says ${record.by}`);
      case 'approval.given':
        this.#enter(record.step);
        return this.#mark('passed', record.step, `approved by ${record.by} (${record.role})`);
      case 'decision.given':
        return this.#mark('passed', record.step, record.answer === 'rerun' ? `${record.by}: run it again` : `${record.by}: it is done`);
      case 'watch.judged': {
        const { verdict, reasons, rows } = record;
        const values = rows.filter(({ value }) => value !== null).map(({ metric, value }) => `${metric} ${Number(value?.toPrecision(4))}`);
        return this.#line(
          `  ${style('dim', record.at.slice(11, 19))} ${verdict.replace('_', ' ')}${said([...reasons, ...(reasons.length === 0 ? values : [])].join(', '))}`,
        );
      }
      case 'watch.sampled':
        return record.metrics === null
          ? this.#line(`  ${style('dim', record.at.slice(11, 19))} no metrics: ${oneLine(record.reason)}`)
          : undefined;
      case 'rollback.started':
        this.#stage = undefined;
        this.#line('');
        return this.#line(style('bold', `Rolling back: ${oneLine(record.reason)}`));
      case 'notification.failed':
        return this.#line(style('yellow', `Not told: ${oneLine(record.reason)}`));
      case 'step.spawned':
      case 'lock.forced':
      case 'run.paused':
      case 'run.finished':
        return undefined;
    }
  }

  output(_step: string, _stream: Stream, text: string): void {
    if (text === '') return;
    if (this.#silent !== undefined) this.#line(`  ${this.#silent}`);
    this.#silent = undefined;
    const lines = (this.#open + text).split('\n');
    this.#open = lines.pop() ?? '';
    for (const line of lines) this.#line(style('dim', `    │ ${oneLine(line)}`));
  }

  rest(): void {
    clearInterval(this.#timer);
    this.#spinner.stop();
  }

  #head(name: string, { plan_hash: hash, lock }: { plan_hash: string; lock: { key: string; fence: number } | null }): void {
    this.#line(style('dim', `${name}, plan ${hash.slice(0, 12)}${lock === null ? '' : `, lock ${oneLine(lock.key)} (${lock.fence})`}`));
  }

  #enter(step: string): void {
    const stage = this.#plan.steps.find(({ name }) => name === step)?.stage;
    if (stage === undefined || stage === this.#stage) return;
    this.#stage = stage;
    this.#line('');
    this.#line(style('bold', oneLine(stage)));
  }

  #begin(step: string, undo: boolean, attempt: number): void {
    if (!undo) this.#enter(step);
    const name = `${undo ? 'undo of ' : ''}${step}${attempt > 1 ? ` (attempt ${attempt})` : ''}`;
    const began = Date.now();
    this.#began.set(keyOf(step, undo), began);
    this.#silent = name;
    if (!this.#moves) return;
    this.rest();
    this.#spinner.start(name);
    this.#timer = setInterval(() => (this.#spinner.text = `${name} ${showDuration(Math.max(1_000, Date.now() - began))}`), 1_000);
    this.#timer.unref();
  }

  #end({ step, undo, outcome, reason, retries }: StepEnded): void {
    if (this.#open !== '') this.output(step, 'stdout', '\n');
    this.#silent = undefined;
    this.rest();
    const began = this.#began.get(keyOf(step, undo));
    const took = began === undefined ? '' : ` ${style('dim', showDuration(Date.now() - began))}`;
    this.#mark(outcome, `${undo ? 'undo of ' : ''}${step}${took}`, `${reason}${retries ? '; it is tried again' : ''}`);
  }

  #mark(outcome: StepEnded['outcome'], what: string, why: string): void {
    const [mark, color] = marks[outcome];
    this.#line(`  ${style(color, mark)} ${what}${said(oneLine(why))}`);
  }

  #line(text: string): void {
    this.#stream.write(`${text}\n`);
  }
}

const keyOf = (step: string, undo: boolean): string => `${undo ? 'undo ' : ''}${step}`;

const said = (text: string): string => (text === '' ? '' : `: ${text}`);

/** One JSON object a line; what a journal needs and nobody else is left out. */
export function eventsOn(stream: NodeJS.WriteStream): Display {
  const write = (event: object): void => void stream.write(`${JSON.stringify(event)}\n`);
  return {
    record({ type, prev: _prev, hash: _hash, ...rest }) {
      // The last line says it, in one form however the run ends.
      if (type !== 'run.finished') write({ event: type, ...rest });
    },
    output: (step, from, text) => write({ event: 'step.output', step, stream: from, text }),
    rest: () => undefined,
  };
}
