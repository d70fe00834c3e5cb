import { sql } from 'kysely';
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { WorkspaceEvent } from '../../../src/platform/events/types.ts';
import { openEvents } from '../../../src/platform/events/open.ts';
import { createLog } from '../../../src/platform/telemetry/log.ts';
import { type Caller, type OwnHouse, openHouse } from '../../support/house.ts';

let house: OwnHouse;
let ada: Caller;
let bob: Caller;

beforeAll(async () => {
  house = await openHouse();
  ada = await house.person('Ada');
  bob = await house.colleague(ada, 'Bob', 'member');
  await ada.call('create_project', { key: 'WEB', name: 'Web' });
});
afterAll(() => house.close());

const words = (events: readonly WorkspaceEvent[]) => events.map(({ type, subject }) => `${type} ${subject}`);

/** Waits until `heard` ends with an event that is made now: events come in order, so whatever was to come before it has come. */
async function settled(heard: readonly WorkspaceEvent[], caller: Caller): Promise<string> {
  // Known by its title: the personal tasks of two people have the same ids.
  const title = `last ${randomUUID()}`;
  const { task } = await caller.call('create_task', { title });
  await expect.poll(() => heard.at(-1)?.data['title'], { timeout: 5_000 }).toBe(title);
  return `task.created ${task.id}`;
}

describe('events', () => {
  test('tell every listener of the workspace what happened, in order, with who did it', async () => {
    const heard = await house.listen(bob);
    const { task } = await ada.call('create_task', { project: 'WEB', title: 'x' });
    const { claim } = await bob.call('claim_task', { task_id: task.id });
    await bob.call('finish_task', { task_id: task.id, fence: claim.fence });
    await expect
      .poll(() => words(heard), { timeout: 5_000 })
      .toEqual([`task.created ${task.id}`, `claim.taken ${task.id}`, `task.completed ${task.id}`]);
    expect(heard[0]).toMatchObject({
      workspace_id: ada.principal.workspace_id,
      owner_id: null,
      resource: `quarterdeck://tasks/${task.id}`,
      actor: { kind: 'person', name: 'Ada' },
      data: { title: 'x' },
    });
    expect(heard[1]?.actor.name).toBe('Bob');
  });

  test('of personal things reach their owner alone; of another workspace nobody', async () => {
    const eve = await house.person('Eve');
    const [hers, his, evil] = [await house.listen(ada), await house.listen(bob), await house.listen(eve)];
    await bob.call('create_task', { title: 'personal' });
    await expect.poll(() => his.length, { timeout: 5_000 }).toBe(1);
    const [last, lastOfEve] = [await settled(hers, ada), await settled(evil, eve)];
    expect(words(hers)).toEqual([last]);
    expect(words(evil)).toEqual([lastOfEve]);
  });

  test('are not written for a change that is undone', async () => {
    const heard = await house.listen(ada);
    await ada.refused('create_tasks', {
      tasks: [
        { project: 'WEB', title: 'a' },
        { project: 'NOWHERE', title: 'b' },
      ],
    });
    const last = await settled(heard, ada);
    expect(words(heard)).toEqual([last]);
  });

  test('reach the listeners of every replica, once each', async () => {
    const replica = await openEvents({ database: house.database, log: createLog({ logLevel: 'silent' }) });
    const there: WorkspaceEvent[] = [];
    await replica.subscribe(ada.principal, (event) => void there.push(event));
    const here = await house.listen(ada);
    await Promise.all(Array.from({ length: 25 }, (_, index) => ada.call('create_task', { project: 'WEB', title: `t${index}` })));
    await expect.poll(() => [here.length, there.length], { timeout: 5_000 }).toEqual([25, 25]);
    await settled(here, ada);
    await settled(there, ada);
    await expect.poll(() => here.length, { timeout: 5_000 }).toBe(27);
    expect(words(there)).toEqual(words(here));
    expect(new Set(words(here)).size).toBe(27);
    await replica.close();
  });

  test('stop when the listener goes', async () => {
    const heard: WorkspaceEvent[] = [];
    const stop = await house.events.subscribe(ada.principal, (event) => void heard.push(event));
    stop();
    await settled(await house.listen(ada), ada);
    expect(heard).toEqual([]);
  });

  test('behind a slow transaction wait for it, and none is skipped', async ({ skip }) => {
    if (house.database.kind === 'embedded') skip('the embedded database has one connection, so no two transactions are open at once');
    const heard = await house.listen(ada);
    const slow = Promise.withResolvers<void>();
    const written = Promise.withResolvers<void>();
    const { workspace_id, user_id } = ada.principal;
    const event = (subject: string) => ({ type: 'test.happened', subject });
    const actor = { kind: 'person' as const, id: user_id, name: 'Ada' };
    const transaction = house.database.transaction({ workspace_id, user_id }, { mode: 'write' }, async (scope) => {
      // As any write does: from here on the transaction has its place among the others.
      await sql`select pg_current_xact_id()`.execute(scope.db);
      house.events.write(scope, actor, [event('slow')]);
      written.resolve();
      await slow.promise;
    });
    await written.promise;
    await ada.call('create_task', { project: 'WEB', title: 'fast' });
    // Twice the poll: nothing that is behind it may come, so there is nothing to wait for.
    await sleep(2_200);
    expect(words(heard)).toEqual([]);
    slow.resolve();
    await transaction;
    await expect.poll(() => heard.map(({ type }) => type), { timeout: 5_000 }).toEqual(['test.happened', 'task.created']);
  });
});
