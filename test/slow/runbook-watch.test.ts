import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type Workshop, createWorkshop, document, step } from '../support/runbook.ts';

let workshop: Workshop;

beforeEach(() => {
  workshop = createWorkshop();
});
afterEach(() => workshop.remove());

const table = '| Metric | Hold | Roll back |\n| --- | --- | --- |\n| rate | > 1% | > 5% |\n| p95_ms | | > 2x baseline |';

/** A change, and a watch whose samples are the lines of a file, the last one again and again. */
function write(attributes: string, samples: readonly string[]): string {
  workshop.write('samples', `${samples.join('\n')}\n`);
  const next = 'echo x >> taken; n=$(wc -l < taken); total=$(wc -l < samples); sed -n "$(( n < total ? n : total ))p" samples';
  return workshop.write(
    'a.md',
    document(
      '{}',
      step('name=baseline kind=check capture=baseline', `echo '{"p95_ms":100}'`),
      step('name=change', 'echo change >> log'),
      step('undo=change', 'echo undo >> log'),
      step(`name=watch every=50ms ${attributes}`, next),
      table,
    ),
  );
}

const good = '{"rate":0,"p95_ms":110,"requests":100}';
const slow = '{"rate":0,"p95_ms":250,"requests":100}';
const failing = '{"rate":0.2,"p95_ms":110,"requests":100}';
const uneasy = '{"rate":0.02,"p95_ms":110,"requests":100}';

describe('a watch', () => {
  test.each<[string, string, string[], number, string, RegExp]>([
    ['passes when all is well for its time', 'for=300ms', [good], 0, 'passed', /^$/],
    ['rolls back at once', 'for=10s', [good, failing], 4, 'rolled_back', /^watch: rate is 0\.2 \(> 5%: 0\.05\)$/],
    [
      'rolls back at the second slow window in a row',
      'for=10s',
      [good, slow, slow],
      4,
      'rolled_back',
      /^watch: p95_ms is 250 \(> 2x baseline: 200\)$/,
    ],
    ['forgives one slow window', 'for=300ms hold_max=10s', [good, slow, good], 0, 'passed', /^$/],
    ['stops after a long hold', 'for=100ms hold_max=200ms', [uneasy], 6, 'held', /^$/],
    [
      'rolls back after a long hold',
      'for=100ms hold_max=200ms hold_then=rollback',
      [uneasy],
      4,
      'rolled_back',
      /^watch: it was on hold for 200ms: rate is 0\.02 \(> 1%: 0\.01\)$/,
    ],
    ['goes on after a hold', 'for=200ms hold_max=10s', [uneasy, uneasy, good], 0, 'passed', /^$/],
    ['holds without data', 'for=100ms hold_max=200ms', ['nothing'], 6, 'held', /^$/],
    ['may take missing data as bad', 'for=100ms no_data=rollback', ['{"rate":0}'], 4, 'rolled_back', /^watch: p95_ms is missing$/],
    ['may take missing data as good', 'for=100ms no_data=pass', ['{"rate":0}'], 0, 'passed', /^$/],
    [
      'needs its requests',
      'for=100ms min_requests=100000 no_data=rollback',
      [good],
      4,
      'rolled_back',
      /^watch: \d+ requests, and 100000 are needed for a verdict$/,
    ],
    ['has what comes before its warm-up is over thrown away', 'for=1200ms warmup=1s', [failing, good], 0, 'passed', /^$/],
  ])('%s', async (_what, attributes, samples, exit, outcome, reason) => {
    const file = write(attributes, samples);
    const last = await workshop.last(['run', file]);
    expect(last).toMatchObject({ exit, outcome });
    expect(last.reason ?? '').toMatch(reason);
    expect(workshop.read('log')).toBe(exit === 4 ? 'change\nundo\n' : 'change\n');
  });

  test('keeps every sample and verdict, and can be gone on with when it was on hold', async () => {
    const file = write('for=100ms hold_max=150ms', [uneasy]);
    const { run, left } = await workshop.last(['run', file]);
    expect(left).toEqual(['change']);
    const records = workshop.journal(run);
    const samples = records.filter(({ type }) => type === 'watch.sampled');
    const judged = records.filter(({ type }) => type === 'watch.judged');
    expect(samples.length).toBe(workshop.read('taken').trim().split('\n').length);
    expect(judged.length).toBe(samples.length);
    expect(samples[0]).toMatchObject({ step: 'watch', metrics: { rate: 0.02, p95_ms: 110, requests: 100 }, reason: '' });
    expect(judged[0]).toMatchObject({
      verdict: 'hold',
      rows: [
        {
          metric: 'rate',
          value: 0.02,
          limits: [
            { text: '> 1%', bound: 0.01, exceeded: true },
            { text: '> 5%', exceeded: false },
          ],
        },
        { metric: 'p95_ms', verdict: 'good' },
      ],
    });
    workshop.write('samples', `${good}\n`);
    expect(await workshop.last(['resume', run])).toMatchObject({ exit: 0, outcome: 'passed' });
    expect(workshop.read('log')).toBe('change\n');
  });

  test('lasts longer by the time that it was on hold', async () => {
    const file = write('for=600ms hold_max=10s', [...Array.from({ length: 6 }, () => uneasy), good]);
    const { run } = await workshop.last(['run', file]);
    const records = workshop.journal(run);
    const began = records.find((record) => record.type === 'step.intended' && record.step === 'watch');
    const last = records.findLast((record) => record.type === 'watch.judged');
    const held = last?.type === 'watch.judged' ? last.held_ms : 0;
    expect(held).toBeGreaterThan(200);
    expect(Date.parse(last?.at ?? '') - Date.parse(began?.at ?? '') - held).toBeGreaterThanOrEqual(600);
  });
});
