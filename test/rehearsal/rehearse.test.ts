/** `quarterdeck rehearse --quick`, as a user types it: every promise is kept, and the report says so. */

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Rehearsal } from '../../src/production/rehearse/rehearse.ts';
import { program } from '../support/runbook.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'quarterdeck-rehearse-test-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

test('the whole life of a release, under load and with faults', async () => {
  const file = join(folder, 'rehearsal.html');
  const child = spawn(process.execPath, [program, 'rehearse', '--quick', '--json', '--report', file], {
    env: { PATH: process.env['PATH'], HOME: folder },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const [stdout, stderr] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'close')]);
  const rehearsal = JSON.parse(stdout || '{}') as Omit<Rehearsal, 'samples'> & { requests: number };
  for (const { promise, measured, kept } of rehearsal.promises ?? []) console.log(`${kept ? '✓' : '✗'} ${promise}: ${measured}`);
  for (const skipped of rehearsal.skipped ?? []) console.log(`not rehearsed: ${skipped}`);
  expect({ failure: rehearsal.failure, broken: rehearsal.promises?.filter(({ kept }) => !kept), stderr }).toEqual({
    failure: null,
    broken: [],
    stderr: expect.any(String),
  });
  expect(child.exitCode).toBe(0);
  // What a machine lacks the tools for is told.
  const skipped = rehearsal.skipped.join(' ');
  expect(rehearsal.kills.map(({ what }) => what)).toEqual([
    'replica',
    'supervisor',
    'proxy',
    'database',
    'supervisor and proxy',
    ...(skipped.includes('dropped database') ? [] : ['database dropped']),
    ...(skipped.includes('point in time') ? [] : ['tasks deleted']),
  ]);
  const report = await readFile(file, 'utf8');
  for (const shown of ['<svg', 'every promise was kept', 'What each kill and loss cost', ...rehearsal.acts.map(({ name }) => name)])
    expect(report).toContain(shown);
  expect(report).not.toMatch(/src=|href=|url\(/);
});
