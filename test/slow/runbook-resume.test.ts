import { setTimeout as sleep } from 'node:timers/promises';
import { mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { Journal } from '../../src/runbook/journal/journal.ts';
import { identityOf } from '../../src/system/process.ts';
import type { RunEntry } from '../../src/runbook/run/records.ts';
import { type Workshop, createWorkshop, document, expecting, step } from '../support/runbook.ts';

let workshop: Workshop;

beforeEach(() => {
  workshop = createWorkshop();
});
afterEach(() => workshop.remove());

const lines = (name: string): string[] => workshop.read(name).trim().split('\n');

/** Kills the runner from inside a step, as soon as that has begun. */
const killRunner = 'kill -9 $PPID; sleep 5';

async function show(run: string) {
  const { stdout } = await workshop.runbook(['show', run, '--json']);
  return JSON.parse(stdout) as {
    outcome: string;
    hash: string;
    waiting_for: { step: string; what: string } | null;
    steps: { name: string; outcome: string | null; attempts: number }[];
  };
}

/** The only run there is. */
function onlyRun(): string {
  const [run = ''] = readdirSync(join(workshop.folder, 'state/quarterdeck/runbooks/runs'));
  return run;
}

describe('confirmations and approvals', () => {
  test('make a run wait where nobody can be asked, and are kept with who gave them', async () => {
    const file = workshop.write(
      'a.md',
      document(
        '{}',
        '- [ ] There is room — `$ true`',
        '- [ ] The team knows',
        step('name=apply approve="release manager"', 'echo apply >> log'),
      ),
    );
    const first = await workshop.last(['run', file]);
    expect(first).toMatchObject({ outcome: 'waiting', exit: 3, waiting_for: { step: 'the-team-knows', what: 'confirmation' }, left: [] });
    const { run } = first;
    const second = await workshop.last(['resume', run, '--yes', '--by', 'ada']);
    expect(second).toMatchObject({ outcome: 'waiting', exit: 3, waiting_for: { step: 'apply', what: 'approval' } });
    const { hash } = await show(run);
    for (const [words, message] of [
      [['--by', 'bo'], `Add --hash ${hash}`.replace('Add', 'add')],
      [['--by', 'bo', '--hash', `0${hash.slice(1)}`.replace(/^0(?=0)/, '1')], `but ${hash}`],
      [['--hash', hash], "required option '--by <name>' not specified"],
    ] as const) {
      const refused = await workshop.runbook(['approve', run, ...words]);
      expect([refused.code, refused.stderr]).toEqual([2, expect.stringContaining(message)]);
    }
    expect(await workshop.runbook(['approve', run, '--by', 'bo', '--hash', hash])).toMatchObject({ code: 0 });
    expect(await workshop.last(['resume', run])).toMatchObject({ outcome: 'passed', exit: 0 });
    expect(lines('log')).toEqual(['apply']);
    expect(workshop.journal(run).filter(({ type }) => type.endsWith('.given'))).toMatchObject([
      { type: 'confirmation.given', text: 'The team knows', by: 'ada', answer: 'yes', operator: { terminal: false } },
      { type: 'approval.given', step: 'apply', role: 'release manager', by: 'bo', plan_hash: hash },
    ]);
    expect(await workshop.runbook(['resume', run])).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('has passed, so there is nothing to go on with') as string,
    });
  });

  test('expire after a day', async () => {
    const file = workshop.write('a.md', document('{}', step('name=apply approve=boss', 'echo apply >> log')));
    const { run } = await workshop.last(['run', file]);
    const { hash } = await show(run);
    const operator = { user: 'bo', host: 'here', terminal: true };
    for (const hours of [25, 23]) {
      const path = join(workshop.folder, 'state/quarterdeck/runbooks/runs', run, 'journal.jsonl');
      const journal = Journal.open<RunEntry>(path, () => new Date(Date.now() - hours * 3_600_000));
      journal.append({ type: 'approval.given', step: 'apply', role: 'boss', plan_hash: hash, by: 'bo', operator });
      journal.close();
      expect(await workshop.last(['resume', run])).toMatchObject({ exit: hours > 24 ? 3 : 0 });
    }
    expect(lines('log')).toEqual(['apply']);
  });

  test('are void when the plan changes, and what is done must stay as it was', async () => {
    const text = (first: string, second: string) => document('{}', step('name=first', first), step('name=second approve=boss', second));
    const file = workshop.write('a.md', text('echo first >> log', 'echo second >> log'));
    const { run } = await workshop.last(['run', file]);
    const { hash } = await show(run);
    await workshop.runbook(['approve', run, '--by', 'bo', '--hash', hash]);
    workshop.write('a.md', text('echo first >> log', 'echo SECOND >> log'));
    expect(await workshop.last(['resume', run])).toMatchObject({ exit: 3, waiting_for: { what: 'approval' }, left: ['first'] });
    const changed = (await show(run)).hash;
    expect(changed).not.toBe(hash);
    workshop.write('a.md', text('echo FIRST >> log', 'echo SECOND >> log'));
    const stopped = await workshop.runbook(['resume', run]);
    expect([stopped.code, stopped.stderr]).toEqual([2, expect.stringContaining('is not what was run: first changed after it was done')]);
    workshop.write('a.md', text('echo first >> log', 'echo SECOND >> log'));
    await workshop.runbook(['approve', run, '--by', 'bo', '--hash', changed]);
    expect(await workshop.last(['resume', run])).toMatchObject({ exit: 0 });
    expect(lines('log')).toEqual(['first', 'SECOND']);
  });
});

describe('a run whose runner was killed', () => {
  test('asks before it runs a change again, and what it started is ended first', async () => {
    const file = workshop.write(
      'a.md',
      document(
        '{}',
        step('name=apply', `echo apply >> log; if [ ! -e again ]; then touch again; echo $$ > pid; ${killRunner}0; echo late >> log; fi`),
        step('undo=apply', 'echo undo >> log'),
      ),
    );
    expect(await workshop.runbook(['run', file])).toMatchObject({ signal: 'SIGKILL' });
    const run = onlyRun();
    expect((await show(run)).outcome).toBe('unknown');
    expect((await workshop.runbook(['list'])).stdout).toContain('it stopped without an end: resume it');
    // Whoever starts the same runbook is told; what they asked for is done.
    expect((await workshop.runbook(['run', file])).stderr).toContain(`Run ${run} of this runbook stopped without an end`);
    expect(await workshop.last(['resume', run, '--grace', '1s'])).toMatchObject({
      exit: 3,
      waiting_for: { step: 'apply', what: 'decision' },
      left: ['apply'],
    });
    expect(lines('log')).toEqual(['apply', 'apply']);
    expect(identityOf(Number(workshop.read('pid')))).toBeUndefined();
    expect(await workshop.last(['resume', run, '--answer', 'rerun', '--by', 'ada'])).toMatchObject({ exit: 0 });
    expect(lines('log')).toEqual(['apply', 'apply', 'apply']);
  });

  test.each([
    ['--answer done', ['--answer', 'done'], 0, ['apply']],
    ['undo', undefined, 0, ['apply', 'undo']],
  ])('goes on with %s', async (_what, answer, exit, expected) => {
    const file = workshop.write(
      'a.md',
      document(
        '{}',
        step('name=apply', `echo apply >> log; ${killRunner}`),
        step('undo=apply', 'echo undo >> log'),
        step('name=next kind=check', 'true'),
      ),
    );
    await workshop.runbook(['run', file]);
    const run = onlyRun();
    const { code } = await workshop.runbook(answer === undefined ? ['undo', run] : ['resume', run, ...answer]);
    expect([code, lines('log')]).toEqual([exit, expected]);
  });

  test.each([
    ['done already', 'grep -q done log', ['begun', 'done']],
    ['not done', 'grep -q nothing log', ['begun', 'done', 'begun', 'done']],
  ])('asks its probe, which says that it is %s', async (_what, probe, expected) => {
    const file = workshop.write(
      'a.md',
      document(
        '{}',
        step('name=is-done kind=check', `test ! -e log || ${probe}`),
        step('name=apply resume=probe=is-done', `echo begun >> log; echo done >> log; test -e again || { touch again; ${killRunner}; }`),
      ),
    );
    await workshop.runbook(['run', file]);
    expect(await workshop.last(['resume', onlyRun()])).toMatchObject({ exit: 0 });
    expect(lines('log')).toEqual(expected);
  });

  test('reads secrets again, and goes on with a rollback that it was in', async () => {
    const file = workshop.write(
      'a.md',
      document(
        'inputs:\n  TOKEN: { secret: true }',
        step('name=session kind=check capture_secret=SESSION', 'echo "session of $TOKEN"; echo session >> log'),
        step('name=one', 'echo one >> log'),
        step('undo=one', 'echo "undo one ${#SESSION}" >> log'),
        step('name=two', 'echo two >> log; false'),
        step('undo=two', `echo undo two >> log; test -e again || { touch again; ${killRunner}; }`),
      ),
    );
    const environment = { TOKEN: 'correct horse battery' };
    await workshop.runbook(['run', file], { environment });
    const run = onlyRun();
    expect((await workshop.runbook(['resume', run])).stderr).toContain(
      'TOKEN is a secret and has no value: set TOKEN, or TOKEN_FILE to a file that has it.',
    );
    expect(await workshop.last(['resume', run], { environment: { TOKEN: 'another horse battery' } })).toMatchObject({ exit: 4, left: [] });
    expect(lines('log')).toEqual(['session', 'one', 'two', 'undo two', 'session', 'undo two', 'undo one 32']);
    expect(workshop.journal(run).find(({ type }) => type === 'run.resumed')).toMatchObject({ changed_secrets: ['TOKEN'] });
  });
});

describe('a run that was stopped', () => {
  test('by Ctrl-C ends its step in order, and can be gone on with', async () => {
    const file = workshop.write(
      'a.md',
      document(
        '{}',
        step('name=wait resume=rerun', 'trap "echo tidied >> log; exit 0" TERM; echo begun >> log; while [ ! -e go ]; do sleep 0.05; done'),
      ),
    );
    const { ended, kill } = workshop.start(['run', file]);
    await expect.poll(() => readdirSync(workshop.folder), { timeout: 10_000 }).toContain('log');
    kill('SIGINT');
    expect(await ended).toMatchObject({
      code: 130,
      stdout: expect.stringMatching(/was interrupted\.\nTo go on: .*quarterdeck runbook resume \S+\nleft: wait\n$/) as string,
    });
    workshop.write('go', '');
    expect(await workshop.last(['resume', onlyRun()])).toMatchObject({ exit: 0 });
    expect(lines('log')).toEqual(['begun', 'tidied', 'begun']);
  });

  test('can be ended for good, with its changes taken back or left', async () => {
    const file = workshop.write(
      'a.md',
      document('{}', step('name=one', 'echo one >> log'), step('undo=one', 'echo undo >> log'), '- [ ] Go on?'),
    );
    const { run: left } = await workshop.last(['run', file]);
    expect((await workshop.runbook(['abort', left, '--why', 'late'])).code).toBe(2);
    expect(await workshop.last(['abort', left, '--why', 'late', '--leave'])).toMatchObject({
      outcome: 'aborted',
      exit: 0,
      left: ['one'],
      reason: 'late',
    });
    const { run: back } = await workshop.last(['run', file]);
    expect(await workshop.last(['abort', back, '--why', 'late', '--undo'])).toMatchObject({ outcome: 'rolled_back', exit: 0, left: [] });
    expect(lines('log')).toEqual(['one', 'one', 'undo']);
    expect((await workshop.runbook(['resume', back])).code).toBe(2);
  });

  test('after a failure goes on from there, when its cause is mended', async () => {
    const file = workshop.write(
      'a.md',
      document(
        '{}',
        step('name=one', 'echo one >> log'),
        step('name=check kind=check', 'test -e mended'),
        expecting('expect', 'stdout empty'),
        step('name=two', 'echo two >> log'),
      ),
    );
    const { run, exit } = await workshop.last(['run', file]);
    expect(exit).toBe(1);
    workshop.write('mended', '');
    expect(await workshop.last(['resume', run])).toMatchObject({ exit: 0 });
    expect(lines('log')).toEqual(['one', 'two']);
  });

  test('can be taken back when it has passed, as it was when it ran', async () => {
    const text = (undo: string) => document('{}', step('name=one', `echo one >> log`), step('undo=one', undo));
    const file = workshop.write('a.md', text('echo undo >> log'));
    const { run } = await workshop.last(['run', file]);
    workshop.write('a.md', text('echo UNDO >> log').replace('echo one', 'echo another'));
    expect(await workshop.runbook(['undo', run])).toMatchObject({
      code: 0,
      stdout: expect.stringContaining('every change that it had begun was undone') as string,
    });
    expect(lines('log')).toEqual(['one', 'undo']);
  });

  test('is worked on by one process at a time', async () => {
    const file = workshop.write('a.md', document('{}', step('name=wait', 'touch up; while [ ! -e go ]; do sleep 0.05; done')));
    const { ended } = workshop.start(['run', file]);
    await expect.poll(() => readdirSync(workshop.folder), { timeout: 10_000 }).toContain('up');
    const second = await workshop.runbook(['resume', onlyRun()]);
    expect([second.code, second.stderr]).toEqual([7, expect.stringMatching(/Process \d+ of \S+ is at work on run/)]);
    workshop.write('go', '');
    expect((await ended).code).toBe(0);
    await sleep(0);
  });
});

describe('a journal', () => {
  test('shows an edit anywhere, and a cut of a run that has finished', async () => {
    const file = workshop.write('a.md', document('{}', step('name=one kind=check', 'echo one'), step('name=two kind=check', 'echo two')));
    const { run } = await workshop.last(['run', file]);
    const path = join(workshop.folder, 'state/quarterdeck/runbooks/runs', run, 'journal.jsonl');
    const whole = readFileSync(path, 'utf8');
    expect(await workshop.runbook(['show', run, '--verify'])).toMatchObject({
      code: 0,
      stdout: expect.stringContaining('The journal is as it was written: 8 records') as string,
    });
    const all = whole.trimEnd().split('\n');
    for (const [index, line] of all.entries()) {
      writeFileSync(path, all.with(index, line.replace(/"at":"2/, '"at":"3')).join('\n') + '\n');
      expect((await workshop.runbook(['show', run, '--verify', '--json'])).code).toBe(1);
    }
    writeFileSync(path, whole);
    for (const name of ['plan.json', 'runbook.md', 'outputs/two.1.stdout']) {
      const beside = join(path, '..', name);
      const before = readFileSync(beside, 'utf8');
      writeFileSync(beside, `${before} `);
      expect(await workshop.runbook(['show', run, '--verify'])).toMatchObject({
        code: 1,
        stdout: expect.stringContaining(`${name} was changed after it was written.`) as string,
      });
      writeFileSync(beside, before);
    }
    writeFileSync(path, `${all.slice(0, -1).join('\n')}\n`);
    const cut = await workshop.runbook(['show', run, '--verify']);
    expect([cut.code, cut.stdout]).toEqual([1, expect.stringContaining('the run had finished with 8 records')]);
  });
});

describe('a run inside a run', () => {
  const child = (approve: string) =>
    document(
      'lock: shared\ninputs:\n  WHERE: {}',
      step(`name=inner ${approve}`, 'echo "inner $WHERE $QUARTERDECK_FENCE" >> log'),
      step('undo=inner', 'echo undo inner >> log'),
    );
  const parent = (last: string) =>
    document(
      'lock: shared\ninputs:\n  WHERE: {}',
      step('name=outer', 'quarterdeck runbook run child.md'),
      step('name=last', last),
      step('undo=last', 'echo undo last >> log'),
    );

  test('has its inputs and its lock, makes it wait, and goes on with it', async () => {
    workshop.write('child.md', child('approve=boss'));
    const file = workshop.write('a.md', parent('true'));
    const first = await workshop.last(['run', file, '--input', 'WHERE=here']);
    expect(first).toMatchObject({ exit: 3, waiting_for: { step: 'outer', what: 'child' } });
    const { stdout } = await workshop.runbook(['list', '--json']);
    const inner =
      (JSON.parse(stdout) as { runs: { run: string; waiting_for: { what: string } | null }[] }).runs.find(
        (each) => each.waiting_for?.what === 'approval',
      )?.run ?? '';
    await workshop.runbook(['approve', inner, '--by', 'bo', '--hash', (await show(inner)).hash]);
    expect(await workshop.last(['resume', first.run])).toMatchObject({ exit: 0 });
    expect(lines('log')).toEqual(['inner here 2']);
  });

  test('is taken back with it', async () => {
    workshop.write('child.md', child(''));
    const file = workshop.write('a.md', parent('false'));
    expect(await workshop.last(['run', file, '--input', 'WHERE=here'])).toMatchObject({ exit: 4, left: [] });
    expect(lines('log')).toEqual(['inner here 1', 'undo last', 'undo inner']);
  });

  test('is found beside the runbook that names it, and its file is part of the plan', async () => {
    mkdirSync(join(workshop.folder, '.git'));
    mkdirSync(join(workshop.folder, 'books'));
    workshop.write('books/child.md', document('{}', step('name=inner', 'echo inner >> log')));
    const file = workshop.write('books/a.md', document('{}', step('name=outer', 'quarterdeck runbook run child.md')));
    expect((await workshop.runbook(['plan', file])).stdout).not.toContain('opaque');
    expect(await workshop.last(['run', file])).toMatchObject({ exit: 0 });
    expect(lines('log')).toEqual(['inner']);
  });

  test('that was rolled back leaves nothing of its step', async () => {
    workshop.write(
      'child.md',
      document('{}', step('name=inner', 'echo inner >> log; false'), step('undo=inner', 'echo undo inner >> log')),
    );
    const file = workshop.write('a.md', document('{}', step('name=outer', 'quarterdeck runbook run child.md')));
    expect(await workshop.last(['run', file])).toMatchObject({
      exit: 1,
      left: [],
      reason: expect.stringMatching(/^outer: run \S+ failed and was rolled back$/) as string,
    });
  });
});
