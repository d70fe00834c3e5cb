import { describe, expect, test } from 'vitest';
import { type Role, roles, scopes } from './principal.ts';
import {
  type Membership,
  checkInvitation,
  checkKeyScopes,
  checkMemberChange,
  checkPassword,
  lockPerAddress,
  lockSeconds,
  chooseMembership,
  agentScopesOf,
  normalEmail,
  personName,
} from './rules.ts';

const change = { by: 'owner' as Role, self: false, from: 'member' as Role, to: 'viewer' as Role | null, owners: 1 };

describe('a change of members', () => {
  test('owners change everyone, also into owners and out of being one', () => {
    for (const from of roles)
      for (const to of [...roles, null]) expect(() => checkMemberChange({ ...change, from, to, owners: 2 })).not.toThrow();
  });

  test('admins change everyone but owners, and make none', () => {
    const by = 'admin';
    expect(() => checkMemberChange({ ...change, by, from: 'viewer', to: 'admin' })).not.toThrow();
    expect(() => checkMemberChange({ ...change, by, from: 'admin', to: null })).not.toThrow();
    expect(() => checkMemberChange({ ...change, by, to: 'owner' })).toThrow('Only owners make or change owners.');
    expect(() => checkMemberChange({ ...change, by, from: 'owner', to: null, owners: 2 })).toThrow('Only owners');
  });

  test.each(['member', 'viewer'] as const)('a %s changes nobody, but may leave', (by) => {
    expect(() => checkMemberChange({ ...change, by })).toThrow(`your role is ${by}`);
    expect(() => checkMemberChange({ ...change, by, self: true, from: by, to: 'admin' })).toThrow(`your role is ${by}`);
    expect(() => checkMemberChange({ ...change, by, self: true, from: by, to: null })).not.toThrow();
  });

  test('the last owner can neither leave nor be demoted', () => {
    expect(() => checkMemberChange({ ...change, self: true, from: 'owner', to: null })).toThrow('this is the last one');
    expect(() => checkMemberChange({ ...change, self: true, from: 'owner', to: 'admin' })).toThrow('this is the last one');
    expect(() => checkMemberChange({ ...change, self: true, from: 'owner', to: 'owner' })).not.toThrow();
  });
});

test('owners invite everyone, admins everyone but owners, others nobody', () => {
  for (const role of roles) expect(() => checkInvitation('owner', role)).not.toThrow();
  expect(() => checkInvitation('admin', 'admin')).not.toThrow();
  expect(() => checkInvitation('admin', 'owner')).toThrow('Only owners make or change owners.');
  expect(() => checkInvitation('member', 'viewer')).toThrow('Members are managed by owners and admins');
});

describe('a key', () => {
  test('without scopes holds all of its maker except what only people do', () => {
    expect(agentScopesOf('owner', null).sort()).toEqual(scopes.filter((scope) => !/^(keys|members):/.test(scope)).sort());
  });

  test('holds no more than its maker now, whatever was asked for', () => {
    expect(agentScopesOf('member', ['tasks:write'])).toEqual(['tasks:write']);
    expect(agentScopesOf('viewer', ['tasks:write'])).toEqual([]);
    expect(agentScopesOf('owner', ['keys:write'])).toEqual([]);
  });

  test('cannot be asked for with what no key or not its maker may do', () => {
    expect(() => checkKeyScopes('owner', ['tasks:read', 'keys:write'])).toThrow('A key cannot hold keys:write.');
    expect(() => checkKeyScopes('viewer', ['tasks:write'])).toThrow('Your role viewer does not allow tasks:write.');
    expect(() => checkKeyScopes('viewer', ['tasks:read'])).not.toThrow();
    expect(() => checkKeyScopes('viewer', undefined)).not.toThrow();
  });
});

describe('the workspace of a credential', () => {
  const membership = (workspace_id: string, workspace_name: string, role: Role): Membership => ({
    member_id: '',
    workspace_id,
    workspace_name,
    role,
  });
  const joined = membership('1', 'Wire', 'member');
  const own = membership('2', "Ada's workspace", 'owner');
  const later = membership('3', 'Labs', 'owner');

  test('is the oldest that the person owns, else the oldest', () => {
    expect(chooseMembership([joined, own, later])).toBe(own);
    expect(chooseMembership([joined])).toBe(joined);
    expect(chooseMembership([])).toBeUndefined();
  });

  test('is the wanted one, by id or by name in any case', () => {
    expect(chooseMembership([joined, own], '1')).toBe(joined);
    expect(chooseMembership([joined, own], 'wire')).toBe(joined);
    expect(chooseMembership([joined, own], 'Labs')).toBeUndefined();
  });
});

test('addresses are kept in lower case, and refused when they are none', () => {
  expect(normalEmail(' Ada@Example.ORG ')).toBe('ada@example.org');
  for (const text of ['ada', 'ada@', '@example.org', 'a b@example.org', `${'a'.repeat(250)}@example.org`])
    expect(() => normalEmail(text)).toThrow('The e-mail address is not one.');
});

test('a person without a name is called after the address', () => {
  expect(personName('ada@example.org', undefined)).toBe('ada');
  expect(personName('ada@example.org', '  ')).toBe('ada');
  expect(personName('ada@example.org', ' Ada Lovelace ')).toBe('Ada Lovelace');
});

test('a password has 8 to 128 characters', () => {
  const check = (password: string) => () => checkPassword(password, 'ada.lovelace@example.org');
  expect(check('1234567')).toThrow('The password has 7 characters.');
  expect(check('x'.repeat(129))).toThrow('The password has 129 characters.');
  for (const common of ['12345678', 'Password1', ' iloveyou ', 'zzzzzzzzzz'])
    expect(check(common)).toThrow('one of those that are tried first');
  for (const own of ['Ada.Lovelace@example.org', 'ada.lovelace']) expect(check(own)).toThrow('is the e-mail address, or a part of it');
  expect(check('12345679')).not.toThrow();
});

test('nobody waits for the first failures, and then twice as long each time, up to a limit', () => {
  const waits = [5, 6, 7, 8, 15, 16, 17, 1_000].map((failures) => lockSeconds(failures, lockPerAddress));
  expect(waits).toEqual([0, 1, 2, 4, 512, 900, 900, 900]);
});
