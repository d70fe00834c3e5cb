import { sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type IdentityHouse, openIdentityHouse } from '../../../test/support/identity.ts';
import type { Principal } from './principal.ts';
import type { Identity, NewKey } from './types.ts';

const password = 'correct horse battery';
const refused = { code: 'unauthenticated', message: 'The credential is unknown, expired or revoked.' };

describe.each(['embedded', 'postgres'] as const)('API keys, on %s', (kind) => {
  let house: IdentityHouse;
  let identity: Identity;
  let ada: Principal;
  let stranger: Principal;
  /** A member of Ada's workspace, signed in there. */
  let grace: Principal;

  beforeAll(async () => {
    house = await openIdentityHouse(kind);
    identity = await house.replica();
    ada = await identity.verify((await identity.signUp({ email: 'ada@example.org', password, name: 'Ada' })).token);
    stranger = await identity.verify((await identity.signUp({ email: 'eve@example.org', password, name: 'Eve' })).token);
    await identity.admin.createUser({ email: 'grace@example.org', password, name: 'Grace', workspace: ada.workspace_id });
    grace = await identity.verify((await identity.signIn({ email: 'grace@example.org', password })).token);
  });
  afterAll(() => house.close());

  const create = (principal: Principal, input: Partial<NewKey> = {}) =>
    house.within(principal, (scope) => identity.createKey(scope, principal, { name: 'worker', ...input }));
  const list = (principal: Principal) => house.within(principal, (scope) => identity.listKeys(scope, principal, { limit: 100 }));
  const revoke = (principal: Principal, key_id: string) => house.within(principal, (scope) => identity.revokeKey(scope, principal, key_id));
  const rotate = (principal: Principal, key_id: string) => house.within(principal, (scope) => identity.rotateKey(scope, principal, key_id));

  test('a key acts on behalf of its maker, with all that the maker may do but manage keys and members', async () => {
    const { key, view } = await create(ada);
    expect(key).toMatch(/^qd_[A-Za-z0-9_-]{43}$/);
    expect(view).toMatchObject({
      name: 'worker',
      prefix: key.slice(0, 9),
      scopes: null,
      toolsets: null,
      user_id: ada.user_id,
      expires_at: null,
    });
    const agent = await identity.verify(key);
    expect(agent).toMatchObject({
      kind: 'agent',
      id: view.id,
      name: 'worker',
      user_id: ada.user_id,
      user_name: 'Ada',
      email: 'ada@example.org',
      workspace_id: ada.workspace_id,
      role: 'owner',
      workspace_name: expect.any(String) as string,
      session_id: null,
    });
    expect([...agent.scopes].sort()).toEqual([
      'knowledge:read',
      'knowledge:write',
      'tasks:read',
      'tasks:write',
      'workspace:read',
      'workspace:write',
    ]);
  });

  test('a key can be narrowed to scopes and toolsets', async () => {
    const { key } = await create(ada, { scopes: ['tasks:read'], toolsets: ['tasks'] });
    expect(await identity.verify(key)).toMatchObject({ scopes: ['tasks:read'], toolsets: ['tasks'] });
  });

  test('the key itself is nowhere in the database', async () => {
    const { key } = await create(ada);
    const { rows } = await house.within(ada, (scope) => sql`select * from api_keys`.execute(scope.db));
    expect(rows.length).toBeGreaterThan(0);
    expect(JSON.stringify(rows)).not.toContain(key.slice(9));
  });

  test('other text is refused like an unknown key, however long', async () => {
    for (const key of [`qd_${'A'.repeat(43)}`, 'qd_', 'qd_short', `qd_${'x'.repeat(100_000)}`, "qd_' or true --"])
      await expect(identity.verify(key)).rejects.toMatchObject(refused);
  });

  test('a key that was revoked stops at once here, and cannot be revoked again', async () => {
    const { key, view } = await create(ada);
    await identity.verify(key);
    expect((await revoke(ada, view.id)).id).toBe(view.id);
    await expect(identity.verify(key)).rejects.toMatchObject(refused);
    await expect(revoke(ada, view.id)).rejects.toMatchObject({ code: 'not_found' });
    expect((await list(ada)).map(({ id }) => id)).not.toContain(view.id);
  });

  test('a revocation that is rolled back did not happen', async () => {
    const { key, view } = await create(ada);
    const failing = house.within(ada, async (scope) => {
      await identity.revokeKey(scope, ada, view.id);
      throw new Error('the handler failed');
    });
    await expect(failing).rejects.toThrow('the handler failed');
    expect((await identity.verify(key)).id).toBe(view.id);
  });

  test('rotation keeps the key and changes its secret', async () => {
    const { key, view } = await create(ada, { scopes: ['tasks:read'] });
    await identity.verify(key);
    const rotated = await rotate(ada, view.id);
    expect(rotated.view).toEqual({ ...view, prefix: rotated.key.slice(0, 9), last_used_at: rotated.view.last_used_at });
    await expect(identity.verify(key)).rejects.toMatchObject(refused);
    expect((await identity.verify(rotated.key)).id).toBe(view.id);
  });

  test('a key ends at its time', async () => {
    const { key, view } = await create(ada, { expires_in_days: 1 });
    expect(view.expires_at?.getTime()).toBe(view.created_at.getTime() + 86_400_000);
    await identity.verify(key);
    const past = sql`update api_keys set expires_at = now() where id = ${view.id}`;
    await house.within(ada, (scope) => past.execute(scope.db));
    const elsewhere = await house.replica();
    await expect(elsewhere.verify(key)).rejects.toMatchObject(refused);
  });

  test('members see and revoke their own keys, owners those of all, and nobody those of another workspace', async () => {
    const hers = await create(grace);
    const owners = await create(ada);
    expect(new Set((await list(grace)).map(({ user_id }) => user_id))).toEqual(new Set([grace.user_id]));
    expect((await list(ada)).map(({ id }) => id)).toEqual(expect.arrayContaining([hers.view.id, owners.view.id]));
    expect(await list(stranger)).toEqual([]);
    for (const [principal, { view }] of [
      [grace, owners],
      [stranger, owners],
      [stranger, hers],
    ] as const)
      await expect(revoke(principal, view.id)).rejects.toMatchObject({ code: 'not_found' });
    await revoke(ada, hers.view.id);
    await expect(identity.verify(hers.key)).rejects.toMatchObject(refused);
  });

  test('nobody rotates the key of another person, because the new secret would act in its name', async () => {
    const { view } = await create(grace);
    await expect(rotate(ada, view.id)).rejects.toMatchObject({ code: 'not_found' });
  });

  test('a key makes no keys', async () => {
    const agent = await identity.verify((await create(ada)).key);
    await expect(create(agent)).rejects.toMatchObject({ code: 'forbidden' });
    await expect(create(ada, { scopes: ['keys:write'] })).rejects.toMatchObject({ code: 'invalid_input' });
    await expect(create(grace, { scopes: ['members:write'] })).rejects.toMatchObject({ code: 'invalid_input' });
  });

  test('the list goes on from where it ended', async () => {
    const all = await list(ada);
    const first = await house.within(ada, (scope) => identity.listKeys(scope, ada, { limit: 2 }));
    const rest = await house.within(ada, (scope) => identity.listKeys(scope, ada, { limit: 100, after: first[1]?.id }));
    expect([...first, ...rest]).toEqual(all);
  });

  test('the last use is written when identity closes', async () => {
    const { key, view } = await create(ada);
    const closing = await house.replica();
    const before = Date.now();
    await closing.verify(key);
    await closing.close();
    const found = (await list(ada)).find(({ id }) => id === view.id);
    expect(found?.last_used_at?.getTime()).toBeGreaterThanOrEqual(before);
  });

  test('a key is found among many', async () => {
    const { key } = await create(ada);
    await house.within(ada, (scope) =>
      sql`insert into api_keys (workspace_id, id, user_id, name, prefix, hash, created_at)
        select ${ada.workspace_id}, gen_random_uuid(), ${ada.user_id}, 'many', 'qd_', sha256(n::text::bytea), now() from generate_series(1, 5000) n`.execute(
        scope.db,
      ),
    );
    await sql`analyze api_keys`.execute(house.database.owner);
    expect((await (await house.replica()).verify(key)).user_id).toBe(ada.user_id);
  });

  describe('the name in a record', () => {
    const find = (text: string, principal = ada) => house.within(principal, (scope) => identity.findActor(scope, principal, text));

    test('is found for oneself, for a member by id or address, and for a key by id or name', async () => {
      const { view } = await create(grace, { name: 'Night shift' });
      const person = { kind: 'person', id: grace.user_id, name: 'Grace' };
      const agent = { kind: 'agent', id: view.id, name: 'Night shift', on_behalf_of: { id: grace.user_id, name: 'Grace' } };
      expect(await find('me')).toEqual({ kind: 'person', id: ada.user_id, name: 'Ada' });
      expect(await find(grace.user_id)).toEqual(person);
      expect(await find('Grace@Example.org')).toEqual(person);
      expect(await find(view.id)).toEqual(agent);
      expect(await find('Night shift')).toEqual(agent);
    });

    test('is not found for people and keys of other workspaces, and for nobody', async () => {
      const { view } = await create(stranger, { name: 'elsewhere' });
      for (const text of [stranger.user_id, 'eve@example.org', view.id, 'elsewhere', 'nobody', '', crypto.randomUUID()])
        expect(await find(text)).toBeUndefined();
    });

    test('is all that a tenant sees of the accounts', async () => {
      await expect(house.within(ada, (scope) => sql`select * from auth."user"`.execute(scope.db))).rejects.toThrow('permission denied');
      const { rows } = await house.within(stranger, (scope) => sql`select email from auth.people`.execute(scope.db));
      expect(rows).toEqual([{ email: 'eve@example.org' }]);
    });
  });
});
