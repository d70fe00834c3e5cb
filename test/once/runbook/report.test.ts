import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Workshop, createWorkshop, document, step } from '../../support/runbook.ts';

const secret = 'correct horse battery';
let workshop: Workshop;
let run: string;

beforeAll(async () => {
  workshop = createWorkshop();
  const file = workshop.write(
    'deploy.md',
    document(
      'inputs: { WHERE: { default: staging }, TOKEN: { secret: true } }',
      '- [ ] The team knows <everything>',
      step('name=apply', 'echo "applied to $WHERE with $TOKEN"'),
      step('undo=apply', 'echo "taken back"'),
      step('name=watch kind=check every=10ms for=1h', `echo '{"errors":3}'`),
      '| Metric | Hold | Roll back |\n| --- | --- | --- |\n| errors | | > 2 |',
      step('name=after', 'true'),
    ),
  );
  const last = await workshop.last(['run', file, '--yes', '--by', 'Ada'], { environment: { TOKEN: secret } });
  expect(last).toMatchObject({ outcome: 'rolled_back', exit: 4 });
  ({ run } = last);
});
afterAll(() => workshop.remove());

test('a run that was rolled back is reported with its evidence, as data, as Markdown and as a page', async () => {
  const { stdout: json } = await workshop.runbook(['report', run, '--format', 'json']);
  expect(JSON.parse(json)).toMatchObject({
    run,
    outcome: 'rolled_back',
    left: [],
    stages: [
      {
        title: 'Only stage',
        steps: [
          { text: 'The team knows <everything>', outcome: 'passed', answers: [{ to: 'confirmation', by: 'Ada' }] },
          {
            name: 'apply',
            outcome: 'passed',
            undone_at: expect.any(String),
            attempts: [{ stdout: 'applied to staging with [secret TOKEN]' }],
          },
          { name: 'watch', outcome: 'failed', watch: { samples: [{ metrics: { errors: 3 } }], verdicts: [{ verdict: 'roll_back' }] } },
          { name: 'after', outcome: 'not_run' },
        ],
      },
    ],
    rollback: { undos: [{ name: 'apply', outcome: 'passed', attempts: [{ stdout: 'taken back' }] }] },
    journal: { damage: null },
  });

  const { stdout: markdown, code } = await workshop.runbook(['report', run]);
  expect(code).toBe(0);
  expect(markdown).toContain('# A runbook: ↩ rolled back\n');
  expect(markdown).toContain(String.raw`The team knows \<everything\>`);

  const { stdout } = await workshop.runbook(['report', run, '--format', 'html', '-o', 'report.html']);
  const page = workshop.read('report.html');
  expect([stdout, page.startsWith('<!doctype html>'), page.includes('<svg')]).toEqual(['', true, true]);
  for (const report of [json, markdown, page]) expect(report).not.toContain(secret);
});

test('a report that cannot be made or written says what to do', async () => {
  const none = await workshop.runbook(['report', 'no-such-run']);
  expect([none.code, none.stderr]).toEqual([2, expect.stringContaining('There is no run no-such-run in')]);
  const nowhere = await workshop.runbook(['report', run, '-o', 'no/such/folder/report.md']);
  expect([nowhere.code, nowhere.stdout, nowhere.stderr]).toEqual([
    2,
    '',
    expect.stringContaining('no/such/folder/report.md cannot be written: ENOENT. Name another file with -o.'),
  ]);
  expect(existsSync(join(workshop.folder, 'no'))).toBe(false);
});

test('a journal that somebody has changed is reported as far as it goes, and as such', async () => {
  const path = join(workshop.folder, 'state/quarterdeck/runbooks/runs', run, 'journal.jsonl');
  writeFileSync(path, readFileSync(path, 'utf8').replace('"by":"Ada"', '"by":"Eve"'));
  const { stdout, stderr } = await workshop.runbook(['report', run]);
  expect(stdout).toContain('**The journal does not verify.** Line 2: it was changed after it was written.');
  expect(stderr).toContain(`${path}:2: it was changed after it was written. The report says so.`);
});
