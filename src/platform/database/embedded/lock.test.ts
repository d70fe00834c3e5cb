/** One process at a time has the data folder: real processes, killed and raced. */

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { cp, mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { lockData } from './lock.ts';

/** Takes the lock, says what came of it, and keeps it until it is told to give it back. */
const holder = `
  const { lockData } = await import(${JSON.stringify(new URL('./lock.ts', import.meta.url).href)});
  try {
    const lock = await lockData(process.argv[1]);
    console.log('has it');
    process.stdin.once('data', async () => {
      await lock.release();
      process.exit();
    });
  } catch (error) {
    console.log(error.message);
  }
`;

let data: string;
const children: ChildProcess[] = [];

beforeEach(async () => {
  data = await mkdtemp(join(tmpdir(), 'quarterdeck-lock-'));
});
afterEach(async () => {
  for (const child of children.splice(0)) await kill(child);
  await rm(data, { recursive: true });
});

interface Holder {
  child: ChildProcess;
  /** 'has it', or why not. */
  outcome: Promise<string>;
}

function start(folder = data): Holder {
  const child = spawn(process.execPath, ['--input-type=module', '--eval', holder, folder], { stdio: ['pipe', 'pipe', 'inherit'] });
  children.push(child);
  const outcome = once(child.stdout, 'data').then(([text]) => String(text).trim());
  return { child, outcome };
}

async function kill(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = once(child, 'exit');
  child.kill('SIGKILL');
  await exited;
}

test('a second process is refused, and told who has the folder and what to do', async () => {
  const first = start();
  expect(await first.outcome).toBe('has it');
  expect(await start().outcome).toMatch(
    new RegExp(
      `^The data in ${data} is in use by process ${first.child.pid} since .*Z, .*Stop that process, .*--data, or set DATABASE_URL`,
    ),
  );
});

test('a second opening in the same process is refused as well', async () => {
  const lock = await lockData(data);
  await expect(lockData(data)).rejects.toThrow(`process ${process.pid}`);
  await lock.release();
});

test('the lock of a process that was killed is free at once', async () => {
  for (let round = 0; round < 3; round += 1) {
    const { child, outcome } = start();
    expect(await outcome).toBe('has it');
    await kill(child);
  }
  const lock = await lockData(data);
  await lock.release();
});

test('a process that stands still keeps its lock', async () => {
  const { child, outcome } = start();
  expect(await outcome).toBe('has it');
  child.kill('SIGSTOP');
  await expect(lockData(data)).rejects.toThrow(`process ${child.pid}`);
});

test('a lock that was given back is free, and leaves one small file', async () => {
  const { child, outcome } = start();
  expect(await outcome).toBe('has it');
  child.stdin?.write('give it back');
  await once(child, 'exit');
  const lock = await lockData(data);
  await lock.release();
  expect(await readdir(join(data, 'lock'))).toHaveLength(1);
});

test('a pid that was reused does not keep the folder locked', async () => {
  const { child, outcome } = start();
  expect(await outcome).toBe('has it');
  await kill(child);
  // As if our pid had been the dead owner's.
  const file = join(data, 'lock', '1');
  await writeFile(file, (await readFile(file, 'utf8')).replace(String(child.pid), String(process.pid)));
  await (await lockData(data)).release();
});

test('a living process keeps its lock when its socket was cleaned away', async () => {
  const { child, outcome } = start();
  expect(await outcome).toBe('has it');
  for (const name of await readdir(join(data, 'lock'))) if (name.endsWith('.sock')) await rm(join(data, 'lock', name));
  await expect(lockData(data)).rejects.toThrow(`process ${child.pid}`);
});

test('a lock file without content, as after a power cut, is free', async () => {
  await (await lockData(data)).release();
  await writeFile(join(data, 'lock', '1'), '');
  await (await lockData(data)).release();
});

test('a copy of the folder is free while the original is in use', async () => {
  const { outcome } = start();
  expect(await outcome).toBe('has it');
  const copy = `${data}-copy`;
  // A copied socket is no socket; the rest is what a backup tool takes.
  await cp(data, copy, { recursive: true, filter: (path) => !path.endsWith('.sock') });
  await rm(join(copy, 'lock', '1'));
  await (await lockData(copy)).release();
  await rm(copy, { recursive: true });
});

test('a path that is too long for a socket is locked just as well', async () => {
  const deep = join(data, 'x'.repeat(120));
  const lock = await lockData(deep);
  expect(await start(deep).outcome).toContain(`in use by process ${process.pid}`);
  await lock.release();
  const { child, outcome } = start(deep);
  expect(await outcome).toBe('has it');
  // Given back and not killed: its socket is outside of the folder that this test removes.
  child.stdin?.write('give it back');
  await once(child, 'exit');
});

test('of twenty processes that start at once exactly one gets it, whatever was there before', async () => {
  const dead = start();
  expect(await dead.outcome).toBe('has it');
  await kill(dead.child);
  const racers = Array.from({ length: 20 }, () => start());
  const outcomes = await Promise.all(racers.map(({ outcome }) => outcome));
  expect(outcomes.filter((outcome) => outcome === 'has it')).toHaveLength(1);
}, 60_000);

test('takers in one process that come and go never have it together', async () => {
  let holders = 0;
  let taken = 0;
  const taker = async () => {
    for (let attempt = 0; attempt < 25; attempt += 1) {
      const lock = await lockData(data).catch(() => undefined);
      if (lock === undefined) continue;
      holders += 1;
      expect(holders).toBe(1);
      taken += 1;
      await sleep(1);
      holders -= 1;
      await lock.release();
    }
  };
  await Promise.all(Array.from({ length: 8 }, taker));
  expect(taken).toBeGreaterThan(1);
});
