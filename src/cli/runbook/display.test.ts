import { PassThrough } from 'node:stream';
import type { WriteStream } from 'node:tty';
import { describe, expect, test } from 'vitest';
import type { Plan } from '../../runbook/plan/plan.ts';
import type { RunEntry, RunRecord } from '../../runbook/run/records.ts';
import { eventsOn, showOn } from './display.ts';

const plan = {
  title: 'Deploy',
  hash: 'a'.repeat(64),
  inputs: [],
  not_run: [],
  lock: null,
  steps: [{ name: 'apply', stage: 'Apply' }],
} as unknown as Plan;

const of = { step: 'apply', undo: false, attempt: 1 } as const;
const entries: RunEntry[] = [
  { type: 'step.intended', ...of, kind: 'change', command_hash: '' },
  {
    type: 'step.ended',
    ...of,
    outcome: 'failed',
    exit: 1,
    reason: 'the exit status is 1\u001B[31m',
    captured: null,
    children: [],
    retries: true,
  },
];
const records: RunRecord[] = entries.map((entry, index) => ({
  ...entry,
  seq: index + 1,
  at: '2026-01-01T10:00:00.000Z',
  prev: 'p',
  hash: 'h',
}));

/** A stream, and what was written to it. */
function terminal(more: object): { stream: WriteStream; written(): string } {
  const stream = new PassThrough();
  let all = '';
  stream.on('data', (chunk: Buffer) => (all += chunk.toString()));
  const moves = { clearLine: () => true, cursorTo: () => true, moveCursor: () => true };
  return { stream: Object.assign(stream, moves, more) as unknown as WriteStream, written: () => all };
}

function play(display: ReturnType<typeof showOn>): void {
  const [begin, end] = records;
  if (begin !== undefined) display.record(begin);
  display.output('apply', 'stdout', 'one\ntw');
  display.output('apply', 'stderr', 'o\n\u001B[2Jthree');
  if (end !== undefined) display.record(end);
  display.rest();
}

describe('a run', () => {
  test.each([
    ['no terminal', { isTTY: false }],
    // It would be asked for the number of its lines for ever.
    ['a terminal that does not say how wide it is', { isTTY: true, columns: 0 }],
  ])('is shown in plain lines on %s', (_what, more) => {
    const { stream, written } = terminal(more);
    play(showOn(stream, plan));
    expect(written().replace(/\d+ms/, 'TIME')).toBe(
      '\nApply\n  apply\n    │ one\n    │ two\n    │ three\n  ✖ apply TIME: the exit status is 1; it is tried again\n',
    );
  });

  test('shows what is at work on a terminal', () => {
    const { stream, written } = terminal({ isTTY: true, columns: 80 });
    play(showOn(stream, plan));
    expect(written()).toMatch(/[⠋⠙⠹].*apply/);
  });

  test('is one JSON object a line for programs', () => {
    const { stream, written } = terminal({ isTTY: false });
    play(eventsOn(stream));
    const events = written()
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as object);
    expect(events).toMatchObject([
      { event: 'step.intended', step: 'apply' },
      { event: 'step.output', stream: 'stdout' },
      { event: 'step.output', stream: 'stderr' },
      { event: 'step.ended', outcome: 'failed' },
    ]);
    expect(written()).not.toContain('"prev"');
  });
});
