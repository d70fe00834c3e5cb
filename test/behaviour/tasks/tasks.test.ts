import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Caller, type OwnHouse, openHouse } from '../../support/house.ts';

let house: OwnHouse;
let ada: Caller;
let bob: Caller;
let viewer: Caller;

beforeAll(async () => {
  house = await openHouse();
  ada = await house.person('Ada');
  bob = await house.colleague(ada, 'Bob', 'member');
  viewer = await house.colleague(ada, 'Vera', 'viewer');
});
afterAll(() => house.close());

let projects = 0;
/** A project of its own for each test, so that none sees the tasks of another. */
async function project(): Promise<string> {
  projects += 1;
  const key = `P${projects}`;
  await ada.call('create_project', { key, name: `Project ${projects}` });
  return key;
}
const create = async (input: Record<string, unknown>, by = ada) => (await by.call('create_task', input)).task;
const idsOf = (items: { id: string }[]) => items.map(({ id }) => id);

describe('a new task', () => {
  test('has a number of its project, and every field of the contract', async () => {
    const key = await project();
    const task = await create({ project: key, title: '  Write the page ' });
    expect(task).toMatchObject({
      id: `${key}-1`,
      project: key,
      title: 'Write the page',
      description: '',
      status: 'pending',
      priority: 'normal',
      labels: [],
      assignee: null,
      parent: null,
      due: null,
      depends_on: [],
      blocked_by: [],
      ready: true,
      attempts: 0,
      version: 1,
      claim: null,
      inputs: null,
      expected_outputs: null,
      outputs: null,
      notes: [],
      completed_at: null,
      created_by: { kind: 'person', id: ada.principal.id, name: 'Ada' },
    });
    expect(task.created_at).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
    expect((await create({ project: key, title: 'Next' })).id).toBe(`${key}-2`);
  });

  test('keeps what it was given', async () => {
    const key = await project();
    const parent = await create({ project: key, title: 'Whole' });
    const task = await create({
      project: key,
      title: 'Part',
      description: 'How\nand why',
      priority: 'urgent',
      labels: ['ui', 'docs'],
      parent: parent.id,
      assignee: 'bob@example.com',
      due: '2030-01-31T10:00:00+01:00',
      inputs: { url: 'https://example.com', deep: { list: [1, null] } },
      expected_outputs: { report: 'Markdown' },
    });
    expect(task).toMatchObject({
      description: 'How\nand why',
      priority: 'urgent',
      labels: ['ui', 'docs'],
      parent: parent.id,
      assignee: { kind: 'person', id: bob.principal.id, name: 'Bob' },
      due: '2030-01-31T09:00:00.000Z',
      inputs: { url: 'https://example.com', deep: { list: [1, null] } },
      expected_outputs: { report: 'Markdown' },
    });
  });

  test('goes to the own project of its maker when no project is named, and nobody else sees it', async () => {
    const mine = await create({ title: 'Mine' }, bob);
    expect(mine.id).toMatch(/^ME-\d+$/);
    expect((await bob.call('get_task', { task_id: mine.id })).task.title).toBe('Mine');
    expect((await ada.refused('get_task', { task_id: mine.id })).code).toBe('not_found');
    expect(idsOf((await ada.call('list_tasks', { query: 'Mine' })).items)).toEqual([]);
    expect(idsOf((await bob.call('list_tasks', { query: 'Mine' })).items)).toEqual([mine.id]);
  });

  test('names the agent that made it, and the person behind the agent', async () => {
    const key = await project();
    const agent = await house.agent(bob, 'builder');
    expect((await create({ project: key, title: 'x' }, agent)).created_by).toEqual({
      kind: 'agent',
      id: agent.principal.id,
      name: 'builder',
      on_behalf_of: { id: bob.principal.id, name: 'Bob' },
    });
  });

  test.each([
    ['no title', {}, 'title'],
    ['an empty title', { title: '  ' }, 'title'],
    ['a title of 201 characters', { title: 'x'.repeat(201) }, 'title'],
    ['a description of 10,001 characters', { title: 'x', description: 'y'.repeat(10_001) }, 'description'],
    ['a priority that is none', { title: 'x', priority: 'asap' }, 'priority'],
    ['a field that is none', { title: 'x', prioritiy: 'high' }, 'prioritiy'],
    ['a due date that is no date', { title: 'x', due: 'tomorrow' }, 'due'],
    ['an assignee who is not here', { title: 'x', assignee: 'nobody@example.com' }, 'assignee'],
    ['inputs that are too large', { title: 'x', inputs: { text: 'z'.repeat(70_000) } }, 'inputs'],
    ['an id in the wrong form', { title: 'x', depends_on: ['12'] }, 'depends_on[0]'],
  ])('is refused with %s', async (_what, input, path) => {
    const problem = await ada.refused('create_task', input);
    expect(problem.code).toBe('invalid_input');
    expect((problem.details['problems'] as { path: string }[]).map((item) => item.path)).toEqual([path]);
  });

  test('is refused in a project that is not there', async () => {
    const problem = await ada.refused('create_task', { title: 'x', project: 'NOWHERE' });
    expect(problem).toMatchObject({ code: 'not_found', next: expect.stringContaining('list_projects') });
  });

  test('is refused to a viewer, who is told the scope that is missing', async () => {
    expect(await viewer.refused('create_task', { title: 'x' })).toMatchObject({ code: 'forbidden', details: { scope: 'tasks:write' } });
  });
});

describe('a batch', () => {
  test('makes all its tasks, in order, with dependencies among them', async () => {
    const key = await project();
    const { tasks } = await ada.call('create_tasks', {
      tasks: [
        { project: key, title: 'a' },
        { project: key, title: 'b', depends_on: ['#1'] },
        { title: 'own', depends_on: ['#1'] },
        { project: key, title: 'c', depends_on: ['#1', '#2'] },
      ],
    });
    expect(tasks.map((task: { title: string }) => task.title)).toEqual(['a', 'b', 'own', 'c']);
    expect(tasks[3].depends_on).toEqual([`${key}-1`, `${key}-2`]);
    expect(tasks[2].depends_on).toEqual([`${key}-1`]);
  });

  test('makes none of them when one is wrong', async () => {
    const key = await project();
    const problem = await ada.refused('create_tasks', {
      tasks: [
        { project: key, title: 'a' },
        { project: key, title: 'b', depends_on: ['#2'] },
      ],
    });
    expect(problem.message).toContain('tasks[1].depends_on: #2 is not an earlier task');
    expect((await ada.call('list_tasks', { project: key })).items).toEqual([]);
    expect((await create({ project: key, title: 'first' })).id).toBe(`${key}-1`);
  });

  test('holds at most a hundred', async () => {
    const tasks = Array.from({ length: 101 }, (_, index) => ({ title: `t${index}` }));
    expect((await ada.refused('create_tasks', { tasks })).code).toBe('invalid_input');
  });
});

describe('a list', () => {
  test('is newest first, and pages reach everything once while tasks are added', async () => {
    const key = await project();
    await ada.call('create_tasks', { tasks: Array.from({ length: 7 }, (_, index) => ({ project: key, title: `t${index + 1}` })) });
    const first = await ada.call('list_tasks', { project: key, limit: 3 });
    expect(idsOf(first.items)).toEqual([`${key}-7`, `${key}-6`, `${key}-5`]);
    await create({ project: key, title: 'in between' });
    const second = await ada.call('list_tasks', { project: key, limit: 3, cursor: first.next_cursor });
    expect(idsOf(second.items)).toEqual([`${key}-4`, `${key}-3`, `${key}-2`]);
    await ada.call('delete_task', { task_id: `${key}-2` });
    const third = await ada.call('list_tasks', { project: key, limit: 3, cursor: second.next_cursor });
    expect(idsOf(third.items)).toEqual([`${key}-1`]);
    expect(third.next_cursor).toBeNull();
  });

  test('can be narrowed', async () => {
    const key = await project();
    const [a, b, c] = await Promise.all([
      create({ project: key, title: 'Red apple', labels: ['fruit'], assignee: 'me' }),
      create({ project: key, title: 'Green pear', description: 'not an APPLE, 100% sure', labels: ['fruit', 'green'] }),
      create({ project: key, title: 'Stone' }),
    ]);
    await create({ project: key, title: 'Blocked', depends_on: [a.id] });
    await ada.call('complete_task', { task_id: c.id });
    const ids = async (filter: object) => idsOf((await ada.call('list_tasks', { project: key, ...filter })).items).sort();
    expect(await ids({ label: 'green' })).toEqual([b.id]);
    expect(await ids({ assignee: 'me' })).toEqual([a.id]);
    expect(await ids({ status: 'completed' })).toEqual([c.id]);
    expect(await ids({ query: 'apple' })).toEqual([a.id, b.id].sort());
    expect(await ids({ query: 'apple pear' })).toEqual([b.id]);
    expect(await ids({ query: '100%' })).toEqual([b.id]);
    expect(await ids({ query: '%' })).toEqual([b.id]);
    expect(await ids({ updated_after: a.updated_at })).not.toContain(a.id);
    expect(await ids({ updated_after: '2020-01-01T00:00:00Z' })).toContain(a.id);
    expect(await ids({ ready: true })).toEqual([a.id, b.id].sort());
    expect(await ids({ ready: false })).toHaveLength(2);
  });

  test('has notes and history only with detail full', async () => {
    const key = await project();
    const task = await create({ project: key, title: 'x' });
    await ada.call('update_task', { task_id: task.id, notes: 'a note' });
    const [brief] = (await ada.call('list_tasks', { project: key })).items;
    expect(brief).not.toHaveProperty('notes');
    const [full] = (await ada.call('list_tasks', { project: key, detail: 'full' })).items;
    expect(full.notes).toMatchObject([{ text: 'a note', by: { name: 'Ada' } }]);
    expect(full.history.map((entry: { type: string }) => entry.type)).toEqual(['task.updated', 'task.created']);
  });

  test('over MCP gives rows, with what there is to tell, unless whole tasks are asked for', async () => {
    const key = await project();
    const first = await create({ project: key, title: 'first', description: 'long '.repeat(100) });
    await create({ project: key, title: 'second', labels: ['late'], depends_on: [first.id] });
    const { items } = await ada.call('list_tasks', { project: key }, { face: 'mcp' });
    expect(items).toEqual([
      { id: `${key}-2`, title: 'second', status: 'pending', priority: 'normal', ready: false, labels: ['late'], blocked_by: [first.id] },
      { id: `${key}-1`, title: 'first', status: 'pending', priority: 'normal', ready: true },
    ]);
    const whole = (face: 'mcp' | 'rest') => ada.call('list_tasks', { project: key, detail: 'full' }, { face });
    expect(await whole('mcp')).toEqual(await whole('rest'));
    await ada.call('claim_task', { task_id: first.id });
    const [taken] = (await ada.call('list_tasks', { project: key, status: 'in_progress' }, { face: 'mcp' })).items;
    expect(taken).toMatchObject({ id: first.id, claim: { fence: 1, holder: { name: 'Ada' } } });
  });

  test('over MCP ends a page early rather than flood a model', async () => {
    const key = await project();
    await ada.call('create_tasks', {
      tasks: Array.from({ length: 5 }, () => ({ project: key, title: 'long', description: 'd'.repeat(3_000) })),
    });
    const page = await ada.call('list_tasks', { project: key, detail: 'full' }, { face: 'mcp' });
    expect(page.items).toHaveLength(2);
    const rest = await ada.call('list_tasks', { project: key, detail: 'full', cursor: page.next_cursor }, { face: 'mcp' });
    expect(idsOf(rest.items)[0]).toBe(`${key}-3`);
  });
});

describe('a change', () => {
  test('replaces the fields that are given, counts the version, and leaves the rest', async () => {
    const key = await project();
    const task = await create({ project: key, title: 'Old', labels: ['a'], description: 'same' });
    const changed = (await bob.call('update_task', { task_id: task.id, title: 'New', labels: ['b'], assignee: 'me', expected_version: 1 }))
      .task;
    expect(changed).toMatchObject({ title: 'New', labels: ['b'], description: 'same', version: 2, assignee: { name: 'Bob' } });
    expect((await ada.call('update_task', { task_id: task.id, assignee: null, due: null })).task).toMatchObject({
      assignee: null,
      version: 3,
    });
  });

  test('made for another version is refused, and the current one is named', async () => {
    const key = await project();
    const task = await create({ project: key, title: 'x' });
    await ada.call('update_task', { task_id: task.id, title: 'y' });
    const problem = await bob.refused('update_task', { task_id: task.id, title: 'z', expected_version: 1 });
    expect(problem).toMatchObject({ code: 'version_conflict', status: 409, details: { current_version: 2 } });
  });

  test('of the status follows the transitions, and completion has its time', async () => {
    const key = await project();
    const task = await create({ project: key, title: 'x' });
    const status = async (to: string) => (await ada.call('update_task', { task_id: task.id, status: to })).task;
    expect(await status('in_progress')).toMatchObject({ status: 'in_progress', ready: false, completed_at: null });
    expect((await status('completed')).completed_at).not.toBeNull();
    expect((await ada.refused('update_task', { task_id: task.id, status: 'cancelled' })).code).toBe('conflict');
    expect(await status('pending')).toMatchObject({ ready: true, completed_at: null });
  });

  test('of the parent cannot make a task a part of itself', async () => {
    const key = await project();
    const [a, b] = [await create({ project: key, title: 'a' }), await create({ project: key, title: 'b', parent: `${key}-1` })];
    expect((await ada.refused('update_task', { task_id: a.id, parent: b.id })).code).toBe('conflict');
    expect((await ada.refused('update_task', { task_id: a.id, parent: a.id })).code).toBe('conflict');
  });
});

describe('completing', () => {
  test('twice changes nothing the second time', async () => {
    const key = await project();
    const task = await create({ project: key, title: 'x' });
    const first = (await ada.call('complete_task', { task_id: task.id, notes: 'done' })).task;
    const second = (await ada.call('mark_complete', { task_id: task.id, notes: 'done again' })).task;
    expect(second).toEqual(first);
    expect(first.notes).toHaveLength(1);
  });

  test('a task that waits is refused, unless forced', async () => {
    const key = await project();
    await create({ project: key, title: 'a' });
    const b = await create({ project: key, title: 'b', depends_on: [`${key}-1`] });
    const problem = await ada.refused('complete_task', { task_id: b.id });
    expect(problem).toMatchObject({ code: 'task_blocked', details: { blocked_by: [`${key}-1`] } });
    expect((await ada.call('complete_task', { task_id: b.id, force: true })).task.status).toBe('completed');
  });
});

describe('dependencies', () => {
  test('block until each is completed; a cancelled one keeps blocking and is named', async () => {
    const key = await project();
    await ada.call('create_tasks', { tasks: ['a', 'b'].map((title) => ({ project: key, title })) });
    const c = await create({ project: key, title: 'c', depends_on: [`${key}-1`, `${key}-2`] });
    expect(c).toMatchObject({ ready: false, blocked_by: [`${key}-1`, `${key}-2`] });
    await ada.call('complete_task', { task_id: `${key}-1` });
    await ada.call('update_task', { task_id: `${key}-2`, status: 'cancelled' });
    const show = async () => (await ada.call('get_task', { task_id: c.id })).task;
    expect(await show()).toMatchObject({ ready: false, depends_on: [`${key}-1`, `${key}-2`], blocked_by: [`${key}-2`] });
    await ada.call('update_task', { task_id: c.id, depends_on: [`${key}-1`] });
    expect(await show()).toMatchObject({ ready: true, blocked_by: [] });
    await ada.call('update_task', { task_id: `${key}-1`, status: 'pending' });
    expect(await show()).toMatchObject({ ready: false, blocked_by: [`${key}-1`] });
  });

  test('on something completed do not block', async () => {
    const key = await project();
    await create({ project: key, title: 'a' });
    await ada.call('complete_task', { task_id: `${key}-1` });
    expect(await create({ project: key, title: 'b', depends_on: [`${key}-1`] })).toMatchObject({ ready: true });
  });

  test('never form a cycle, however long', async () => {
    const key = await project();
    await ada.call('create_tasks', {
      tasks: ['a', 'b', 'c'].map((title, place) => ({ project: key, title, depends_on: place === 0 ? [] : [`#${place}`] })),
    });
    for (const other of [1, 2, 3]) {
      const problem = await ada.refused('update_task', { task_id: `${key}-1`, depends_on: [`${key}-${other}`] });
      expect(problem.code).toBe('dependency_cycle');
    }
    expect((await ada.call('get_task', { task_id: `${key}-1` })).task).toMatchObject({ depends_on: [], ready: true });
  });

  test('of two editors at once never close a cycle together', async () => {
    const key = await project();
    await ada.call('create_tasks', { tasks: ['a', 'b'].map((title) => ({ project: key, title })) });
    const outcomes = await Promise.allSettled([
      ada.call('update_task', { task_id: `${key}-1`, depends_on: [`${key}-2`] }),
      bob.call('update_task', { task_id: `${key}-2`, depends_on: [`${key}-1`] }),
    ]);
    expect(outcomes.filter((outcome) => outcome.status === 'fulfilled')).toHaveLength(1);
  });

  test('of a shared task never point to a personal one, but the other way they do, and unblock it', async () => {
    const key = await project();
    const mine = await create({ title: 'personal' }, bob);
    const shared = await create({ project: key, title: 'shared' });
    expect((await bob.refused('update_task', { task_id: shared.id, depends_on: [mine.id] })).code).toBe('invalid_input');
    expect((await bob.refused('create_task', { project: key, title: 'x', depends_on: [mine.id] })).code).toBe('invalid_input');
    expect((await bob.refused('create_task', { project: key, title: 'x', parent: mine.id })).code).toBe('invalid_input');
    const waiting = await create({ title: 'waits', depends_on: [shared.id] }, bob);
    expect(waiting.ready).toBe(false);
    // Ada cannot see Bob's task, and yet her completion must unblock it.
    await ada.call('complete_task', { task_id: shared.id });
    expect((await bob.call('get_task', { task_id: waiting.id })).task).toMatchObject({ ready: true, blocked_by: [] });
  });

  test('on a task that is deleted by force no longer block', async () => {
    const key = await project();
    await create({ project: key, title: 'a' });
    const b = await create({ project: key, title: 'b', depends_on: [`${key}-1`] });
    expect(await ada.refused('delete_task', { task_id: `${key}-1` })).toMatchObject({
      code: 'task_needed',
      details: { dependents: [b.id] },
    });
    expect(await ada.call('delete_task', { task_id: `${key}-1`, force: true })).toEqual({
      task_id: `${key}-1`,
      status: 'deleted',
      no_longer_waiting: [b.id],
    });
    expect((await ada.call('get_task', { task_id: b.id })).task).toMatchObject({ ready: true, depends_on: [] });
  });
});

describe('a deleted task', () => {
  test('is gone, its parts stay, and its number is never used again', async () => {
    const key = await project();
    await create({ project: key, title: 'whole' });
    const part = await create({ project: key, title: 'part', parent: `${key}-1` });
    await ada.call('delete_task', { task_id: `${key}-1` });
    expect((await ada.refused('get_task', { task_id: `${key}-1` })).code).toBe('not_found');
    expect((await ada.call('get_task', { task_id: part.id })).task.parent).toBeNull();
    await ada.call('delete_task', { task_id: part.id });
    expect((await create({ project: key, title: 'new' })).id).toBe(`${key}-3`);
  });
});

describe('projects', () => {
  test('have keys that are unique, and ME is reserved', async () => {
    const key = await project();
    expect((await ada.refused('create_project', { key, name: 'again' })).code).toBe('conflict');
    expect((await ada.refused('create_project', { key: 'ME', name: 'x' })).code).toBe('invalid_input');
    expect((await ada.refused('create_project', { key: 'web', name: 'x' })).code).toBe('invalid_input');
  });

  test('with tasks are deleted only by force, and with their tasks', async () => {
    const [key, other] = [await project(), await project()];
    await create({ project: key, title: 'a' });
    const outside = await create({ project: other, title: 'b', depends_on: [`${key}-1`] });
    expect(await ada.refused('delete_project', { project: key })).toMatchObject({
      code: 'conflict',
      details: { tasks: 1, needed_elsewhere: 1 },
    });
    expect(await ada.call('delete_project', { project: key, force: true })).toMatchObject({ deleted_tasks: 1 });
    expect((await ada.call('get_task', { task_id: outside.id })).task).toMatchObject({ ready: true, depends_on: [] });
    expect((await ada.refused('list_tasks', { project: key })).code).toBe('not_found');
  });
});

describe('an idempotency key', () => {
  test('makes the same write once, also when both come at once', async () => {
    const key = await project();
    const input = { project: key, title: 'once' };
    const both = await Promise.all([1, 2, 3].map(() => ada.call('create_task', input, { idempotency_key: 'k-1' })));
    expect(new Set(both.map(({ task }) => task.id)).size).toBe(1);
    expect((await ada.call('list_tasks', { project: key })).items).toHaveLength(1);
    const later = await ada.call('create_task', { title: 'once', project: key }, { idempotency_key: 'k-1' });
    expect(later).toEqual(both[0]);
  });

  test('with another input is refused', async () => {
    await ada.call('create_task', { title: 'a' }, { idempotency_key: 'k-2' });
    expect(await ada.refused('create_task', { title: 'b' }, { idempotency_key: 'k-2' })).toMatchObject({ code: 'idempotency_mismatch' });
  });

  test('belongs to one principal and one operation', async () => {
    await ada.call('create_task', { title: 'hers' }, { idempotency_key: 'k-3' });
    const his = await bob.call('create_task', { title: 'his' }, { idempotency_key: 'k-3' });
    expect(his.task.title).toBe('his');
    await ada.call('create_project', { key: 'IDEM', name: 'x' }, { idempotency_key: 'k-3' });
  });

  test('of a write that failed can be used again', async () => {
    const input = { key: 'LATER', name: 'x' };
    await ada.call('create_project', input);
    await ada.refused('create_project', input, { idempotency_key: 'k-4' });
    await ada.call('delete_project', { project: 'LATER' });
    expect((await ada.call('create_project', input, { idempotency_key: 'k-4' })).project.key).toBe('LATER');
  });

  test('never keeps a secret', async () => {
    await ada.call('create_key', { name: 'bot' }, { idempotency_key: 'k-5' });
    const problem = await ada.refused('create_key', { name: 'bot' }, { idempotency_key: 'k-5' });
    expect(problem).toMatchObject({ code: 'conflict', message: expect.stringContaining('shown once') });
  });

  test('works for operations outside a transaction', async () => {
    const input = { email: 'carol@example.com', role: 'member' };
    await ada.call('invite_member', input, { idempotency_key: 'k-6' });
    expect((await ada.refused('invite_member', input, { idempotency_key: 'k-6' })).message).toContain('shown once');
  });

  test('must be visible text', async () => {
    expect((await ada.refused('create_task', { title: 'x' }, { idempotency_key: 'a b' })).code).toBe('invalid_input');
  });
});

describe('the other lists', () => {
  test.each([
    ['list_projects', (number: number) => ada.call('create_project', { key: `LIST${number}`, name: 'x' })],
    ['list_keys', (number: number) => ada.call('create_key', { name: `key ${number}` })],
    ['list_members', (number: number) => house.colleague(ada, `Member${number}`, 'viewer')],
  ])('%s gives every item once, page after page, while items are added', async (operation, add) => {
    for (const number of [1, 2, 3]) await add(number);
    const seen: string[] = [];
    let cursor: string | null | undefined;
    do {
      const page = await ada.call(operation, { limit: 2, ...(cursor === undefined ? {} : { cursor }) });
      expect(page.items.length).toBeLessThanOrEqual(2);
      seen.push(...idsOf(page.items));
      if (cursor === undefined) await add(4);
      cursor = page.next_cursor;
    } while (cursor !== null);
    const whole = await ada.call(operation, { limit: 200 });
    expect(seen).toEqual(idsOf(whole.items));
    expect(new Set(seen).size).toBe(seen.length);
    const other = operation === 'list_keys' ? 'list_projects' : 'list_keys';
    const { next_cursor } = await ada.call(other, { limit: 1 });
    expect((await ada.refused(operation, { cursor: next_cursor })).code).toBe('invalid_input');
  });
});
