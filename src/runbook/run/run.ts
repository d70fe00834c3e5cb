/** Starts a run of a runbook, goes on with one, takes one back, ends one: everything that changes a run, by one process at a time. */

import { dirname } from 'node:path';
import { Journal } from '../journal/journal.ts';
import { type Lease, takeLock } from '../lock/lock.ts';
import { announceChild, makeProgramFolder, parentVariable } from './children.ts';
import { ownerOf, withClaim } from './claim.ts';
import { fingerprintsOf } from './fingerprints.ts';
import type { RunFolder } from './folder.ts';
import { RunLog } from './log.ts';
import { endGroup } from '../../system/process.ts';
import type { HeldLock, RunEntry, RunFinished, RunPaused } from './records.ts';
import { canRollBack, changesOf, rollBack } from './rollback.ts';
import type { Running, Stop } from './running.ts';
import type { RunRequest } from './request.ts';
import { runSteps } from './steps.ts';

/** How this process leaves the run. */
export type End = Omit<RunPaused, 'type'> | Omit<RunFinished, 'type'>;

/** @throws LockIsHeld, with nothing written */
export async function startRun(folder: RunFolder, request: RunRequest): Promise<End> {
  return withLock(folder, request, async (lease) => {
    folder.make();
    return withClaim(folder, async () => {
      const files = folder.keep(request.plan, request.runbook.source.text);
      const journal = Journal.create<RunEntry>(folder.journal, () => new Date());
      const { runbook, plan, parent } = request;
      journal.append({
        type: 'run.started',
        run: folder.run,
        file: request.file,
        title: runbook.title,
        repository: request.repository,
        inputs: plan.inputs,
        fingerprints: fingerprintsOf(folder.state, request.inputs),
        undo: request.undo,
        parent: parent === undefined ? null : { run: parent.run, step: parent.step },
        ...beginning(request, lease),
        files,
      });
      if (parent !== undefined) announceChild(parent, folder.run);
      return carryOut(folder, { request, journal, lease }, async (running) => conclude(running, request.undo, await runSteps(running)));
    });
  });
}

/** What a process does with a run that is there already. */
export type Errand = (running: Running) => Promise<End>;

/** Goes on from where the journal ends. */
export const resume: Errand = async (running) => {
  const { started, rollback } = running.log.state;
  if (rollback !== undefined) return concludeRollback(running, rollback);
  return conclude(running, started.undo, await runSteps(running));
};

/** Takes back what was changed, whatever the run had come to. Having done so is no failure: its exit status is 0. */
export const undo =
  (reason: string): Errand =>
  async (running) => {
    const { state } = running.log;
    if (changesOf(running, state).length > 0 && !canRollBack(running))
      return finish('rollback_failed', 5, { running, reason: 'none of its changes has an undo' });
    const end = await concludeRollback(running, state.rollback ?? reason);
    return end.outcome === 'rolled_back' ? { ...end, exit: 0 } : end;
  };

/** Leaves everything as it is. */
export const leave =
  (reason: string): Errand =>
  async (running) =>
    finish('aborted', 0, { running, reason });

/** @throws LockIsHeld, RunIsBusy, DamagedJournal, with nothing changed */
export async function goOn(folder: RunFolder, request: RunRequest, errand: Errand, answers: readonly RunEntry[] = []): Promise<End> {
  return withClaim(folder, () =>
    withLock(folder, request, async (lease) => {
      const journal = Journal.open<RunEntry>(folder.journal, () => new Date());
      const files = folder.keep(request.plan, request.runbook.source.text);
      journal.append({ type: 'run.resumed', ...beginning(request, lease), changed_secrets: request.changedSecrets, files });
      return carryOut(folder, { request, journal, lease }, async (running) => {
        await settleUnknown(running);
        for (const answer of answers) running.log.record(answer);
        return errand(running);
      });
    }),
  );
}

/** Holds the lock that the runbook names, unless a run above has it already. */
async function withLock(folder: RunFolder, request: RunRequest, work: (lease: Lease | undefined) => Promise<End>): Promise<End> {
  const { lock, parent, leaseMs } = request;
  if (lock === undefined || parent?.locks.some(({ store, key }) => store === lock.store.name && key === lock.key) === true)
    return work(undefined);
  const lease = await takeLock({ ...lock, owner: ownerOf(folder.run), leaseMs });
  let ended: End | undefined;
  try {
    ended = await work(lease);
    return ended;
  } finally {
    await giveBack(lease, ended);
  }
}

/** A run that is not over keeps a lock that it has parked. @throws Error that says what to do when the place of the lock does not answer */
async function giveBack(lease: Lease, ended: End | undefined): Promise<void> {
  try {
    await lease.end(ended !== undefined && !('waiting_for' in ended) ? 'release' : 'keep');
  } catch (error) {
    if (ended === undefined) return;
    const why = error instanceof Error ? error.message : String(error);
    throw new Error(
      `The run has ended (${ended.outcome}), and its lock ${lease.key} could not be given back: ${why}. When its store is there again: quarterdeck runbook unlock ${lease.key} --force --why "its run has ended".`,
      { cause: error },
    );
  }
}

function beginning({ plan, version, people, lock }: RunRequest, lease: Lease | undefined) {
  const held: HeldLock | null =
    lease === undefined || lock === undefined ? null : { store: lock.store.name, key: lease.key, fence: lease.fence };
  return { plan_hash: plan.hash, version, operator: people.operator, process: ownerOf('').process, lock: held };
}

interface Surroundings {
  readonly request: RunRequest;
  readonly journal: Journal<RunEntry>;
  readonly lease: Lease | undefined;
}

/** Everything that the run does, and its end in the journal. */
async function carryOut(folder: RunFolder, { request, journal, lease }: Surroundings, errand: Errand): Promise<End> {
  const { runbook, plan, redactor, watcher, people, parent, repository, graceMs } = request;
  const log = new RunLog(journal, redactor, (record) => watcher.record(record));
  for (const record of journal.records.slice(-1)) watcher.record(record);
  const values = new Map(request.inputs.map(({ name, value }) => [name, value]));
  for (const { captured } of log.state.steps.values()) if (captured !== null) values.set(captured.name, captured.value);
  const locks = [...(parent?.locks ?? []), ...(log.state.lock === null ? [] : [log.state.lock])];
  const program = makeProgramFolder(folder.path, request.program);
  const environment = {
    ...request.environment,
    PATH: `${program}:${request.environment['PATH'] ?? ''}`,
    [parentVariable]: JSON.stringify({
      run: folder.run,
      state: folder.state,
      documents: dirname(request.file),
      locks,
      notify: request.notify,
      confirmedBy: people.confirmedBy ?? null,
    }),
  };
  const signal = lease === undefined ? request.signal : AbortSignal.any([request.signal, lease.lost]);
  const running: Running = {
    runbook,
    plan,
    folder,
    log,
    redactor,
    values,
    people,
    lease,
    signal,
    environment,
    repository,
    graceMs,
    onOutput: (step, stream, text) => watcher.output(step, stream, text),
  };
  try {
    const end = await errand(running);
    for (const reason of await watcher.end(end)) log.record({ type: 'notification.failed', reason });
    log.record('waiting_for' in end ? { type: 'run.paused', ...end } : { type: 'run.finished', ...end });
    if (!('waiting_for' in end)) folder.keepHead(journal.records.length, journal.head);
    return end;
  } finally {
    journal.close();
  }
}

/** What was at work when the runner died: what still lives is ended, and it is not known what it came to. */
async function settleUnknown({ log, graceMs }: Running): Promise<void> {
  for (const [commands, undoing] of [
    [log.state.steps, false],
    [log.state.undos, true],
  ] as const)
    for (const [step, { outcome, leader, attempts }] of commands) {
      if (outcome !== 'running') continue;
      if (leader !== null) await endGroup(leader, graceMs);
      const reason = 'the runner stopped before it ended';
      log.record({
        type: 'step.ended',
        step,
        undo: undoing,
        attempt: attempts,
        outcome: 'unknown',
        exit: null,
        reason,
        captured: null,
        children: [],
        retries: false,
      });
    }
}

async function conclude(running: Running, mayUndo: boolean, stop: Stop | undefined): Promise<End> {
  if (running.lease?.lost.aborted === true) return pause('lock_lost', 7, { running });
  if (stop === undefined) return finish('passed', 0, { running, reason: '' });
  switch (stop.kind) {
    case 'interrupted':
      return pause('interrupted', 130, { running });
    case 'waiting':
      return pause('waiting', 3, { running, waitingFor: stop.for });
    case 'held':
      return pause('held', 6, { running });
    case 'rollback_failed':
      return finish('rollback_failed', 5, { running, reason: `${stop.step}: ${stop.reason}` });
    case 'failed': {
      const reason = `${stop.step}: ${stop.reason}`;
      return mayUndo && canRollBack(running) ? concludeRollback(running, reason) : finish('failed', 1, { running, reason });
    }
  }
}

async function concludeRollback(running: Running, why: string): Promise<End> {
  const { outcome, reason } = await rollBack(running, why);
  if (running.lease?.lost.aborted === true) return pause('lock_lost', 7, { running });
  if (outcome === 'interrupted') return pause('interrupted', 130, { running });
  return finish(outcome, outcome === 'rolled_back' ? 4 : 5, { running, reason: reason === '' ? why : `${why}; ${reason}` });
}

function pause(
  outcome: RunPaused['outcome'],
  exit: number,
  { running, waitingFor }: { running: Running; waitingFor?: RunPaused['waiting_for'] },
): End {
  return { outcome, exit, waiting_for: waitingFor ?? null, left: leftOf(running) };
}

function finish(outcome: RunFinished['outcome'], exit: number, { running, reason }: { running: Running; reason: string }): End {
  return { outcome, exit, reason, left: outcome === 'passed' ? [] : leftOf(running) };
}

function leftOf(running: Running): string[] {
  return changesOf(running, running.log.state).map(({ name }) => name);
}
