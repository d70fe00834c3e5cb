import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type IdentityHouse, openIdentityHouse } from '../../../test/support/identity.ts';
import type { Identity } from './types.ts';

const password = 'correct horse battery';
const refused = { code: 'unauthenticated' };

describe.each(['embedded', 'postgres'] as const)('administration, on %s', (kind) => {
  let house: IdentityHouse;
  let identity: Identity;

  beforeAll(async () => {
    house = await openIdentityHouse(kind);
    identity = await house.replica({ loopback: false });
  });
  afterAll(() => house.close());

  test('makes the operator and others on an installation whose sign-up is closed', async () => {
    const operator = await identity.admin.createUser({ email: 'Root@example.org', password, name: 'Root' });
    expect(operator).toMatchObject({ email: 'root@example.org', operator: true, disabled: false });
    expect(operator.workspaces).toEqual([{ id: expect.any(String), name: "Root's workspace", role: 'owner' }]);
    const [workspace] = operator.workspaces;
    const joined = await identity.admin.createUser({ email: 'ada@example.org', password, workspace: "root's WORKSPACE", role: 'admin' });
    expect(joined).toMatchObject({ operator: false, workspaces: [{ ...workspace, role: 'admin' }] });
    expect((await identity.signIn({ email: 'ada@example.org', password })).workspace).toMatchObject({ id: workspace?.id, role: 'admin' });
  });

  test('names what is wrong with an account that cannot be made', async () => {
    const { createUser } = identity.admin;
    await expect(createUser({ email: 'ada@example.org', password })).rejects.toMatchObject({ code: 'conflict' });
    await expect(createUser({ email: 'new@example.org', password, workspace: 'nowhere' })).rejects.toMatchObject({ code: 'not_found' });
    for (const email of ['x1@example.org', 'x2@example.org']) await createUser({ email, password, name: 'Twin' });
    await expect(createUser({ email: 'new@example.org', password, workspace: "Twin's workspace" })).rejects.toMatchObject({
      code: 'conflict',
    });
  });

  test('lists accounts in pages, from the oldest', async () => {
    const all = await identity.admin.listUsers({ limit: 100 });
    expect(all[0]?.email).toBe('root@example.org');
    expect(await identity.admin.listUsers({ limit: 100, after: all[0]?.id })).toEqual(all.slice(1));
  });

  test('a new password ends every session of the account, and leaves its keys', async () => {
    const { token } = await identity.signIn({ email: 'ada@example.org', password });
    const ada = await identity.verify(token);
    const { key } = await house.within(ada, (scope) => identity.createKey(scope, ada, { name: 'worker' }));
    await identity.admin.setPassword('ADA@example.org', 'another good password');
    await expect(identity.verify(token)).rejects.toMatchObject(refused);
    await expect(identity.refresh(token)).rejects.toMatchObject(refused);
    await expect(identity.signIn({ email: 'ada@example.org', password })).rejects.toMatchObject(refused);
    expect((await identity.signIn({ email: 'ada@example.org', password: 'another good password' })).user.id).toBe(ada.user_id);
    expect((await identity.verify(key)).user_id).toBe(ada.user_id);
    await expect(identity.admin.setPassword('unknown@example.org', password)).rejects.toMatchObject({ code: 'not_found' });
  });

  test('a disabled account is out with sessions and keys, cannot sign in, and gets none of them back when it is enabled', async () => {
    await identity.admin.createUser({ email: 'gone@example.org', password });
    const { token } = await identity.signIn({ email: 'gone@example.org', password });
    const gone = await identity.verify(token);
    const { key } = await house.within(gone, (scope) => identity.createKey(scope, gone, { name: 'worker' }));
    await identity.verify(key);
    await identity.admin.disableUser('gone@example.org');
    for (const credential of [token, key]) await expect(identity.verify(credential)).rejects.toMatchObject(refused);
    await expect(identity.signIn({ email: 'gone@example.org', password })).rejects.toMatchObject(refused);
    await expect(identity.principalOf('gone@example.org')).rejects.toMatchObject({ code: 'not_found' });
    const listed = (await identity.admin.listUsers({ limit: 100 })).find(({ email }) => email === 'gone@example.org');
    expect(listed?.disabled).toBe(true);
    await identity.admin.enableUser('gone@example.org');
    expect((await identity.signIn({ email: 'gone@example.org', password })).user.id).toBe(gone.user_id);
    for (const credential of [token, key]) await expect(identity.verify(credential)).rejects.toMatchObject(refused);
  });

  test('the operator is not disabled', async () => {
    await expect(identity.admin.disableUser('root@example.org')).rejects.toMatchObject({ code: 'conflict' });
  });
});
