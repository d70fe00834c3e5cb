import { expect, test } from 'vitest';
import type { CompiledOperation } from '../../operations/types.ts';
import { createRanking } from './ranking.ts';

const operations = [
  ['create_task', 'Create a task', 'Makes a task. Use it to plan work.'],
  ['list_tasks', 'List tasks', 'Lists tasks by project, status or label.'],
  ['claim_task', 'Claim a task', 'Takes one ready task from the queue under a lease.'],
  ['invite_member', 'Invite a member', 'Sends an invitation to join the workspace.'],
  ['revoke_key', 'Revoke a key', 'Ends an API key; agents that use it are refused.'],
].map(([name, title, description]) => ({ operation: { name, title, description } }) as CompiledOperation);
const rank = createRanking(operations);
const names = (query: string) => rank(query, operations).map(({ operation }) => operation.name);

test.each([
  ['claim_task', 'claim_task'],
  ['take the next thing from the queue', 'claim_task'],
  ['Inviting people', 'invite_member'],
  ['invitations', 'invite_member'],
  ['stop an agent from using its API key', 'revoke_key'],
  ['create task', 'create_task'],
])('%j finds %s first', (query, best) => {
  expect(names(query)[0]).toBe(best);
});

test('a word that many tools share decides less than one that few have', () => {
  expect(names('task queue')[0]).toBe('claim_task');
});

test('a word that no tool has finds nothing', () => {
  expect(names('submarine')).toEqual([]);
});

test('words that every request has find nothing', () => {
  expect(names('what is the submarine for')).toEqual([]);
  expect(names('from')).toEqual([]);
});

test('a word that means the same finds a tool, and the word itself is nearer', () => {
  expect(names('credential')).toEqual(['revoke_key']);
  expect(names('grab')[0]).toBe('claim_task');
  expect(names('show tasks')[0]).toBe('list_tasks');
  const alike = ['take_thing', 'claim_thing'].map((name) => ({ operation: { name, title: name, description: name } }) as CompiledOperation);
  expect(createRanking(alike)('claim', alike).map(({ operation }) => operation.name)).toEqual(['claim_thing', 'take_thing']);
});

test('only the candidates are found, and equal ones keep their order', () => {
  const [create, list] = operations;
  expect(rank('task', operations.slice(1)).includes(create as CompiledOperation)).toBe(false);
  expect(rank('workspace key', [list as CompiledOperation])).toEqual([]);
});
