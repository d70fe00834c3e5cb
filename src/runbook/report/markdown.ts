/** The deployment log as Markdown, for a ticket or a pull request. */

import { showDuration } from '../../system/duration.ts';
import type { DeploymentLog, LogCommand, LogStage, LogStep } from './log.ts';
import { visible } from '../../system/page/markup.ts';
import { type LogWatch, metricIn, periodsOf } from './watch.ts';
import {
  answersOf,
  clock,
  isPercent,
  moment,
  nameOf,
  outcomeWords,
  took,
  tookOf,
  triesOf,
  value,
  verdictWords,
  waitingWords,
} from './words.ts';

export function markdownReport(log: DeploymentLog): string {
  const blocks = [
    `# ${plain(log.title)}: ${outcomeOf(log)}`,
    notes(log),
    facts(log),
    inputs(log),
    ...log.stages.map((stage) => stageBlock(stage, log)),
    rollback(log),
    parts(log),
    journal(log),
  ];
  return `${blocks.filter((block) => block !== '').join('\n\n')}\n`;
}

function notes({ journal: { damage }, reason, left, waiting_for, notifications_not_sent: unsent }: DeploymentLog): string {
  return joined([
    damage === null ? '' : `**The journal does not verify.** Line ${damage.line}: ${plain(damage.message)}.`,
    reason === '' ? '' : `**Why:** ${plain(reason)}`,
    left.length === 0 ? '' : `**Left:** the changes of ${left.map(plain).join(', ')} stay.`,
    waiting_for === null ? '' : `**Waits** at ${plain(waiting_for.step)} for ${waitingWords[waiting_for.what]}: ${plain(waiting_for.text)}`,
    ...unsent.map((sentence) => `**Not sent:** ${plain(sentence)}`),
  ]);
}

function facts({ run, file, repository, started_at, ended_at, parts: all, lock, parent, exit }: DeploymentLog): string {
  const last = all.at(-1);
  const rows: [string, string | null][] = [
    ['Run', code(run)],
    ['Runbook', plain(file)],
    ['Ran in', plain(repository)],
    ['Started', moment(started_at)],
    ['Ended', ended_at === null ? null : `${moment(ended_at)}, after ${took(started_at, ended_at)}`],
    ['Plan', code(last?.plan_hash ?? '')],
    ['Lock', lock === null ? null : `${plain(lock.key)}, number ${lock.fence}, kept in ${plain(lock.store)}`],
    ['Part of', parent === null ? null : `${plain(parent.run)}, step ${plain(parent.step)}`],
    ['Exit status', exit === null ? null : String(exit)],
  ];
  return table(
    ['', ''],
    rows.flatMap(([name, text]) => (text === null ? [] : [[name, text]])),
  );
}

function inputs({ inputs: given }: DeploymentLog): string {
  if (given.length === 0) return '';
  const rows = given.map(({ name, value: text, source }) => [code(name), text === null ? '*secret*' : code(text), plain(source)]);
  return `## Inputs\n\n${table(['Name', 'Value', 'From'], rows)}`;
}

function stageBlock({ title, steps }: LogStage, log: DeploymentLog): string {
  const rows = steps.map((step) => [plain(nameOf(step)), plain(step.text === null ? step.kind : ''), ...timesOf(step, log)]);
  return joined([`## ${plain(title)}`, table(['Step', 'Kind', ...timeColumns], rows), ...steps.map((step) => details(step, log))]);
}

const timeColumns = ['Outcome', 'Started', 'Took', 'Tries'];

function timesOf(command: LogCommand, log: DeploymentLog): string[] {
  const { started_at: from } = command;
  return [outcomeOf(command), from === null ? '' : clock(from, log), tookOf(command), String(triesOf(command) || '')];
}

/** What the table has no room for; empty: there is nothing. */
function details(step: LogStep, log: DeploymentLog): string {
  const said = [
    ...answersOf(step).map(plain),
    ...step.children.map(({ run, outcome }) => `Ran the runbook of run ${code(run)}: ${outcomeWords[outcome].word}.`),
    // What a check saw is why whoever reads it believes it; of a watch the samples say more.
    ...evidence(step, step.kind === 'check' && step.watch === null),
    step.watch === null || step.watch.samples.length === 0 ? '' : watchBlock(step.watch, log),
  ].filter((block) => block !== '');
  return said.length === 0 ? '' : joined([`### ${plain(nameOf(step))}`, ...said]);
}

function evidence({ outcome, reason, attempts }: LogCommand, always = false): string[] {
  const last = attempts.at(-1);
  const passed = outcome === 'passed' || outcome === 'skipped';
  const earlier = attempts
    .slice(0, -1)
    .map((each) => `Attempt ${each.attempt}: ${outcomeOf(each)}${each.reason === '' ? '' : `, ${plain(each.reason)}`}.`);
  const written =
    (passed && !always) || last === undefined
      ? []
      : [fenced('End of its standard error', last.stderr), fenced('End of its output', last.stdout)];
  return [...earlier, plain(reason), ...written];
}

function watchBlock(watch: LogWatch, log: DeploymentLog): string {
  const metrics = watch.rows.map(({ metric, hold, roll_back }) => {
    const percent = isPercent(watch, metric);
    const values = watch.samples.map((sample) => metricIn(sample, metric)).filter((number) => number !== null);
    const shown = (number: number | undefined) => (number === undefined ? 'none' : value(number, percent));
    const [least, most] = [values.toSorted((a, b) => a - b)[0], values.toSorted((a, b) => b - a)[0]];
    return [plain(metric), shown(values.at(-1)), shown(least), shown(most), plain(hold), plain(roll_back)];
  });
  const verdicts = periodsOf(watch).map(({ from, to, verdict, count, reasons }) => [
    `${clock(from, log)} – ${clock(to, log)}`,
    verdictWords[verdict],
    String(count),
    plain(reasons.join('; ')),
  ]);
  const held = watch.verdicts.at(-1)?.held_ms ?? 0;
  return joined([
    `${watch.samples.length} samples${held === 0 ? '' : `, on hold for ${showDuration(held)} in sum`}.`,
    table(['Metric', 'Last', 'Least', 'Most', 'Hold', 'Roll back'], metrics),
    table(['Time', 'Verdict', 'Times', 'Why'], verdicts),
  ]);
}

function rollback(log: DeploymentLog): string {
  const { rollback: back } = log;
  if (back === null) return '';
  const rows = back.undos.map((undo) => [plain(undo.name), ...timesOf(undo, log)]);
  const told = back.undos.flatMap((undo) => {
    const said = evidence(undo).filter((block) => block !== '');
    return said.length === 0 ? [] : [`### Undo of ${plain(undo.name)}`, ...said];
  });
  return joined([
    '## Rolled back',
    `Since ${moment(back.at)}, by ${plain(`${back.by.user} on ${back.by.host}`)}: ${plain(back.reason)}`,
    rows.length === 0 ? '' : table(['Undo of', ...timeColumns], rows),
    ...told,
  ]);
}

function parts({ parts: all, lock_forced: forced }: DeploymentLog): string {
  const rows = all.map(({ at, by, version, plan_hash: hash }, index) => [
    moment(at),
    plain(`${index === 0 ? 'started' : 'gone on with'} by ${by.user} on ${by.host}${by.terminal ? '' : ', not at a terminal'}`),
    plain(version),
    code(hash.slice(0, 12)),
  ]);
  return joined([
    '## Who ran it',
    table(['When', 'Who', 'Version', 'Plan'], rows),
    ...forced.map(({ at, by, why }) => `The lock was taken away ${moment(at)} by ${plain(by)}: ${plain(why)}`),
  ]);
}

function journal({ journal: { records, head, damage } }: DeploymentLog): string {
  const verdict =
    damage === null
      ? `${records} records, each following from the one before, as they were written.`
      : `Line ${damage.line}: ${plain(damage.message)}.`;
  return joined(['## Journal', `${verdict} Last record: ${code(head)}.`]);
}

function outcomeOf({ outcome }: { outcome: keyof typeof outcomeWords }): string {
  const { mark, word } = outcomeWords[outcome];
  return `${mark} ${word}`;
}

function joined(blocks: readonly string[]): string {
  return blocks.filter((block) => block !== '').join('\n\n');
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n');
}

/** One line in which nothing is Markdown or HTML: whoever wrote it decides what it says, not what the page does. */
function plain(text: string): string {
  return (
    visible(text)
      .replaceAll(/\s+/g, ' ')
      .trim()
      .replaceAll(/[\\`*_{}[\]<>#|~!&]/g, String.raw`\$&`)
      // At the start of a line these would begin a list.
      .replace(/^[-+](?=[-\s]*$|\s)|(?<=^\d+)[.)](?=\s|$)/, String.raw`\$&`)
  );
}

/** In a cell a bar ends the cell even in code. */
function code(text: string): string {
  const line = visible(text)
    .replaceAll(/\s+/g, ' ')
    .replaceAll('|', String.raw`\|`);
  if (line.trim() === '') return '';
  const ticks = '`'.repeat(longestRun(line) + 1);
  const space = line.startsWith('`') || line.endsWith('`') ? ' ' : '';
  return `${ticks}${space}${line}${space}${ticks}`;
}

/** Empty for nothing. The fence is longer than any in the text. */
function fenced(title: string, text: string): string {
  if (text === '') return '';
  const fence = '`'.repeat(Math.max(3, longestRun(text) + 1));
  return `${title}:\n\n${fence}text\n${visible(text)}\n${fence}`;
}

function longestRun(text: string): number {
  return Math.max(0, ...[...text.matchAll(/`+/g)].map(([run]) => run.length));
}
