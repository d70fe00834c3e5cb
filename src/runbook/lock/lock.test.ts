import { mkdtemp, rm } from 'node:fs/promises';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { identityOf } from '../../system/process.ts';
import { fileLocks } from './files.ts';
import { type Lease, LockIsHeld, forceLock, takeLock } from './lock.ts';
import type { LockOwner, LockStore } from './store.ts';

let folder: string;
let store: LockStore;
const leases: Lease[] = [];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'quarterdeck-locks-'));
  store = fileLocks(folder);
});
afterEach(async () => {
  for (const lease of leases.splice(0)) await lease.end('keep');
  await rm(folder, { recursive: true, force: true });
});

const dead = { pid: 1, started: 'never', boot: 'another' };

function owner(run: string, more: Partial<LockOwner> = {}): LockOwner {
  return { run, user: 'ada', host: hostname(), process: dead, ...more };
}

async function take(run: string, more: Partial<LockOwner> = {}, leaseMs = 60_000): Promise<Lease> {
  const lease = await takeLock({ store, key: 'deploy', owner: owner(run, more), leaseMs });
  leases.push(lease);
  return lease;
}

describe('a lock', () => {
  test('is held by one run at a time, each with a higher number', async () => {
    const first = await take('one');
    await expect(take('two')).rejects.toThrow(LockIsHeld);
    await expect(take('two')).rejects.toThrow(/^run one \(ada on .*\) holds the lock deploy since .*: wait until it has ended\.$/);
    await first.end('release');
    const second = await take('two');
    expect([first.fence, second.fence]).toEqual([1, 2]);
  });

  test('is one for each name', async () => {
    await take('one');
    const other = await takeLock({ store, key: 'another', owner: owner('two'), leaseMs: 60_000 });
    expect(other.fence).toBe(1);
    await other.end('release');
  });

  test('is free again when its holder is gone for so long', async () => {
    await store.succeed('deploy', undefined, { owner: owner('gone'), status: 'held', since: '2026-01-01T00:00:00.000Z' }, 60_000);
    await expect(take('two')).rejects.toThrow(LockIsHeld);
    await store.amend('deploy', 1, { owner: owner('gone'), status: 'held', since: '2026-01-01T00:00:00.000Z' }, 0);
    expect((await take('two')).fence).toBe(2);
  });

  test('does not expire while its holder lives', async () => {
    const first = await take('one', {}, 250);
    await new Promise((resolve) => setTimeout(resolve, 600));
    await expect(take('two')).rejects.toThrow(LockIsHeld);
    expect(first.lost.aborted).toBe(false);
  });

  test('does not expire when it is parked, and is taken again by its run alone', async () => {
    const first = await take('one');
    await first.park();
    await first.end('keep');
    const parked = await store.read('deploy');
    await store.amend('deploy', 1, { owner: owner('one'), status: 'parked', since: parked?.since ?? '' }, 0);
    await expect(take('two')).rejects.toThrow(
      /waits for a person with the lock deploy since .*, in the middle of a change: resume, undo or abort it\.$/,
    );
    const again = await take('one');
    expect(again.fence).toBe(2);
    // It still does not let go of it.
    await again.end('keep');
    await expect(take('two')).rejects.toThrow(LockIsHeld);
  });

  test('is not taken a second time by a run that still runs', async () => {
    const self = identityOf(process.pid);
    await take('one', self === undefined ? {} : { process: self });
    await expect(take('one')).rejects.toThrow(LockIsHeld);
  });

  test('that is taken away is noticed by its holder, who may change nothing more', async () => {
    const first = await take('one', {}, 250);
    expect(await forceLock(store, 'deploy', owner('someone'))).toMatchObject({ owner: { run: 'one' }, fence: 1 });
    await expect.poll(() => first.lost.aborted).toBe(true);
    await expect(first.park()).rejects.toThrow("The lock deploy is somebody else's by now.");
    expect((await take('two')).fence).toBe(3);
    expect(await forceLock(store, 'nothing', owner('someone'))).toBeUndefined();
  });

  test('is not taken from somebody who came to life in the meantime', async () => {
    const content = { owner: owner('one'), status: 'held', since: '2026-01-01T00:00:00.000Z' } as const;
    await store.succeed('deploy', undefined, content, 0);
    const seen = await store.read('deploy');
    await store.amend('deploy', 1, { ...content, status: 'parked' }, 60_000);
    expect(await store.succeed('deploy', seen, { ...content, owner: owner('two') }, 60_000)).toBe(false);
    expect(await store.read('deploy')).toMatchObject({ fence: 1, status: 'parked', owner: { run: 'one' } });
  });

  test('is won by one of many that come at once', async () => {
    for (let round = 0; round < 20; round += 1) {
      const results = await Promise.allSettled(Array.from({ length: 8 }, (_, index) => take(`run ${index}`)));
      expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
      for (const lease of leases.splice(0)) await lease.end('release');
    }
  });
});
