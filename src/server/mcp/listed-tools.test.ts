/** The tools of the product as a model sees them: which are listed, and which are found. */

import { expect, test } from 'vitest';
import { principal } from '../../../test/behaviour/mcp/support/workspace.ts';
import { compileToolsets } from '../../operations/compile.ts';
import type { Registry } from '../../operations/types.ts';
import { scopesOfRole } from '../../platform/identity/principal.ts';
import { toolsets } from '../../toolsets/index.ts';
import { createRanking } from './ranking.ts';
import { createSurface, defaultTools, maxListedTools } from './surface.ts';

const operations = compileToolsets(toolsets).filter(({ operation }) => operation.faces?.includes('mcp') ?? true);
const registry: Registry = {
  operations,
  toolsets,
  find: () => undefined,
  allowed: (_principal, _face, names) => operations.filter(({ toolset }) => names === undefined || names.includes(toolset)),
  call: async () => ({}),
};
const owner = principal({ kind: 'person', role: 'owner', scopes: scopesOfRole.owner });
const surface = createSurface(registry);

test('every tool of the default list exists, and none of them destroys', () => {
  const listed = surface.list({ principal: owner }).tools;
  expect(listed.map(({ name }) => name)).toEqual([...defaultTools, 'find_tools', 'call_tool']);
  expect(listed.filter((tool) => tool.annotations?.destructiveHint !== false)).toEqual([]);
});

test.each(toolsets.map(({ name }) => name))('?toolsets=%s lists at most twenty tools', (name) => {
  expect(surface.list({ principal: owner, toolsets: [name] }).tools.length).toBeLessThanOrEqual(maxListedTools);
});

test.each([
  ['take the next task to work on', 'claim_task'],
  ['delete a task', 'delete_task'],
  ['which projects are there', 'list_projects'],
  ['give a task back to the queue', 'release_claim'],
  ['extend the lease of a claim', 'renew_claim'],
  ['mark_complete', 'complete_task'],
])('%j finds %s among the first three', (query, name) => {
  const found = createRanking(operations)(query, operations).slice(0, 3);
  expect(found.map(({ operation }) => operation.name)).toContain(name);
});
