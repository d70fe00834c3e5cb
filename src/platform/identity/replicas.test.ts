import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type IdentityHouse, openIdentityHouse } from '../../../test/support/identity.ts';
import { Problem } from '../problem.ts';
import type { Principal } from './principal.ts';
import type { Identity } from './types.ts';

const password = 'correct horse battery';
const authSecret = 'the same secret for every replica';

/** The promise of revocation. */
const promiseMs = 5_000;

describe('two replicas on one PostgreSQL', () => {
  let house: IdentityHouse;
  let here: Identity;
  let there: Identity;
  let ada: Principal;

  beforeAll(async () => {
    house = await openIdentityHouse('postgres');
    here = await house.replica({ settings: { authSecret, revocationPollMs: 500 } });
    there = await house.replica({ settings: { authSecret, revocationPollMs: 500 } });
    ada = await here.verify((await here.signUp({ email: 'ada@example.org', password })).token);
  });
  afterAll(() => house.close());

  const signIn = async () => (await here.signIn({ email: 'ada@example.org', password })).token;
  const createKey = () => house.within(ada, (scope) => here.createKey(scope, ada, { name: 'worker' }));

  /** Uses the credential there all the time, so that it stays cached, until it is refused. Returns after how many milliseconds. */
  async function refusedThere(credential: string): Promise<number> {
    const started = performance.now();
    while (performance.now() - started < 2 * promiseMs) {
      const refused = await there.verify(credential).then(
        () => false,
        (error: unknown) => error instanceof Problem && error.code === 'unauthenticated',
      );
      if (refused) break;
      await sleep(20);
    }
    return performance.now() - started;
  }

  test('the keys that one signs with, the other verifies with, also when they are newer than what it has seen', async () => {
    const token = await signIn();
    expect((await there.verify(token)).user_id).toBe(ada.user_id);
  });

  test('sign-out, revoking, rotating and a new password hold on the other within five seconds', async () => {
    const [left, kept] = [await signIn(), await signIn()];
    const [revoked, rotated] = [await createKey(), await createKey()];
    for (const credential of [left, kept, revoked.key, rotated.key]) await there.verify(credential);

    await here.signOut(await here.verify(left));
    await house.within(ada, (scope) => here.revokeKey(scope, ada, revoked.view.id));
    await house.within(ada, (scope) => here.rotateKey(scope, ada, rotated.view.id));
    const waits = await Promise.all([left, revoked.key, rotated.key].map(refusedThere));
    expect(Math.max(...waits)).toBeLessThan(promiseMs);

    expect((await there.verify(kept)).user_id).toBe(ada.user_id);
    await here.admin.setPassword('ada@example.org', password);
    expect(await refusedThere(kept)).toBeLessThan(promiseMs);
  });

  test('a changed role and a removal hold on the other within five seconds', async () => {
    await here.admin.createUser({ email: 'grace@example.org', password, workspace: ada.workspace_id });
    const { token } = await here.signIn({ email: 'grace@example.org', password });
    const grace = await there.verify(token);
    const member = (await here.listMembers(ada.workspace_id, { limit: 10 })).find(({ user_id }) => user_id === grace.user_id);
    await here.changeMember(ada, member?.id ?? '', 'viewer');
    await expect.poll(async () => (await there.verify(token)).role, { timeout: promiseMs }).toBe('viewer');
    await here.removeMember(ada, member?.id ?? '');
    expect(await refusedThere(token)).toBeLessThan(promiseMs);
  });

  test('a session is revoked faster than its cached answer would end, because the other reads what was revoked', { retry: 2 }, async () => {
    const token = await signIn();
    await there.verify(token);
    await here.signOut(await here.verify(token));
    expect(await refusedThere(token)).toBeLessThan(2_500);
  });
});
