import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, test } from 'vitest';
import { type LastLine, type Workshop, createWorkshop, document, step } from '../support/runbook.ts';
import { type Moment, moments } from '../support/runbook-killed.ts';

const entry = fileURLToPath(new URL('../support/runbook-killed.ts', import.meta.url));

/** Each kind of step five times: what must not run twice unasked, what may, what can be looked up, and the check that does. */
const kinds = [
  { kind: 'ask', name: (k: number) => `change-${k}` },
  { kind: 'rerun', name: (k: number) => `repeatable-${k}` },
  { kind: 'probe', name: (k: number) => `probed-${k}` },
  { kind: 'check', name: (k: number) => `verify-${k}` },
] as const;
type Kind = (typeof kinds)[number]['kind'];

const steps = Array.from({ length: 5 }, (_, index) =>
  kinds.map(({ kind, name }) => ({ kind, name: name(index + 1), k: index + 1 })),
).flat();

/** What begins is noted before, and what is done after; in between the child lives for a moment. */
const change = (name: string): string => `echo ${name} >> begun\nsleep 0.02\necho ${name} >> done`;

const runbook = document(
  '{}',
  ...steps.map(({ kind, name, k }) => {
    if (kind === 'check') return step(`name=${name} kind=check`, `echo ${name} >> begun; grep -qx probed-${k} done`);
    const resume = { ask: 'ask', rerun: 'rerun', probe: `probe=verify-${k}` }[kind];
    return step(`name=${name} resume=${resume}`, change(name));
  }),
);

interface Case {
  /** The step at which it was killed. */
  readonly name: string;
  /** What had begun when, for whoever has to find out why it went wrong. */
  readonly begun: string;
  readonly moment: Moment;
  readonly kind: Kind;
  readonly asked: number;
  /** A change that must not run twice began again although nobody was asked. */
  readonly twice: boolean;
  /** How often each change was done. */
  readonly done: ReadonlyMap<string, number>;
  readonly end: LastLine;
  readonly verified: boolean;
}

async function killAndResume(name: string, kind: Kind, moment: Moment): Promise<Case> {
  const workshop = createWorkshop();
  try {
    const file = workshop.write('a.md', runbook);
    const killed = await workshop.runbook(['run', file], { entry, environment: { KILL_AT: `${name}/${moment}` } });
    if (killed.signal !== 'SIGKILL') throw new Error(`It was not killed at ${name}, ${moment}: ${killed.stderr}`);
    const [run = ''] = (JSON.parse((await workshop.runbook(['list', '--json'])).stdout) as { runs: { run: string }[] }).runs.map(
      (each) => each.run,
    );
    let end = await workshop.last(['resume', run]);
    let asked = 0;
    while (end.exit === 3 && asked < 3) {
      asked += 1;
      // As a person would: look whether it was done.
      const answer = count(workshop, 'done', name) > 0 ? 'done' : 'rerun';
      end = await workshop.last(['resume', run, '--answer', answer]);
    }
    const verified = (await workshop.runbook(['show', run, '--verify'])).code === 0;
    const changes = steps.filter((each) => each.kind !== 'check').map((each) => each.name);
    const done = new Map(changes.map((each) => [each, count(workshop, 'done', each)]));
    return {
      name,
      begun: workshop.read('begun'),
      moment,
      kind,
      asked,
      twice: kind === 'ask' && asked === 0 && count(workshop, 'begun', name) > 1,
      done,
      end,
      verified,
    };
  } finally {
    await workshop.remove();
  }
}

function count(workshop: Workshop, file: string, name: string): number {
  try {
    return workshop
      .read(file)
      .split('\n')
      .filter((line) => line === name).length;
  } catch {
    return 0;
  }
}

const cases: Case[] = [];

afterAll(() => {
  const rows = moments.map((moment) => {
    const here = cases.filter((each) => each.moment === moment);
    const sum = (of: (each: Case) => boolean): number => here.filter(of).length;
    return [moment, here.length, sum(({ end }) => end.outcome === 'passed'), sum(({ asked }) => asked > 0), sum(({ twice }) => twice)].map(
      (cell) => String(cell).padEnd(16),
    );
  });
  const head = ['killed', 'runs', 'same end', 'asked', 'twice unasked'].map((title) => title.padEnd(16));
  process.stdout.write(
    `\nA run of ${steps.length} steps, its runner killed with SIGKILL at each boundary of each step, then resumed:\n${[head, ...rows].map((row) => row.join('')).join('\n')}\n\n`,
  );
});

describe.each(moments)('killed %s', (moment) => {
  test('every run comes to the same end', async () => {
    const tried: Case[] = [];
    for (let index = 0; index < steps.length; index += 2)
      tried.push(...(await Promise.all(steps.slice(index, index + 2).map(({ name, kind }) => killAndResume(name, kind, moment)))));
    cases.push(...tried);
    for (const { name, begun, kind, twice, done, end, verified, asked } of tried) {
      expect({ end: end.outcome, exit: end.exit, left: end.left, verified, twice }).toEqual({
        end: 'passed',
        exit: 0,
        left: [],
        verified: true,
        twice: false,
      });
      // What may be run again may be done again; everything else is done once.
      const wrong = [...done].filter(([each, times]) => (each.startsWith('repeatable') ? times < 1 || times > 2 : times !== 1));
      expect(wrong, `killed at ${name}, asked ${asked} times; begun: ${begun.split('\n').join(' ')}`).toEqual([]);
      const unknown = moment !== 'before intent' && moment !== 'after result';
      expect(asked > 0).toBe(kind === 'ask' && unknown);
    }
  });
});
