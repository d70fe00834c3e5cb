import { readdirSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createTestDatabase } from '../support/postgres.ts';
import { type Workshop, createWorkshop, document, step } from '../support/runbook.ts';

let workshop: Workshop;
let remove: (() => Promise<void>) | undefined;

/** Waits until the test says go, with its fence noted before. */
const waiting = (kind: 'check' | 'change') =>
  document(
    'lock: "deploy-${WHERE}"\ninputs:\n  WHERE: { default: here }',
    step(`name=wait kind=${kind}`, 'echo "$QUARTERDECK_FENCE" >> fences; while [ ! -e go ]; do sleep 0.05; done'),
    step('undo=wait', 'true').repeat(kind === 'change' ? 1 : 0),
  );

const noted = (): string[] => (readdirSync(workshop.folder).includes('fences') ? workshop.read('fences').trim().split('\n') : []);

/** The runner is killed, and its step with it. */
async function runAndKill(file: string, store: readonly string[]): Promise<string> {
  const { kill, ended } = workshop.start(['run', file, '--lock-lease', '1s', ...store]);
  await expect.poll(noted, { timeout: 10_000 }).toHaveLength(1);
  kill('SIGKILL');
  await ended;
  const [run = ''] = readdirSync(`${workshop.folder}/state/quarterdeck/runbooks/runs`);
  return run;
}

describe.each(['files', 'PostgreSQL'])('a lock in %s', (kind) => {
  let store: string[];
  beforeEach(async () => {
    workshop = createWorkshop();
    if (kind === 'files') store = [];
    else {
      const database = await createTestDatabase();
      remove = () => database.drop();
      store = ['--lock-store', database.url];
    }
  });
  afterEach(async () => {
    await workshop.remove();
    await remove?.();
    remove = undefined;
  });

  test('lets one of ten processes run, and nine end with 7', async () => {
    const file = workshop.write('a.md', waiting('change'));
    const started = Array.from({ length: 10 }, () => workshop.start(['run', file, ...store]));
    const codes: (number | null)[] = [];
    for (const { ended } of started) void ended.then(({ code }) => codes.push(code));
    await expect.poll(() => codes.length, { timeout: 20_000 }).toBe(9);
    workshop.write('go', '');
    const ran = await Promise.all(started.map(({ ended }) => ended));
    expect(codes.toSorted()).toEqual([0, 7, 7, 7, 7, 7, 7, 7, 7, 7]);
    expect(noted()).toEqual(['1']);
    expect(
      ran
        .filter(({ code }) => code === 7)
        .every(({ stderr }) =>
          /run \S+ \(\S+ on \S+\) holds the lock deploy-here since .*: wait until it has ended\. Nothing was run\./.test(stderr),
        ),
    ).toBe(true);
    // Nine left nothing behind.
    expect(readdirSync(`${workshop.folder}/state/quarterdeck/runbooks/runs`)).toHaveLength(1);
  });

  test('is free after its time when its holder was killed before any change, and the next has a higher number', async () => {
    const file = workshop.write('a.md', waiting('check'));
    await runAndKill(file, store);
    workshop.write('go', '');
    await expect.poll(async () => (await workshop.runbook(['run', file, ...store])).code, { timeout: 15_000 }).toBe(0);
    expect(noted()).toEqual(['1', '2']);
  });

  test.each([
    ['resume', ['resume', 'RUN', '--answer', 'rerun']],
    ['undo', ['undo', 'RUN']],
    ['abort', ['abort', 'RUN', '--why', 'late', '--leave']],
  ])('stays with a holder that was killed in a change, until %s', async (_what, words) => {
    const file = workshop.write('a.md', waiting('change'));
    const run = await runAndKill(file, store);
    workshop.write('go', '');
    await new Promise((resolve) => setTimeout(resolve, 1_200));
    const other = await workshop.runbook(['run', file, ...store]);
    expect([other.code, other.stderr]).toEqual([
      7,
      expect.stringMatching(
        new RegExp(
          `run ${run} \\(.*\\) waits for a person with the lock deploy-here since .*, in the middle of a change: resume, undo or abort it\\.`,
        ),
      ),
    ]);
    // Where the lock is was written down when the run began, without its password.
    const password: Record<string, string> = store[1] === undefined ? {} : { PGPASSWORD: new URL(store[1]).password };
    expect(
      await workshop.runbook(
        words.map((word) => (word === 'RUN' ? run : word)),
        { environment: password },
      ),
    ).toMatchObject({
      code: 0,
    });
    expect(await workshop.runbook(['run', file, ...store])).toMatchObject({ code: 0 });
    expect(noted().at(-1)).toBe('3');
  });

  test('is taken away by force, which its run notices', async () => {
    const file = workshop.write('a.md', waiting('change'));
    const { ended } = workshop.start(['run', file, '--lock-lease', '500ms', '--grace', '1s', ...store]);
    await expect.poll(noted, { timeout: 10_000 }).toHaveLength(1);
    expect((await workshop.runbook(['unlock', 'deploy-here', ...store])).code).toBe(2);
    const forced = await workshop.runbook(['unlock', 'deploy-here', '--force', '--why', 'the window is over', '--json', ...store]);
    expect(JSON.parse(forced.stdout)).toMatchObject({ lock: 'deploy-here', fence: 1, journalled: false });
    expect(await ended).toMatchObject({ code: 7, stdout: expect.stringContaining('somebody took its lock away') as string });
    expect((await workshop.runbook(['unlock', 'nothing', '--force', '--why', 'x', ...store])).code).toBe(2);
  });
});

test('taking a lock away is written into the journal of its run', async () => {
  workshop = createWorkshop();
  const file = workshop.write('a.md', waiting('change'));
  const run = await runAndKill(file, []);
  expect(await workshop.runbook(['unlock', 'deploy-here', '--force', '--why', 'the machine is gone'])).toMatchObject({ code: 0 });
  expect(workshop.journal(run).at(-1)).toMatchObject({ type: 'lock.forced', why: 'the machine is gone' });
  await workshop.remove();
});
