/** `quarterdeck runbook list` and `show`: which runs there were, and what came of each step. */

import type { Plan } from '../../runbook/plan/plan.ts';
import { RunFolder } from '../../runbook/run/folder.ts';
import { type CommandState, type RunState, outcomeOf } from '../../runbook/run/state.ts';
import { CliCommand } from '../command.ts';
import { type Color, facts, moment, oneLine, print, style, table } from '../output.ts';
import { type StateOptions, stateFolder, withState } from './request.ts';

const pageSize = 50;

interface ListOptions extends StateOptions {
  json?: boolean;
  limit: string;
}

export function listCommand(): CliCommand {
  const command = new CliCommand('list', {
    summary: 'The runs of this user, the newest first.',
    example: 'quarterdeck runbook list --limit 10',
  });
  withState(command)
    .option('--limit <count>', 'How many at most.', String(pageSize))
    .option('--before <run>', 'Only those before this one: the last of the page before.');
  return command.action((options: ListOptions & { before?: string }) => {
    const { before } = options;
    const all = RunFolder.all(stateFolder(options)).filter(({ run }) => before === undefined || run < before);
    const limit = Math.max(1, Number.parseInt(options.limit, 10) || pageSize);
    const runs = all.slice(0, limit).flatMap(summaryOf);
    const next = all.length > limit ? (runs.at(-1)?.run ?? null) : null;
    print(options.json, { runs, next }, () => `${listed(runs)}${next === null ? '' : `\nMore: --before ${next}`}`);
  });
}

interface Summary {
  readonly run: string;
  readonly title: string;
  readonly file: string;
  readonly outcome: ReturnType<typeof outcomeOf>;
  readonly started_at: string;
  readonly ended_at: string | null;
  readonly waiting_for: RunState['waitingFor'];
}

function summaryOf(folder: RunFolder): Summary[] {
  const { state } = folder.read();
  if (state === undefined) return [];
  const { started, startedAt, endedAt, waitingFor } = state;
  return [
    {
      run: folder.run,
      title: started.title,
      file: started.file,
      outcome: outcomeOf(state, folder.isAtWork()),
      started_at: startedAt,
      ended_at: endedAt,
      waiting_for: waitingFor,
    },
  ];
}

const colors: Partial<Record<string, Color>> = {
  passed: 'green',
  failed: 'red',
  error: 'red',
  rollback_failed: 'red',
  rolled_back: 'yellow',
  waiting: 'yellow',
  held: 'yellow',
  unknown: 'yellow',
  interrupted: 'yellow',
};

function listed(runs: readonly Summary[]): string {
  return table(
    runs,
    [
      { title: 'run', value: ({ run }) => run },
      { title: 'outcome', value: ({ outcome }) => outcome.replace('_', ' '), color: ({ outcome }) => colors[outcome] },
      { title: 'started', value: ({ started_at }) => moment(new Date(started_at), '') },
      { title: 'runbook', value: ({ title }) => oneLine(title) },
      { title: 'next', value: nextFor },
    ],
    'There are no runs yet. Start one with quarterdeck runbook run FILE.',
  );
}

function nextFor({ outcome, waiting_for: waiting }: Summary): string {
  if (outcome === 'unknown') return 'it stopped without an end: resume it';
  if (waiting !== null) return `${waiting.step} waits for ${waiting.what === 'approval' ? waiting.text : `a ${waiting.what}`}`;
  return outcome === 'held' || outcome === 'interrupted' ? 'resume it' : '';
}

export function showCommand(): CliCommand {
  const command = new CliCommand('show', {
    summary: 'What came of a run, step by step.',
    details:
      'With --verify the journal is checked, and the files beside it: the exit status is 1 when somebody has changed them anywhere, or has cut the end off a finished run.',
    example: 'quarterdeck runbook show 20261121-140502-3f9a1c --verify',
  });
  withState(command)
    .argument('<run>', 'Its name, or the beginning of it.')
    .option('--verify', 'Check that the journal, the plan and the outputs are as they were written.');
  return command.action((run: string, options: StateOptions & { json?: boolean; verify?: boolean }) => {
    const folder = RunFolder.find(stateFolder(options), run);
    const { state, damage, records } = folder.read();
    const changed = options.verify === true ? folder.changedFiles(records) : [];
    const verified = {
      verified: damage === undefined && changed.length === 0,
      head: records.at(-1)?.hash ?? null,
      damage: damage ?? null,
      changed,
    };
    const shown = state === undefined ? undefined : runAsJson(folder, state, folder.plan());
    print(options.json, { run: folder.run, ...shown, ...(options.verify === true ? verified : {}) }, () =>
      [
        ...(state === undefined ? [`Run ${folder.run} never began.`] : [runAsText(folder, state, folder.plan())]),
        ...(damage === undefined
          ? []
          : [style('red', `${folder.journal}:${damage.line}: ${damage.message}. What is shown is what it says up to that line.`)]),
        ...changed.map((what) => style('red', `${what}.`)),
        ...(options.verify === true && damage === undefined
          ? [`The journal is as it was written: ${records.length} records, the last with ${verified.head}.`]
          : []),
      ].join('\n\n'),
    );
    if (options.verify === true && !verified.verified) process.exitCode = 1;
  });
}

function runAsJson(folder: RunFolder, state: RunState, plan: Plan) {
  const { started, planHash: hash, waitingFor: waiting_for, left, exit, reason, startedAt: started_at, endedAt: ended_at } = state;
  const steps = plan.steps.map(({ name, stage }) => ({ name, stage, ...commandAsJson(state.steps.get(name)) }));
  const undos = [...state.undos].map(([name, undo]) => ({ name, ...commandAsJson(undo) }));
  return {
    file: started.file,
    title: started.title,
    hash,
    outcome: outcomeOf(state, folder.isAtWork()),
    exit,
    reason,
    waiting_for,
    left,
    started_at,
    ended_at,
    steps,
    undos,
  };
}

function commandAsJson(state: CommandState | undefined) {
  const { outcome = null, attempts = 0, startedAt: started_at = null, endedAt: ended_at = null, exit = null, reason = '' } = state ?? {};
  return { outcome, attempts, started_at, ended_at, exit, reason };
}

type Shown = ReturnType<typeof runAsJson>;

function runAsText(folder: RunFolder, state: RunState, plan: Plan): string {
  const run = runAsJson(folder, state, plan);
  const head = facts([
    ['run', folder.run],
    ['runbook', `${oneLine(run.title)} (${run.file})`],
    ['plan', run.hash],
    ['outcome', `${run.outcome.replace('_', ' ')}${run.reason === '' ? '' : `: ${oneLine(run.reason)}`}`],
    ...(run.waiting_for === null
      ? []
      : [['waits for', `${run.waiting_for.what} at ${run.waiting_for.step}: ${oneLine(run.waiting_for.text)}`] as const]),
    ...(run.left.length === 0 ? [] : [['left', run.left.join(', ')] as const]),
    ['outputs', folder.outputs],
  ]);
  return `${head}\n\n${commands('step', run.steps)}${run.undos.length === 0 ? '' : `\n\n${commands('undo of', run.undos)}`}`;
}

function commands(title: string, rows: readonly (Shown['steps'][number] | Shown['undos'][number])[]): string {
  return table(
    rows,
    [
      { title, value: ({ name }) => name },
      {
        title: 'outcome',
        value: ({ outcome }) => outcome ?? 'not yet',
        color: ({ outcome }) => (outcome === null ? 'dim' : colors[outcome]),
      },
      { title: 'attempts', value: ({ attempts }) => (attempts === 0 ? '' : String(attempts)) },
      { title: 'ended', value: ({ ended_at }) => moment(ended_at === null ? null : new Date(ended_at), '') },
      { title: 'why', value: ({ reason }) => reason },
    ],
    'There are none.',
  );
}
