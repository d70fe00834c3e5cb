import { describe, expect, test } from 'vitest';
import { deployment, outputs, plan } from '../../../test/support/deployment.ts';
import type { RunEntry } from '../run/records.ts';
import { type LogParts, deploymentLog } from './log.ts';
import { badPeriodsOf, limitsOf, periodsOf } from './watch.ts';

const logOf = (until?: RunEntry['type'], changes: Partial<LogParts> = {}) =>
  deploymentLog({
    records: deployment(until),
    plan,
    damage: undefined,
    atWork: false,
    outputOf: ({ step, undo, attempt }, stream) => outputs[`${undo ? 'undo-' : ''}${step}.${attempt}.${stream}`],
    ...changes,
  });

const stepOf = (log: ReturnType<typeof logOf>, name: string) => {
  const step = log.stages.flatMap(({ steps }) => steps).find((each) => each.name === name);
  if (step === undefined) throw new Error(`There is no step ${name}.`);
  return step;
};

describe('the deployment log', () => {
  test('says who did what where, in which version and with which inputs', () => {
    expect(logOf()).toMatchObject({
      run: '20261121-100000-abc123',
      file: '/work/shop/runbooks/deploy.md',
      outcome: 'rolled_back',
      exit: 4,
      reason: 'watch: error_rate is 0.021 (> 1%)',
      left: [],
      started_at: '2026-11-21T10:00:00.000Z',
      ended_at: '2026-11-21T10:17:56.000Z',
      parts: [
        { at: '2026-11-21T10:00:00.000Z', by: { user: 'ada', host: 'ship' }, version: '0.1.0', plan_hash: plan.hash },
        { at: '2026-11-21T10:06:30.000Z', by: { user: 'deploy', host: 'pipeline-7', terminal: false } },
      ],
      lock: { key: 'deploy-staging', fence: 7 },
      inputs: [
        { name: 'ENVIRONMENT', value: 'staging', source: '--input' },
        { name: 'TOKEN', value: null, source: 'TOKEN' },
      ],
      notifications_not_sent: [expect.stringContaining('OPS_SLACK_URL')],
      journal: { records: 96, damage: null },
    });
  });

  test('has every step under its heading, also those that the run did not come to', () => {
    expect(logOf().stages.map(({ title, steps }) => [title, steps.map(({ name, outcome }) => `${name}: ${outcome}`)])).toEqual([
      ['Before', ['the-cluster-has-room: passed', 'the-team-knows-about-the-window: passed', 'baseline: passed']],
      ['Apply', ['apply: passed']],
      ['Watch', ['watch: failed']],
      ['After', ['the-dashboard-is-quiet: not_run']],
    ]);
  });

  test('has each attempt with its time, its reason and the end of what it wrote', () => {
    const { attempts, answers, undone_at } = stepOf(logOf(), 'apply');
    expect(attempts).toEqual([
      {
        attempt: 1,
        started_at: '2026-11-21T10:06:31.000Z',
        ended_at: '2026-11-21T10:06:43.000Z',
        outcome: 'failed',
        exit: 1,
        reason: 'the exit status is 1: Unable to connect to the server: <EOF>',
        stdout: '',
        stderr: 'Unable to connect to the server: <EOF>',
      },
      expect.objectContaining({
        attempt: 2,
        outcome: 'passed',
        exit: 0,
        stdout: 'deployment.apps/quarterdeck configured\nWaiting…\ndeployment "quarterdeck" successfully rolled out',
      }),
    ]);
    expect(answers).toMatchObject([{ to: 'approval', answer: 'yes', by: 'Grace Hopper', role: 'release manager' }]);
    expect(undone_at).toBe('2026-11-21T10:17:54.000Z');
  });

  test('keeps only the end of a long output', () => {
    const long = Array.from({ length: 5_000 }, (_, line) => `line ${line}`).join('\n');
    const [first] = stepOf(logOf(undefined, { outputOf: () => long }), 'baseline').attempts;
    expect(first?.stdout.split('\n')).toEqual(['[…]', ...Array.from({ length: 60 }, (_, line) => `line ${4_940 + line}`)]);
    const [one] = stepOf(logOf(undefined, { outputOf: () => 'x'.repeat(100_000) }), 'baseline').attempts;
    expect(one?.stdout).toHaveLength(8_004);
  });

  test('says what was taken back, by whom and why', () => {
    expect(logOf().rollback).toMatchObject({
      at: '2026-11-21T10:17:31.000Z',
      by: { user: 'deploy' },
      reason: 'watch: error_rate is 0.021 (> 1%)',
      undos: [{ name: 'apply', outcome: 'passed', command: 'kubectl rollout undo deployment/quarterdeck' }],
    });
    expect(logOf('rollback.started').rollback).toBeNull();
  });

  test('says what a run waits for, and whether one without an end is at work', () => {
    expect(logOf('approval.given')).toMatchObject({ outcome: 'waiting', exit: 3, waiting_for: { step: 'apply', text: 'release manager' } });
    expect(logOf('rollback.started', { atWork: true }).outcome).toBe('running');
    expect(logOf('rollback.started', { atWork: false }).outcome).toBe('unknown');
  });

  test('counts what a person said about a step as no attempt of its own', () => {
    const [first, ...records] = deployment('confirmation.given');
    if (first === undefined) throw new Error('The example has no start.');
    const at = '2026-11-21T10:01:00.000Z';
    const said = { type: 'step.ended', step: 'the-cluster-has-room', undo: false, attempt: 1, outcome: 'passed' } as const;
    const end = { exit: null, reason: 'ada says that it is done', captured: null, children: [], retries: false };
    const log = logOf(undefined, { records: [first, ...records, { ...first, seq: 4, at, ...said, ...end }] });
    expect(stepOf(log, 'the-cluster-has-room').attempts).toMatchObject([
      { started_at: '2026-11-21T10:00:01.000Z', reason: '' },
      { started_at: null, ended_at: at, reason: 'ada says that it is done' },
    ]);
  });

  test('keeps steps that are no longer in the runbook', () => {
    const steps = plan.steps.filter(({ name }) => name !== 'baseline');
    const { stages } = logOf(undefined, { plan: { ...plan, steps } });
    expect(stages.at(-1)).toMatchObject({ title: 'No longer in the runbook', steps: [{ name: 'baseline', outcome: 'passed' }] });
  });

  test('has every sample and verdict of the watch, and when which held', () => {
    const { watch } = stepOf(logOf(), 'watch');
    if (watch === null) throw new Error('It has no watch.');
    expect([watch.samples.length, watch.verdicts.length]).toEqual([38, 38]);
    expect(watch.samples[25]).toEqual({ at: '2026-11-21T10:14:30.000Z', metrics: null, reason: 'it ran past its time of 10s' });
    expect(periodsOf(watch).map(({ verdict, count }) => `${verdict} ${count}`)).toEqual([
      'good 14',
      'hold 5',
      'good 6',
      'inconclusive 2',
      'good 10',
      'roll_back 1',
    ]);
    expect(badPeriodsOf(watch, 'p95_ms').map(({ verdict, from, to }) => [verdict, from.slice(11, 19), to.slice(11, 19)])).toEqual([
      ['hold', '10:11:30', '10:12:45'],
      ['inconclusive', '10:14:15', '10:14:45'],
    ]);
    expect(limitsOf(watch, 'p95_ms')).toEqual([
      { cell: 'hold', text: '> 1.5x baseline', bound: 180 },
      { cell: 'roll_back', text: '> 2x baseline', bound: 240 },
    ]);
    expect(limitsOf(watch, 'restarts')).toEqual([]);
  });
});
