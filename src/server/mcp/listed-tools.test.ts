/** The tools of the product as a model sees them: which are listed. */

import { expect, test } from 'vitest';
import { principal } from '../../../test/behaviour/mcp/support/workspace.ts';
import { compileToolsets } from '../../operations/compile.ts';
import type { Registry } from '../../operations/types.ts';
import { scopesOfRole } from '../../platform/identity/principal.ts';
import { toolsets } from '../../toolsets/index.ts';
import { createSurface, defaultTools, maxListedTools } from './surface.ts';

const operations = compileToolsets(toolsets).filter(({ operation }) => operation.faces?.includes('mcp') ?? true);
const registry: Registry = {
  operations,
  toolsets,
  find: () => undefined,
  allowed: (_principal, _face, names) => operations.filter(({ toolset }) => names === undefined || names.includes(toolset)),
  missingConsent: () => undefined,
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
