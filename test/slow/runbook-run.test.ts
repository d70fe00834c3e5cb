import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type Workshop, createWorkshop, document, expecting, step } from '../support/runbook.ts';

let workshop: Workshop;

beforeEach(() => {
  workshop = createWorkshop();
});
afterEach(() => workshop.remove());

describe('a run', () => {
  test('goes through its steps, with captures, conditions and expectations', async () => {
    const file = workshop.write(
      'a.md',
      document(
        'inputs:\n  WHERE: { enum: [staging, production] }',
        '- [ ] The place is there — `$ test -d .`',
        step('name=version kind=check capture=version:.version', `echo '{"version":"1.2.3"}'`),
        step('name=show kind=check', 'echo "$version in $WHERE, fixed: $TZ $LANG"; echo warned >&2'),
        expecting('output', '${version} in * (glob)'),
        expecting('expect', 'stdout contains ${WHERE}\nstderr matches /^warned$/\nlines == 1'),
        step('name=only when="WHERE == production"', 'echo never > ran'),
        step('name=apply', 'echo "$version" >> applied'),
      ),
    );
    const { code, stdout } = await workshop.runbook(['run', file, '--input', 'WHERE=staging']);
    expect(stdout).toMatch(
      /✔ the-place-is-there.*✔ version.*│ 1\.2\.3 in staging, fixed: UTC C\.UTF-8.*- only: not WHERE == production.*✔ apply.*Run \S+ passed\.\nleft: nothing\n$/s,
    );
    expect([code, workshop.read('applied'), existsSync(join(workshop.folder, 'ran'))]).toEqual([0, '1.2.3\n', false]);
    expect(await workshop.last(['run', file, '--input', 'WHERE=staging'])).toEqual({
      event: 'run.finished',
      run: expect.any(String),
      outcome: 'passed',
      exit: 0,
      reason: '',
      left: [],
    });
  });

  test('undoes what it has begun when a step fails, the newest first', async () => {
    const file = workshop.write(
      'a.md',
      document(
        '{}',
        step('name=one', 'echo one >> log'),
        step('undo=one', 'echo undo one >> log'),
        step('name=two', 'echo two >> log'),
        step('undo=two', 'echo undo two >> log'),
        expecting('expect', 'stdout empty'),
        step('name=three', 'echo three >> log; exit 9'),
        step('undo=three', 'echo undo three >> log'),
        step('name=four', 'echo four >> log'),
        step('undo=four', 'echo undo four >> log'),
      ),
    );
    expect(await workshop.last(['run', file])).toMatchObject({
      outcome: 'rolled_back',
      exit: 4,
      left: [],
      reason: 'three: the exit status is 9',
    });
    expect(workshop.read('log').trim().split('\n')).toEqual(['one', 'two', 'three', 'undo three', 'undo two', 'undo one']);
    workshop.write('log', '');
    expect(await workshop.last(['run', file, '--no-undo'])).toMatchObject({ outcome: 'failed', exit: 1, left: ['one', 'two', 'three'] });
    expect(workshop.read('log')).not.toContain('undo');
  });

  test.each([
    ['none has an undo', 'no_undo="it cannot be taken back"', undefined, 1, ['one', 'two']],
    ['one has no undo', '', 'true', 5, ['one']],
    ['an undo fails', '', 'false', 5, ['one', 'two']],
  ])('says what is left where %s', async (_what, attribute, undo, exit, left) => {
    const undos = undo === undefined ? [] : [step('undo=two', undo)];
    const file = workshop.write(
      'a.md',
      document('{}', step(`name=one ${attribute}`, 'true'), step('name=two', 'true'), ...undos, step('name=bad kind=check', 'false')),
    );
    const { code, stdout } = await workshop.runbook(['run', file]);
    expect(code).toBe(exit);
    expect(stdout.trimEnd().split('\n').at(-1)).toBe(`left: ${left.join(', ')}`);
  });

  test('asks a check whether there is anything to undo', async () => {
    const file = workshop.write(
      'a.md',
      document(
        '{}',
        step('name=is-there kind=check', 'test ! -e gone'),
        step('name=change', 'touch gone; false'),
        step('undo=change undo_if=is-there', 'echo undone > undone'),
      ),
    );
    expect(await workshop.last(['run', file])).toMatchObject({ exit: 4, left: [] });
    expect(existsSync(join(workshop.folder, 'undone'))).toBe(false);
  });

  test('ends what is past its time, with all that it started, and tries again what may be', async () => {
    const late = workshop.write('late.md', document('{}', step('name=late timeout=300ms', 'sleep 300 & echo $! > pid; sleep 300')));
    expect(await workshop.last(['run', late, '--grace', '200ms'])).toMatchObject({
      exit: 1,
      reason: 'late: it ran past its time of 300ms',
    });
    expect(await isGone(Number(workshop.read('pid')))).toBe(true);
    const flaky = workshop.write(
      'flaky.md',
      document('{}', step('name=flaky kind=check retry=3 retry_every=10ms', 'echo x >> tries; test "$(wc -l < tries)" -ge 3')),
    );
    const { run, exit } = await workshop.last(['run', flaky]);
    expect(exit).toBe(0);
    const shown = JSON.parse((await workshop.runbook(['show', run, '--json'])).stdout) as { steps: unknown[] };
    expect(shown.steps).toMatchObject([{ name: 'flaky', outcome: 'passed', attempts: 3, exit: 0, reason: '' }]);
  });

  test('keeps secrets out of everything that it shows and writes', async () => {
    const secret = 'S3cret/"quoted" & more';
    const file = workshop.write(
      'a.md',
      document(
        'inputs:\n  TOKEN: { secret: true }',
        step(
          'name=print kind=check',
          'printf %s "$TOKEN" | base64 -w0; echo; echo "got $TOKEN!" >&2; for c in $(seq 0 5 20); do printf %s "${TOKEN:$c:5}"; sleep 0.05; done; echo',
        ),
        step(
          'name=session kind=check capture_secret=SESSION',
          'echo "session-${QUARTERDECK_ATTEMPT}2345678"; echo "made session-12345678" >&2',
        ),
        step('name=use kind=check', 'echo "with $SESSION"; test "$SESSION" = session-12345678; echo "bad $TOKEN" >&2; exit 3'),
      ),
    );
    const { stdout, code } = await workshop.runbook(['run', file, '--json'], { environment: { TOKEN: secret } });
    expect(code).toBe(1);
    const shown = await workshop.runbook(['show', JSON.parse(stdout.trimEnd().split('\n').at(-1) ?? '').run as string]);
    const written = readdirSync(workshop.folder, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile() && entry.name !== 'a.md' && entry.name !== 'runbook.md')
      .map((entry) => readFileSync(join(entry.parentPath, entry.name), 'utf8'));
    expect(written.length).toBeGreaterThan(6);
    for (const text of [stdout, shown.stdout, ...written])
      for (const form of [secret, JSON.stringify(secret).slice(1, -1), Buffer.from(secret).toString('base64'), 'session-12345678'])
        // The plan has the commands of the steps, in which the author wrote it.
        expect(text.replaceAll(/made session-12345678\\" >&2|= session-12345678/g, '')).not.toContain(form);
    expect(stdout).toContain('got [secret TOKEN]!');
    expect(stdout).toContain('made [secret SESSION]');
    expect(stdout).toContain('with [secret SESSION]');
    expect(stdout).toContain('the exit status is 3: bad [secret TOKEN]');
  });

  test('refuses to write down a capture that has a secret in it', async () => {
    const file = workshop.write(
      'a.md',
      document('inputs:\n  TOKEN: { secret: true }', step('name=url kind=check capture=url', 'echo "https://a?t=$TOKEN"')),
    );
    expect(await workshop.last(['run', file], { environment: { TOKEN: 'correct horse' } })).toMatchObject({
      exit: 1,
      reason: 'url: what it captures as url has a secret in it: write capture_secret=url',
    });
  });
});

/** Where nobody collects the dead they stay in the list of processes, as dead ones. */
async function isGone(pid: number): Promise<boolean> {
  const { identityOf } = await import('../../src/system/process.ts');
  return identityOf(pid) === undefined;
}

describe('nothing runs and nothing is written', () => {
  test.each<[string, string[], RegExp]>([
    [
      'without a file',
      ['run', 'nowhere.md'],
      /^quarterdeck runbook run: nowhere\.md cannot be read: there is no such file\. Check the name\.\n$/,
    ],
    ['for a binary file', ['run', 'binary.md'], /^quarterdeck runbook run: binary\.md cannot be read: it is no text in UTF-8\. .*\n$/],
    ['for a file of 10 MB', ['run', 'large.md'], /^quarterdeck runbook run: large\.md cannot be read: it is larger than 256 kB\. .*\n$/],
    [
      'for front matter that is not YAML',
      ['run', 'yaml.md'],
      /^quarterdeck runbook run: yaml\.md has a mistake; nothing was run\.\nyaml\.md:\d+:\d+: The front matter is not YAML: .*\n/,
    ],
    [
      'for an input that does not match',
      ['run', 'good.md', '--input', 'URL=ftp://a'],
      /^quarterdeck runbook run: URL must match \^https:\/\/, and "ftp:\/\/a" does not\. \(from --input\) Nothing was run\.\n$/,
    ],
    [
      'for a program that is missing',
      ['run', 'missing.md'],
      /^quarterdeck runbook run: no-such-program is not on the PATH, and this runbook requires >=1: install it\. Nothing was run\.\n$/,
    ],
    [
      'for a program that is too old',
      ['run', 'old.md'],
      /^quarterdeck runbook run: bash is \S+, and this runbook requires >=99: install a newer one\. Nothing was run\.\n$/,
    ],
    [
      'for confirmations in nobody’s name',
      ['run', 'good.md', '--input', 'URL=https://a', '--yes'],
      /^quarterdeck runbook run: --yes answers confirmations, and nobody is named who does\. Add --by NAME\.\n$/,
    ],
    [
      'for a run that is not there',
      ['resume', '2026'],
      /^quarterdeck runbook resume: There is no run 2026 in .*\. See quarterdeck runbook list\.\n$/,
    ],
  ])('%s', async (_what, words, message) => {
    workshop.write('good.md', document("inputs:\n  URL: { pattern: '^https://' }", step('name=touch', 'touch ran')));
    workshop.write('binary.md', 'a\0b');
    workshop.write('large.md', 'x'.repeat(10_000_000));
    workshop.write('yaml.md', '---\ntitle: "open\n---\n');
    workshop.write('missing.md', document('requires: { no-such-program: ">=1" }', step('name=touch', 'touch ran')));
    workshop.write('old.md', document('requires: { bash: ">=99" }', step('name=touch', 'touch ran')));
    const { code, stderr, stdout } = await workshop.runbook(words);
    expect(stderr).toMatch(message);
    expect([code, stdout]).toEqual([2, '']);
    expect(existsSync(join(workshop.folder, 'state'))).toBe(false);
    expect(existsSync(join(workshop.folder, 'ran'))).toBe(false);
  });
});
