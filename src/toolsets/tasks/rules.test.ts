import { describe, expect, it } from 'vitest';
import type { Principal } from '../../platform/identity/principal.ts';
import { Problem } from '../../platform/problem.ts';
import {
  afterExpiry,
  checkClaim,
  checkClaimable,
  checkFence,
  checkSharedReference,
  checkTransition,
  checkUnblocked,
  checkVersion,
  isReady,
  parseTaskId,
} from './rules.ts';
import type { TaskRow } from './rows.ts';

const now = new Date('2026-05-01T12:00:00Z');
const minutes = (count: number) => new Date(now.getTime() + count * 60_000);
const holder = { kind: 'agent' as const, id: 'k1', name: 'worker-1' };

function row(changes: Partial<TaskRow> = {}): TaskRow {
  return {
    id: 'u1',
    project_id: 'p1',
    owner_id: null,
    number: 12,
    title: 'A task',
    description: '',
    status: 'pending',
    priority: 1,
    labels: [],
    assignee: null,
    parent_id: null,
    due: null,
    inputs: null,
    expected_outputs: null,
    outputs: null,
    notes: [],
    open_dependencies: 0,
    attempts: 0,
    version: 3,
    fence: 0,
    claimed_by: null,
    claimed_at: null,
    claimed_until: null,
    created_by: holder,
    created_at: now,
    updated_at: now,
    completed_at: null,
    display_id: 'WEB-12',
    parent_display_id: null,
    dependencies: [],
    ...changes,
  };
}

const claimed = row({ status: 'in_progress', fence: 7, claimed_by: holder, claimed_at: now, claimed_until: minutes(15) });
const expired = row({ status: 'in_progress', fence: 7, claimed_by: holder, claimed_at: minutes(-20), claimed_until: minutes(-5) });

function principal(role: Principal['role']): Principal {
  return {
    kind: 'person',
    id: 'u',
    name: 'Ada',
    user_id: 'u',
    user_name: 'Ada',
    email: 'ada@example.com',
    workspace_id: 'w',
    role,
    scopes: [],
    grantable: [],
    toolsets: null,
    workspace_name: 'Ada',
    session_id: null,
    expires_at: null,
  };
}

function codeOf(work: () => void): string {
  try {
    work();
    return 'ok';
  } catch (error) {
    if (error instanceof Problem) return error.code;
    throw error;
  }
}

describe('task ids', () => {
  it('have a key and a number', () => {
    expect(parseTaskId('WEB-12')).toEqual({ key: 'WEB', number: 12 });
  });
});

describe('readiness', () => {
  it.each([
    ['pending', 0, true],
    ['pending', 1, false],
    ['in_progress', 0, false],
    ['completed', 0, false],
    ['cancelled', 0, false],
    ['needs_attention', 0, false],
  ] as const)('of %s with %i open dependencies is %s', (status, open_dependencies, ready) => {
    expect(isReady({ status, open_dependencies })).toBe(ready);
  });
});

describe('versions', () => {
  it('refuse a change that was made for another one, and give the current', () => {
    expect(codeOf(() => checkVersion(row(), undefined))).toBe('ok');
    expect(codeOf(() => checkVersion(row(), 3))).toBe('ok');
    expect(() => checkVersion(row(), 2)).toThrow(
      expect.objectContaining({ code: 'version_conflict', details: { current_version: 3, expected_version: 2 } }),
    );
  });
});

describe('transitions', () => {
  it.each([
    ['pending', 'in_progress', 'ok'],
    ['pending', 'completed', 'ok'],
    ['completed', 'pending', 'ok'],
    ['completed', 'cancelled', 'conflict'],
    ['completed', 'in_progress', 'conflict'],
    ['cancelled', 'completed', 'conflict'],
    ['cancelled', 'pending', 'ok'],
    ['needs_attention', 'pending', 'ok'],
    ['completed', 'completed', 'ok'],
  ] as const)('from %s to %s: %s', (from, to, outcome) => {
    expect(codeOf(() => checkTransition(row({ status: from }), to))).toBe(outcome);
  });
});

describe('a change of a claimed task', () => {
  it('is refused without the fence, names the holder and says what to do', () => {
    const check = () => checkFence(claimed, {}, principal('member'), now);
    expect(check).toThrow(expect.objectContaining({ code: 'task_claimed', status: 409 }));
    expect(check).toThrow(/claimed by worker-1 until 2026-05-01T12:15:00.000Z/);
    expect(check).toThrow(
      expect.objectContaining({ details: expect.objectContaining({ holder, expires_at: '2026-05-01T12:15:00.000Z' }) }),
    );
  });

  it.each([
    ['the current fence', { fence: 7 }, 'member', 'ok'],
    ['an old fence', { fence: 6 }, 'member', 'stale_claim'],
    ['an old fence, by an owner without force', { fence: 6 }, 'owner', 'stale_claim'],
    ['force, by a member', { force: true }, 'member', 'task_claimed'],
    ['force, by an admin', { force: true }, 'admin', 'ok'],
    ['force and an old fence, by an owner', { force: true, fence: 6 }, 'owner', 'ok'],
  ] as const)('with %s: %j as %s', (_what, given, role, outcome) => {
    expect(codeOf(() => checkFence(claimed, given, principal(role), now))).toBe(outcome);
  });

  it('needs no fence once the lease has ended', () => {
    expect(codeOf(() => checkFence(expired, {}, principal('member'), now))).toBe('ok');
  });
});

describe('a claim', () => {
  it.each([
    ['the current fence in time', claimed, 7, 'ok'],
    ['an old fence', claimed, 6, 'stale_claim'],
    ['a fence from the future', claimed, 8, 'stale_claim'],
    ['the right fence, too late', expired, 7, 'stale_claim'],
    ['a task that nobody holds', row(), 1, 'stale_claim'],
  ] as const)('with %s', (_what, task, fence, outcome) => {
    expect(codeOf(() => checkClaim(task, fence, now))).toBe(outcome);
  });

  it('ends exactly at its time', () => {
    expect(codeOf(() => checkClaim(claimed, 7, minutes(15)))).toBe('stale_claim');
    expect(codeOf(() => checkClaim(claimed, 7, new Date(minutes(15).getTime() - 1)))).toBe('ok');
  });

  it.each([
    ['a ready task', row(), 'ok'],
    ['a claimed one', claimed, 'task_claimed'],
    ['a completed one', row({ status: 'completed' }), 'task_not_ready'],
    ['one that needs attention', row({ status: 'needs_attention' }), 'task_not_ready'],
    ['a blocked one', row({ open_dependencies: 1 }), 'task_blocked'],
  ] as const)('of %s: %s', (_what, task, outcome) => {
    expect(codeOf(() => checkClaimable(task, now))).toBe(outcome);
  });

  it('names what a blocked task waits for', () => {
    const dependencies = ['WEB-3', 'WEB-4', 'WEB-5'].map((display_id) => ({ display_id, satisfied: display_id === 'WEB-5' }));
    expect(() => checkUnblocked(row({ open_dependencies: 2, dependencies }))).toThrow('WEB-12 waits for WEB-3, WEB-4.');
  });
});

describe('a lease that ran out', () => {
  it('returns the task until the last attempt, then asks for a person', () => {
    expect(afterExpiry(0, 3)).toEqual({ attempts: 1, status: 'pending' });
    expect(afterExpiry(1, 3)).toEqual({ attempts: 2, status: 'pending' });
    expect(afterExpiry(2, 3)).toEqual({ attempts: 3, status: 'needs_attention' });
  });
});

describe('references', () => {
  const personal = row({ owner_id: 'u', display_id: 'ME-1' });
  it('from a shared task never point to a personal one', () => {
    expect(codeOf(() => checkSharedReference({ owner_id: null }, personal, 'depends_on'))).toBe('invalid_input');
    expect(codeOf(() => checkSharedReference({ owner_id: null }, personal, 'parent'))).toBe('invalid_input');
    expect(codeOf(() => checkSharedReference({ owner_id: 'u' }, personal, 'depends_on'))).toBe('ok');
    expect(codeOf(() => checkSharedReference({ owner_id: 'u' }, row(), 'depends_on'))).toBe('ok');
  });
});
