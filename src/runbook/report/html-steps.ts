/** The steps of a deployment log in HTML: what each came to, when, and the evidence. */

import { watchFigures } from './html-watch.ts';
import type { DeploymentLog, LogCommand, LogStage, LogStep } from './log.ts';
import { type Markup, html } from '../../system/page/markup.ts';
import { answersOf, clock, moment, nameOf, outcomeWords, tookOf, triesOf } from './words.ts';

type Outcome = keyof typeof outcomeWords;

export function toneOf(outcome: Outcome): 'good' | 'bad' | 'warn' | 'quiet' {
  switch (outcome) {
    case 'passed':
      return 'good';
    case 'failed':
    case 'error':
    case 'rollback_failed':
    case 'lock_lost':
      return 'bad';
    case 'skipped':
    case 'not_run':
    case 'running':
      return 'quiet';
    case 'inconclusive':
    case 'unknown':
    case 'aborted':
    case 'waiting':
    case 'held':
    case 'rolled_back':
    case 'interrupted':
      return 'warn';
  }
}

export function stageSection({ title, steps }: LogStage, log: DeploymentLog): Markup {
  return html`<section>
    <h2>${title}</h2>
    <ol class="steps">
      ${steps.map((step) => stepItem(step, log))}
    </ol>
  </section>`;
}

function stepItem(step: LogStep, log: DeploymentLog): Markup {
  const { watch, captured, children } = step;
  return html`<li>
    ${row(step, step.text === null ? step.kind : '', nameOf(step), log)}
    <div class="body">
      ${answersOf(step).map((sentence) => html`<p>${sentence}</p>`)}
      ${children.map(({ run, outcome }) => html`<p>Ran the runbook of run <code>${run}</code>: ${outcomeWords[outcome].word}.</p>`)}
      ${evidence(step)} ${captured === null ? null : folded(`Captured ${captured.name}`, captured.value, false)}
      ${watch === null || watch.samples.length === 0 ? null : watchFigures(watch, log)}
    </div>
  </li>`;
}

function row(command: LogCommand, tag: string, name: string, log: DeploymentLog): Markup {
  const { outcome, started_at: from, ended_at: to } = command;
  const { mark, word } = outcomeWords[outcome];
  const tries = triesOf(command);
  const times = [word, from === null ? '' : clock(from, log), tookOf(command), tries > 1 ? `${tries} tries` : ''];
  return html`<div class="row">
      <span class="mark ${toneOf(outcome)}">${mark}</span><span><span class="name">${name}</span> <span class="tag">${tag}</span></span
      ><span class="times">${times.filter((part) => part !== '').join(' · ')}</span>
    </div>
    ${from === null ? null : span(from, to ?? from, log)}`;
}

/** Where in the run it was. */
function span(from: string, to: string, { started_at: start, ended_at: end }: DeploymentLog): Markup | null {
  const whole = Date.parse(end ?? to) - Date.parse(start);
  if (!(whole > 0)) return null;
  const percent = (ms: number) => Math.round(Math.min(100, Math.max(0, (ms / whole) * 100)) * 10) / 10;
  const left = percent(Date.parse(from) - Date.parse(start));
  const width = Math.min(percent(Date.parse(to) - Date.parse(from)), 100 - left);
  return html`<div class="span" aria-hidden="true"><i style="margin-left:${left}%;width:${width}%"></i></div>`;
}

/** Why it ended as it did, the attempts before the last, what it ran and wrote. */
function evidence({ reason, outcome, command, attempts }: LogCommand): Markup {
  const passed = outcome === 'passed' || outcome === 'skipped';
  const last = attempts.at(-1);
  return html`${reason === '' ? null : html`<p class="${passed ? 'quiet' : toneOf(outcome)}">${reason}</p>`}
  ${attempts.slice(0, -1).map((each) => html`<p class="quiet">Attempt ${each.attempt}: ${outcomeWords[each.outcome].word}${each.reason === '' ? '' : `, ${each.reason}`}.</p>`)}
  ${last === undefined || last.stderr === '' ? null : folded('End of its standard error', last.stderr, !passed)}
  ${last === undefined || last.stdout === '' ? null : folded('End of its output', last.stdout, !passed)}
  ${command === null ? null : folded('Command', command, false)}`;
}

function folded(title: string, text: string, open: boolean): Markup {
  return html`<details${open ? html` open` : null}><summary>${title}</summary><pre>${text}</pre></details>`;
}

export function rollbackSection(log: DeploymentLog): Markup | null {
  const { rollback: back } = log;
  if (back === null) return null;
  const undos = back.undos.map(
    (undo) =>
      html`<li>
        ${row(undo, 'undo', undo.name, log)}
        <div class="body">${evidence(undo)}</div>
      </li>`,
  );
  return html`<section>
    <h2>Rolled back</h2>
    <p>Since ${moment(back.at)}, by ${back.by.user} on ${back.by.host}: ${back.reason}</p>
    <ol class="steps">
      ${undos}
    </ol>
  </section>`;
}
