/** Repeats the command of a watch, keeps every sample and verdict, and ends as its table says. */

import { setTimeout as sleep } from 'node:timers/promises';
import type { Step, Watch } from '../document.ts';
import { hashOfCommand } from '../plan/plan.ts';
import { showDuration } from '../../system/duration.ts';
import { type Judged, WatchJudge } from '../watch/verdict.ts';
import { runAndJudge } from './attempt.ts';
import type { StepOutcome } from './records.ts';
import type { Running, Stop } from './running.ts';

interface End {
  readonly outcome: Extract<StepOutcome, 'passed' | 'failed' | 'inconclusive' | 'held' | 'unknown'>;
  readonly reason: string;
}

export async function runWatch(running: Running, step: Step, watch: Watch): Promise<Stop | undefined> {
  const { log } = running;
  const attempt = (log.state.steps.get(step.name)?.attempts ?? 0) + 1;
  const which = { step: step.name, undo: false, attempt };
  if (step.kind === 'change') await running.lease?.park();
  log.record({ type: 'step.intended', ...which, kind: step.kind, command_hash: hashOfCommand(step) });
  const { outcome, reason } = await watchUntilDecided(running, step, { watch, which });
  log.record({ type: 'step.ended', ...which, outcome, reason, exit: null, captured: null, children: [], retries: false });
  if (outcome === 'passed') return undefined;
  if (outcome === 'held') return { kind: 'held', step: step.name };
  return outcome === 'unknown' ? { kind: 'interrupted' } : { kind: 'failed', step: step.name, reason };
}

interface Watching {
  readonly watch: Watch;
  readonly which: { step: string; undo: boolean; attempt: number };
}

async function watchUntilDecided(running: Running, step: Step, { watch, which }: Watching): Promise<End> {
  const { log, signal } = running;
  const judge = new WatchJudge(watch, running.values);
  const began = Date.now();
  const mostHoldMs = watch.holdMaxMs ?? watch.forMs;
  let heldMs = 0;
  let onHoldSince: number | undefined;
  for (let count = 0; ; count += 1) {
    const metrics = await sample(running, step, which);
    if (signal.aborted) return { outcome: 'unknown', reason: 'it was interrupted' };
    const at = Date.now();
    if (onHoldSince !== undefined) heldMs += at - onHoldSince;
    onHoldSince = undefined;
    if (at - began >= watch.warmupMs) {
      const last = at - began - heldMs >= watch.forMs;
      const judged = judge.take({ at, metrics }, last);
      log.record({ type: 'watch.judged', step: step.name, ...judged, held_ms: heldMs });
      const verdict = withPolicy(judged, watch);
      const why = judged.reasons.join('; ');
      if (verdict === 'roll_back') return { outcome: judged.verdict === 'inconclusive' ? 'inconclusive' : 'failed', reason: why };
      if (verdict === 'good' && last) return { outcome: 'passed', reason: '' };
      if (verdict === 'hold') {
        onHoldSince = at;
        if (heldMs >= mostHoldMs) return afterLongHold(watch, mostHoldMs, why);
      }
    }
    if (!(await waitUntil(began + (count + 1) * watch.everyMs, signal))) return { outcome: 'unknown', reason: 'it was interrupted' };
  }
}

/** Missing data is never success, unless the author says so. */
function withPolicy({ verdict }: Judged, { noData }: Watch): 'good' | 'hold' | 'roll_back' | 'open' {
  if (verdict !== 'inconclusive') return verdict;
  return noData === 'hold' ? 'hold' : noData === 'rollback' ? 'roll_back' : 'good';
}

function afterLongHold({ holdThen }: Watch, mostHoldMs: number, why: string): End {
  const reason = `it was on hold for ${showDuration(mostHoldMs)}: ${why}`;
  return { outcome: holdThen === 'stop' ? 'held' : 'failed', reason };
}

/** The metrics that the command prints; null: it gave none, and the journal says why. */
async function sample(running: Running, step: Step, which: Watching['which']): Promise<Record<string, unknown> | null> {
  const { ended, judgement } = await runAndJudge(running, { command: step, capture: undefined, which });
  const metrics = judgement.outcome === 'passed' ? objectIn(ended?.stdout ?? '') : undefined;
  const reason = judgement.outcome === 'passed' ? 'it did not print one JSON object' : judgement.reason;
  if (judgement.outcome !== 'unknown')
    running.log.record({ type: 'watch.sampled', step: step.name, metrics: metrics ?? null, reason: metrics === undefined ? reason : '' });
  return metrics ?? null;
}

function objectIn(text: string): Record<string, unknown> | undefined {
  try {
    const body: unknown = JSON.parse(text);
    return typeof body === 'object' && body !== null && !Array.isArray(body) ? (body as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}

/** false: it was interrupted. */
async function waitUntil(at: number, signal: AbortSignal): Promise<boolean> {
  try {
    await sleep(Math.max(0, at - Date.now()), undefined, { signal });
    return true;
  } catch {
    return false;
  }
}
