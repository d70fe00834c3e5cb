/** Runs a step or an undo once, or as often as it may be tried; each attempt is in the journal before it begins and after it has ended. */

import { resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Capture, Command } from '../document.ts';
import { substitute } from '../names.ts';
import { hashOfCommand } from '../plan/plan.ts';
import { childrenRunBy } from './children.ts';
import { stepEnvironment } from './environment.ts';
import { type Judgement, judge } from './judge.ts';
import { keepOutputs } from './outputs.ts';
import { type Ended, NotStarted, type Script, runScript } from './process.ts';
import type { ChildRun, OutputHashes, StepEnded } from './records.ts';
import type { Running } from './running.ts';
import type { CommandState } from './state.ts';

export interface Wanted {
  readonly command: Command;
  readonly undo: boolean;
  readonly kind: 'check' | 'change';
  readonly capture?: Capture | undefined;
}

/** Until it passes or may not be tried again. What it captures is among the values of the run afterwards. */
export async function runCommand(running: Running, wanted: Wanted): Promise<CommandState> {
  const { command, undo } = wanted;
  for (let tries = 1; ; tries += 1) {
    const retries = tries <= command.retries && !running.signal.aborted;
    await runOnce(running, wanted, retries);
    const state = stateOf(running, command.name, undo);
    if (!state.retries) return state;
    try {
      await sleep(command.retryEveryMs, undefined, { signal: running.signal });
    } catch {
      return state;
    }
  }
}

function stateOf({ log }: Running, name: string, undo: boolean): CommandState {
  const state = (undo ? log.state.undos : log.state.steps).get(name);
  if (state === undefined) throw new Error(`The step ${name} has no record.`);
  return state;
}

async function runOnce(running: Running, { command, undo, kind, capture }: Wanted, mayRetry: boolean): Promise<void> {
  const { log } = running;
  const step = command.name;
  const attempt = ((undo ? log.state.undos : log.state.steps).get(step)?.attempts ?? 0) + 1;
  const which = { step, undo, attempt };
  // From here on others must know that something may have changed.
  if (kind === 'change') await running.lease?.park();
  log.record({ type: 'step.intended', ...which, kind, command_hash: hashOfCommand(command) });
  const { ended, judgement, outputs } = await runAndJudge(running, { command, capture, which });
  const children = undo ? [] : childrenRunBy(running, step);
  const retries = mayRetry && (judgement.outcome === 'failed' || judgement.outcome === 'error');
  log.record({ type: 'step.ended', ...which, ...endOf(running, { ended, judgement, capture, children }), retries, outputs });
}

interface Attempt {
  readonly command: Command;
  readonly capture: Capture | undefined;
  readonly which: { step: string; undo: boolean; attempt: number };
}

interface Attempted {
  /** undefined: it could not be started. */
  readonly ended: Ended | undefined;
  readonly judgement: Judgement;
  readonly outputs: OutputHashes;
}

/** Runs a command whose beginning is in the journal. */
export async function runAndJudge(running: Running, { command, capture, which }: Attempt): Promise<Attempted> {
  const { redactor } = running;
  const secret = capture?.secret === true;
  const outputs = keepOutputs(running.folder, which, {
    redactor,
    secret,
    onOutput: (stream, text) => running.onOutput(which.step, stream, text),
  });
  try {
    const ended = await runScript(scriptOf(running, command, { which, onOutput: outputs.push }), running.graceMs);
    const judged = judge(ended, { ...command, capture, values: running.values });
    const judgement = secret ? keepSecret(running, capture, { ended, judgement: judged }) : judged;
    return { ended, judgement, outputs: outputs.end() };
  } catch (error) {
    const kept = outputs.end();
    if (!(error instanceof NotStarted)) throw error;
    return { ended: undefined, judgement: { outcome: 'error', reason: error.message, captured: undefined }, outputs: kept };
  }
}

function scriptOf(
  running: Running,
  { script, cwd, timeoutMs }: Command,
  { which, onOutput }: Pick<Attempt, 'which'> & Pick<Script, 'onOutput'>,
): Script {
  return {
    text: script,
    cwd: resolve(running.repository, substitute(cwd ?? '.', running.values)),
    environment: environmentOf(running, which),
    timeoutMs,
    signal: running.signal,
    onSpawn: (leader) => void running.log.record({ type: 'step.spawned', ...which, leader }),
    onOutput,
  };
}

function environmentOf({ values, lease, environment, folder, plan }: Running, { step, attempt }: { step: string; attempt: number }) {
  // A runbook that this step runs has the same inputs.
  const inputs = plan.inputs.filter(({ value }) => value !== null).map(({ name }) => [`INPUT_${name}`, values.get(name)]);
  return stepEnvironment(environment, {
    ...Object.fromEntries(inputs),
    ...Object.fromEntries(values),
    QUARTERDECK_RUN: folder.run,
    QUARTERDECK_STEP: step,
    QUARTERDECK_ATTEMPT: String(attempt),
    QUARTERDECK_FENCE: lease === undefined ? environment['QUARTERDECK_FENCE'] : String(lease.fence),
  });
}

type End = Pick<StepEnded, 'outcome' | 'exit' | 'reason' | 'captured' | 'children'>;

interface Finding {
  readonly ended: Ended | undefined;
  readonly judgement: Judgement;
  readonly capture: Capture | undefined;
  readonly children: readonly ChildRun[];
}

function endOf(running: Running, { ended, judgement, capture, children }: Finding): End {
  const exit = ended?.exit ?? null;
  const { outcome, reason, captured } = judgement;
  const child = outcome === 'failed' ? childEnd(exit, children) : undefined;
  if (child !== undefined) return { ...child, exit, captured: null, children };
  if (captured === undefined || capture === undefined) return { outcome, reason, exit, captured: null, children };
  if (capture.secret) return { outcome, reason, exit, captured: null, children };
  if (running.redactor.text(captured.value) !== captured.value)
    return {
      outcome: 'error',
      reason: `what it captures as ${captured.name} has a secret in it: write capture_secret=${captured.name}`,
      exit,
      captured: null,
      children,
    };
  running.values.set(captured.name, captured.value);
  return { outcome, reason, exit, captured, children };
}

/** As short as this it would be found in words that have nothing to do with it; the same as for inputs. */
const shortestSecret = 8;

/** All that the step printed is secret, also when it failed: its expectations might quote it. */
function keepSecret(
  { redactor, values }: Running,
  { name }: Capture,
  { ended, judgement }: { ended: Ended; judgement: Judgement },
): Judgement {
  const printed = ended.stdout.trim();
  const { value } = judgement.captured ?? { value: printed };
  for (const text of [value, printed]) if (text.length >= shortestSecret) redactor.add(name, text);
  if (judgement.captured === undefined) return judgement;
  values.set(name, value);
  if (value.length >= shortestSecret) return judgement;
  const reason = `the secret ${name} is shorter than ${shortestSecret} characters, so it could not be cut out of what steps print`;
  return { outcome: 'error', reason, captured: undefined };
}

/** What the exit status of `quarterdeck runbook run` says, when that is what the step ran. */
function childEnd(exit: number | null, children: readonly ChildRun[]): Pick<End, 'outcome' | 'reason'> | undefined {
  const last = children.at(-1);
  if (last === undefined) return undefined;
  if (exit === 3 && last.outcome === 'waiting') return { outcome: 'waiting', reason: `run ${last.run} waits for a person` };
  if (exit === 6 && last.outcome === 'held') return { outcome: 'held', reason: `run ${last.run} is on hold` };
  if (exit === 4 && last.outcome === 'rolled_back') return { outcome: 'failed', reason: `run ${last.run} failed and was rolled back` };
  if (exit === 5 && last.outcome === 'rollback_failed')
    return { outcome: 'failed', reason: `run ${last.run} failed and could not be rolled back` };
  return undefined;
}
