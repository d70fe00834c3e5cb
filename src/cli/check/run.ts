/** Runs one check for a command: what all kinds share of options, display and exit status. */

import type { CheckResult, Evidence, Outcome } from '../../production/check/result.ts';
import { CliCommand, type CommandText } from '../command.ts';
import { durationOf, optionOf } from '../options.ts';
import { type Color, oneLine, print, style } from '../output.ts';
import { withProgress } from '../progress.ts';
import { listenForStop } from '../stop.ts';

export interface CheckOptions {
  json?: boolean;
  print?: string;
  timeout: number;
}

/** Ten seconds for one thing over a network: what is slower does not serve anybody, and a step of a runbook still has time to say so. */
export const defaultTimeoutMs = 10_000;

/** The status of a process that was interrupted. */
const interrupted = 130;

/** A command of the group `check`, with the options that every kind has. */
export function checkCommand(kind: string, text: CommandText): CliCommand {
  const command = new CliCommand(kind, text);
  command.addOption(optionOf('--timeout <duration>', 'For each answer that it waits for.', durationOf, defaultTimeoutMs, '10s'));
  command.option(
    '--print <name>',
    'Print this one of what was measured and nothing else, for a decision; the evidence goes to standard error. The exit status is 0 when it is known.',
  );
  return command;
}

export const tokenHelp =
  'Variable of the environment with a bearer token to send, such as QUARTERDECK_TOKEN. Without it none is sent: not every server may see it.';

/** Prints what the check found: evidence on standard output, and on standard error why it did not pass. The exit status is 0 only when it did. */
export async function runCheck(options: CheckOptions, doing: string, work: (signal: AbortSignal) => Promise<CheckResult>): Promise<void> {
  const { signal } = listenForStop();
  try {
    const result = await withProgress(doing, () => work(signal));
    if (options.print !== undefined) return printOne(result, options.print);
    print(options.json, result, () => checkText(result));
    if (result.outcome === 'passed') return;
    process.exitCode = 1;
    // In JSON it is all in the object.
    if (options.json !== true) process.stderr.write(`quarterdeck check ${result.check}: ${whyText(result)}\n`);
  } catch (error) {
    if (!signal.aborted) throw error;
    process.exitCode = interrupted;
  }
}

/** @throws Error when it was not measured */
function printOne(result: CheckResult, name: string): void {
  process.stderr.write(`${checkText(result)}\n`);
  const { [name]: value } = result.measured;
  if (value === undefined || value === null) {
    const known = Object.entries(result.measured).flatMap(([each, found]) => (found === undefined || found === null ? [] : [each]));
    throw new Error(`${name} was not measured: there is ${known.join(', ') || 'nothing'}. ${result.next ?? ''}`.trimEnd());
  }
  process.stdout.write(`${value}\n`);
}

const colors: Readonly<Record<Outcome, Color>> = { passed: 'green', failed: 'red', error: 'red', inconclusive: 'yellow' };

const titles: Readonly<Record<Outcome, string>> = {
  passed: 'passed',
  failed: 'failed',
  error: 'error: it could not be found out',
  inconclusive: 'inconclusive: too little was seen to say',
};

export function checkText({ check, outcome, evidence }: CheckResult): string {
  const left = Math.max(0, ...evidence.map(({ what }) => what.length));
  const lines = evidence.map((each) => `${mark(each)} ${oneLine(each.what).padEnd(left)}  ${foundText(each)}`);
  return [...lines, `${style(colors[outcome], titles[outcome])} (${check})`].join('\n');
}

/** What decided, and what to do: a run of a runbook shows it as the reason of the step. */
function whyText({ outcome, evidence, next }: CheckResult): string {
  const decisive = evidence.find(({ ok }) => ok === false) ?? evidence.find(({ ok }) => ok === null);
  const what =
    decisive === undefined ? outcome : `${outcome}: ${oneLine(decisive.what)}: ${shownFound(decisive)}, wanted ${oneLine(decisive.wanted)}`;
  return `${what}. ${next ?? ''}`.trimEnd();
}

function mark({ ok }: Evidence): string {
  if (ok === null) return style('yellow', '?');
  return ok ? style('green', '✓') : style('red', '✗');
}

function foundText(evidence: Evidence): string {
  const { wanted, ok } = evidence;
  const text = shownFound(evidence);
  return ok === true ? text : `${text}  (wanted: ${oneLine(wanted)})`;
}

function shownFound({ found }: Pick<Evidence, 'found'>): string {
  return oneLine(found === null ? 'none' : String(found));
}
