import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { sweepExpired } from '../../../src/toolsets/queue/index.ts';
import { type Caller, type OwnHouse, openHouse } from '../../support/house.ts';

let house: OwnHouse;
let ada: Caller;
let worker: Caller;
let other: Caller;

beforeAll(async () => {
  house = await openHouse();
  ada = await house.person('Ada');
  worker = await house.agent(ada, 'worker');
  other = await house.agent(ada, 'other');
});
afterAll(() => house.close());

let projects = 0;
async function project(...tasks: object[]): Promise<string> {
  projects += 1;
  const key = `Q${projects}`;
  await ada.call('create_project', { key, name: key });
  if (tasks.length > 0) await ada.call('create_tasks', { tasks: tasks.map((task) => ({ project: key, title: 'x', ...task })) });
  return key;
}
const show = async (task_id: string) => (await ada.call('get_task', { task_id, detail: 'full' })).task;
const eventsOf = async (task_id: string) => (await show(task_id)).history.map((entry: { type: string }) => entry.type);
/** Longer than a lease of one second. */
const untilExpired = () => sleep(1_100);

describe('claiming the next task', () => {
  test('gives the highest priority first, then the oldest', async () => {
    const key = await project({ priority: 'low' }, {}, { priority: 'urgent' }, {}, { priority: 'urgent' });
    const order: string[] = [];
    for (let count = 0; count < 5; count += 1) order.push((await worker.call('claim_task', { project: key })).task.id);
    expect(order).toEqual([3, 5, 2, 4, 1].map((number) => `${key}-${number}`));
    expect(await worker.call('claim_task', { project: key })).toEqual({ task: null, claim: null });
  });

  test('gives the task, the claim and its fence, and shows who holds it until when', async () => {
    const key = await project({});
    const { task, claim } = await worker.call('claim_task', { project: key, lease_seconds: 60 });
    expect(task).toMatchObject({ id: `${key}-1`, status: 'in_progress', ready: false, version: 2, claim });
    expect(claim).toMatchObject({
      fence: 1,
      holder: { kind: 'agent', name: 'worker', on_behalf_of: { id: ada.principal.id, name: 'Ada' } },
    });
    expect(new Date(claim.expires_at).getTime() - new Date(claim.claimed_at).getTime()).toBe(60_000);
  });

  test('lasts fifteen minutes unless asked otherwise', async () => {
    const key = await project({});
    const { claim } = await worker.call('claim_task', { project: key });
    expect(new Date(claim.expires_at).getTime() - new Date(claim.claimed_at).getTime()).toBe(900_000);
  });

  test('never gives what waits for something', async () => {
    const key = await project({}, { depends_on: ['#1'], priority: 'urgent' });
    const first = await worker.call('claim_task', { project: key });
    expect(first.task.id).toBe(`${key}-1`);
    expect((await other.call('claim_task', { project: key })).task).toBeNull();
    await worker.call('finish_task', { task_id: first.task.id, fence: first.claim.fence });
    expect((await other.call('claim_task', { project: key })).task.id).toBe(`${key}-2`);
  });

  test('gives no task to two of many who ask at once', async () => {
    const key = await project(...Array.from({ length: 20 }, () => ({})));
    const claims = await Promise.all(
      Array.from({ length: 30 }, (_, place) => (place % 2 ? worker : other).call('claim_task', { project: key })),
    );
    const ids = claims.flatMap(({ task }) => (task === null ? [] : [task.id]));
    expect(ids).toHaveLength(20);
    expect(new Set(ids).size).toBe(20);
  });

  test('is shown before by next_task, which claims nothing', async () => {
    const key = await project({}, { priority: 'high' });
    expect((await worker.call('next_task', { project: key })).task.id).toBe(`${key}-2`);
    expect((await worker.call('next_task', { project: key })).task).toMatchObject({ id: `${key}-2`, status: 'pending', claim: null });
    expect(await worker.call('next_task', { project: await project() })).toEqual({ task: null });
  });

  test('of the own project is for everybody their own', async () => {
    const bob = await house.colleague(ada, 'Bob', 'member');
    await ada.call('create_task', { title: 'hers' });
    expect((await bob.call('claim_task', { project: 'ME' })).task).toBeNull();
    expect((await ada.call('claim_task', { project: 'ME' })).task.title).toBe('hers');
  });

  test.each([
    ['neither project nor task', {}],
    ['both', { project: 'WEB', task_id: 'WEB-1' }],
    ['a lease of zero', { project: 'WEB', lease_seconds: 0 }],
    ['a lease of more than a day', { project: 'WEB', lease_seconds: 86_401 }],
  ])('is refused with %s', async (_what, input) => {
    expect((await worker.refused('claim_task', input)).code).toBe('invalid_input');
  });
});

describe('claiming a named task', () => {
  test('works when it is ready', async () => {
    const key = await project({}, {});
    expect((await worker.call('claim_task', { task_id: `${key}-2` })).task.id).toBe(`${key}-2`);
  });

  test('is refused while somebody holds it, and names who', async () => {
    const key = await project({});
    await worker.call('claim_task', { project: key });
    const problem = await other.refused('claim_task', { task_id: `${key}-1` });
    expect(problem).toMatchObject({ code: 'task_claimed', status: 409, details: { holder: { name: 'worker' } } });
  });

  test('is refused for one that waits, and for one that is done', async () => {
    const key = await project({}, { depends_on: ['#1'] });
    expect(await worker.refused('claim_task', { task_id: `${key}-2` })).toMatchObject({
      code: 'task_blocked',
      details: { blocked_by: [`${key}-1`] },
    });
    await ada.call('complete_task', { task_id: `${key}-1` });
    expect((await worker.refused('claim_task', { task_id: `${key}-1` })).code).toBe('task_not_ready');
  });
});

describe('the holder of a claim', () => {
  test('finishes the task with its outputs and notes, and the claim is over', async () => {
    const key = await project({});
    const { task, claim } = await worker.call('claim_task', { project: key });
    const done = await worker.call('finish_task', { task_id: task.id, fence: claim.fence, notes: 'all green', outputs: { url: 'x' } });
    expect(done.claim).toBeNull();
    expect(done.task).toMatchObject({ status: 'completed', outputs: { url: 'x' }, claim: null, notes: [{ text: 'all green' }] });
  });

  test('gets the same answer when the finish is repeated, and nothing is done twice', async () => {
    const key = await project({});
    const { task, claim } = await worker.call('claim_task', { project: key });
    const input = { task_id: task.id, fence: claim.fence, notes: 'once' };
    const first = await worker.call('finish_task', input);
    expect(await worker.call('finish_task', input)).toEqual(first);
    expect((await eventsOf(task.id)).filter((type: string) => type === 'task.completed')).toHaveLength(1);
  });

  test('is the fence and not the principal: whoever has it may go on', async () => {
    const key = await project({});
    const { task, claim } = await worker.call('claim_task', { project: key });
    expect((await other.call('finish_task', { task_id: task.id, fence: claim.fence })).task.status).toBe('completed');
  });

  test('renews the lease from now on', async () => {
    const key = await project({});
    const { task, claim } = await worker.call('claim_task', { project: key, lease_seconds: 2 });
    const renewed = await worker.call('renew_claim', { task_id: task.id, fence: claim.fence, lease_seconds: 300 });
    expect(renewed.claim.fence).toBe(claim.fence);
    expect(new Date(renewed.claim.expires_at).getTime()).toBeGreaterThan(new Date(claim.expires_at).getTime() + 250_000);
  });

  test('gives the task back at once, with a reason for the next worker', async () => {
    const key = await project({});
    const { task, claim } = await worker.call('claim_task', { project: key });
    const released = await worker.call('release_claim', { task_id: task.id, fence: claim.fence, reason: 'no access' });
    expect(released).toMatchObject({ claim: null, task: { status: 'pending', ready: true, attempts: 0, notes: [{ text: 'no access' }] } });
    const again = await other.call('claim_task', { project: key });
    expect(again.claim.fence).toBe(claim.fence + 1);
    expect(await worker.refused('finish_task', { task_id: task.id, fence: claim.fence })).toMatchObject({
      code: 'stale_claim',
      status: 409,
      details: { holder: { name: 'other' }, expires_at: again.claim.expires_at },
    });
  });

  test.each(['renew_claim', 'release_claim', 'finish_task'])('is told by %s when the fence is not the current one', async (operation) => {
    const key = await project({});
    const { task, claim } = await worker.call('claim_task', { project: key });
    for (const fence of [claim.fence + 1, 99]) {
      const problem = await worker.refused(operation, { task_id: task.id, fence });
      expect(problem).toMatchObject({ code: 'stale_claim', next: expect.stringContaining('claim_task') });
    }
    expect((await worker.refused(operation, { task_id: task.id })).code).toBe('invalid_input');
  });
});

describe('somebody else', () => {
  test('cannot complete, delete or move a claimed task without its fence; other fields are free', async () => {
    const key = await project({});
    const { task, claim } = await worker.call('claim_task', { project: key });
    const bob = await house.colleague(ada, 'Ben', 'member');
    for (const [operation, input] of [
      ['complete_task', {}],
      ['delete_task', {}],
      ['delete_task', { force: true }],
      ['update_task', { status: 'cancelled' }],
      ['update_task', { status: 'pending', force: true }],
    ] as const)
      expect(await bob.refused(operation, { task_id: task.id, ...input })).toMatchObject({ code: 'task_claimed' });
    expect((await bob.call('update_task', { task_id: task.id, title: 'Better words' })).task).toMatchObject({
      title: 'Better words',
      claim,
    });
    expect((await worker.call('complete_task', { task_id: task.id, fence: claim.fence })).task.status).toBe('completed');
  });

  test('who is an owner may force it, and there is an event that says so', async () => {
    const key = await project({});
    const { task, claim } = await worker.call('claim_task', { project: key });
    await ada.call('update_task', { task_id: task.id, status: 'pending', force: true });
    expect((await show(task.id)).history[0]).toMatchObject({ type: 'task.updated', data: { to: 'pending', forced: true } });
    expect((await worker.refused('finish_task', { task_id: task.id, fence: claim.fence })).code).toBe('stale_claim');
  });
});

describe('a lease that runs out', () => {
  test('returns the task at the next claim, with its attempt counted and a higher fence', async () => {
    const key = await project({});
    const { task, claim } = await worker.call('claim_task', { project: key, lease_seconds: 1 });
    await untilExpired();
    expect((await show(task.id)).claim).toBeNull();
    expect((await worker.refused('finish_task', { task_id: task.id, fence: claim.fence })).message).toContain('the lease ended at');
    const next = await other.call('claim_task', { project: key });
    expect(next.task).toMatchObject({ id: task.id, attempts: 1 });
    expect(next.claim.fence).toBe(claim.fence + 1);
    expect(await eventsOf(task.id)).toEqual(['claim.taken', 'claim.expired', 'claim.taken', 'task.created']);
  });

  test('is returned by name as well', async () => {
    const key = await project({});
    await worker.call('claim_task', { project: key, lease_seconds: 1 });
    await untilExpired();
    expect((await other.call('claim_task', { task_id: `${key}-1` })).claim.fence).toBe(2);
  });

  test('for the third time needs attention, and a person can return it', async () => {
    const key = await project({});
    for (let attempt = 0; attempt < 3; attempt += 1) {
      expect((await worker.call('claim_task', { project: key, lease_seconds: 1 })).task).not.toBeNull();
      await untilExpired();
    }
    expect((await worker.call('claim_task', { project: key })).task).toBeNull();
    expect(await show(`${key}-1`)).toMatchObject({ status: 'needs_attention', attempts: 3, ready: false });
    await ada.call('update_task', { task_id: `${key}-1`, status: 'pending' });
    expect((await worker.call('claim_task', { project: key })).claim.fence).toBe(4);
  });

  test('is returned by the sweeper when nobody asks, in every workspace, also for personal tasks', async () => {
    const zoe = await house.person(`Zoe${projects}`);
    await zoe.call('create_task', { title: 'personal' });
    const key = await project({});
    const heard = await house.listen(ada);
    const [mine, hers] = await Promise.all([
      worker.call('claim_task', { project: key, lease_seconds: 1 }),
      zoe.call('claim_task', { project: 'ME', lease_seconds: 1 }),
    ]);
    await untilExpired();
    expect(await sweepExpired(house.database, house.events, { maxAttempts: 3 })).toBeGreaterThanOrEqual(2);
    expect(await show(mine.task.id)).toMatchObject({ status: 'pending', attempts: 1 });
    expect((await zoe.call('get_task', { task_id: hers.task.id })).task).toMatchObject({ status: 'pending', attempts: 1 });
    await expect.poll(() => heard.map(({ type, subject }) => `${type} ${subject}`), { timeout: 5_000 }).toContain(`claim.expired ${key}-1`);
    expect(heard.find(({ type }) => type === 'claim.expired')?.actor.name).toBe('Quarterdeck');
    expect(await sweepExpired(house.database, house.events, { maxAttempts: 3 })).toBe(0);
  });
});
