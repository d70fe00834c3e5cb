/** Guessing at passwords: who waits, for how long, and what that tells. Time passes by moving the rows back. */

import { sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type IdentityHouse, openIdentityHouse } from '../../../test/support/identity.ts';
import type { Problem } from '../problem.ts';
import type { Identity } from './types.ts';

const password = 'correct horse battery';

describe.each(['embedded', 'postgres'] as const)('sign-in attempts, on %s', (kind) => {
  let house: IdentityHouse;
  let identity: Identity;
  let people = 0;

  beforeAll(async () => {
    house = await openIdentityHouse(kind);
    identity = await house.replica();
  });
  afterAll(() => house.close());

  async function newPerson() {
    people += 1;
    const email = `ada-${people}@example.org`;
    return { email, session: await identity.signUp({ email, password }) };
  }

  const signIn = (email: string, secret: string, address = '192.0.2.1', on = identity) => on.signIn({ email, password: secret, address });

  /** What the caller sees, without the seconds. */
  async function refusal(attempt: Promise<unknown>): Promise<string> {
    const problem = await attempt.then(
      () => undefined,
      (error: unknown) => error as Problem,
    );
    return problem === undefined ? 'signed in' : `${problem.status} ${problem.message}`;
  }

  /**
   * Fails so often that somebody waits: the last time really, those before in the rows. After ten at one client the wait is
   * 16 seconds, longer than a busy machine takes for the next attempt.
   */
  async function fail(email: string, times: number, address = '192.0.2.1'): Promise<void> {
    await refusal(signIn(email, 'not the password', address));
    await sql`update auth.sign_in_attempts set failures = ${times - 1}, locked_until = now() where last_at = (select max(last_at) from auth.sign_in_attempts)`.execute(
      house.database.owner,
    );
    await refusal(signIn(email, 'not the password', address));
  }

  const passTime = (seconds: number) =>
    sql`update auth.sign_in_attempts set locked_until = locked_until - make_interval(secs => ${seconds})`.execute(house.database.owner);

  const wrong = '401 The e-mail address or the password is wrong.';
  const locked = '429 There were too many attempts to sign in with this e-mail address.';

  test('are free at first, then wait, in the same words for an address that nobody has', async () => {
    const { email } = await newPerson();
    const answersFor = async (address: string) => {
      const answers: string[] = [];
      for (let time = 0; time < 6; time += 1) answers.push(await refusal(signIn(address, 'not the password')));
      await fail(address, 10);
      return [...answers, await refusal(signIn(address, 'not the password'))];
    };
    const answers = await answersFor(email);
    expect(answers).toEqual([...Array<string>(6).fill(wrong), locked]);
    expect(await refusal(signIn(email, password))).toBe(locked);
    expect(await answersFor('nobody@example.org')).toEqual(answers);
  });

  test('say how long to wait', async () => {
    const { email } = await newPerson();
    await fail(email, 10);
    const seconds = expect.toSatisfy((value: number) => value > 0 && value <= 16);
    await expect(signIn(email, password)).rejects.toMatchObject({ details: { retry_after_seconds: seconds } });
  });

  test('of one client do not lock out another, until there are too many from everywhere', async () => {
    const { email } = await newPerson();
    await fail(email, 10, '198.51.100.1');
    expect(await refusal(signIn(email, password, '198.51.100.1'))).toBe(locked);
    expect(await refusal(signIn(email, password, '198.51.100.2'))).toBe('signed in');
    await fail(email, 26, '203.0.113.1');
    expect(await refusal(signIn(email, password, '198.51.100.3'))).toBe(locked);
  });

  test('start anew after a success, and after a new password from the operator', async () => {
    const { email } = await newPerson();
    await fail(email, 10);
    await passTime(3_600);
    expect(await refusal(signIn(email, password))).toBe('signed in');
    expect(await refusal(signIn(email, 'not the password'))).toBe(wrong);
    await fail(email, 10);
    expect(await refusal(signIn(email, password))).toBe(locked);
    await identity.admin.setPassword(email, 'battery horse correct');
    expect(await refusal(signIn(email, 'battery horse correct'))).toBe('signed in');
  });

  test('at once get no more guesses than one after another, on any number of replicas', async () => {
    const { email } = await newPerson();
    const other = await house.replica();
    const guesses = Array.from({ length: 30 }, (_, index) =>
      refusal(signIn(email, 'not the password', '192.0.2.9', index % 2 ? other : identity)),
    );
    expect((await Promise.all(guesses)).filter((answer) => answer === wrong).length).toBeLessThanOrEqual(10);
  });

  test('are forgotten after a day', async () => {
    const { email } = await newPerson();
    await fail(email, 10);
    await passTime(3_600);
    await sql`update auth.sign_in_attempts set last_at = last_at - interval '25 hours'`.execute(house.database.owner);
    expect(await refusal(signIn(email, 'not the password'))).toBe(wrong);
    const { rows } = await sql<{ failures: number }>`select failures from auth.sign_in_attempts`.execute(house.database.owner);
    expect(rows).toEqual([{ failures: 1 }, { failures: 1 }]);
  });

  test('are events that only the person sees', async () => {
    const { email, session } = await newPerson();
    const own = await house.replica();
    for (let time = 0; time < 6; time += 1) await refusal(signIn(email, 'not the password', '192.0.2.7', own));
    await passTime(3_600);
    await signIn(email, password, '192.0.2.7', own);
    await own.changePassword(await own.verify(session.token), { current_password: password, new_password: 'battery horse correct' });
    await own.close();
    const { rows } = await house.database.transaction('system', { mode: 'read' }, ({ db }) =>
      sql<{ type: string; owner_id: string }>`select type, owner_id from events where subject = ${email} order by id`.execute(db),
    );
    const types = rows.map(({ type }) => type);
    expect(types.filter((type) => type === 'sign_in.failed')).toHaveLength(5);
    expect(types).toEqual(expect.arrayContaining(['sign_in.locked', 'sign_in.succeeded', 'password.changed']));
    expect(new Set(rows.map(({ owner_id }) => owner_id))).toEqual(new Set([session.user.id]));
  });

  test('count when the current password is guessed at with a stolen token', async () => {
    const { session } = await newPerson();
    const principal = await identity.verify(session.token);
    const change = (current_password: string) =>
      identity.changePassword(principal, { current_password, new_password: 'battery horse correct' });
    await expect(change('a guess')).rejects.toMatchObject({ code: 'invalid_input' });
    await fail(session.user.email, 10, '');
    await expect(change(password)).rejects.toMatchObject({ code: 'rate_limited' });
  });
});
