import { expect, test } from 'vitest';
import { z } from 'zod';
import { principal } from '../../../test/behaviour/mcp/support/workspace.ts';
import { compileToolsets } from '../../operations/compile.ts';
import type { Operation } from '../../operations/operation.ts';
import type { Registry } from '../../operations/types.ts';
import { createSurface, defaultTools, maxListedTools } from './surface.ts';

/** `queue` holds the default tools, `more` holds thirty others; the second of them destroys. */
function registry(): { registry: Registry; asked: () => number } {
  const operation = (name: string): Operation => ({
    name,
    title: name,
    description: name,
    input: z.strictObject({}),
    output: z.object({}),
    access: name === 'more_1' ? 'destroy' : 'read',
    scope: 'tasks:read',
    http: { method: 'GET', path: `/${name}` },
    handler: async () => ({}),
  });
  const toolsets = [
    { name: 'more', description: 'More.', operations: Array.from({ length: 30 }, (_, index) => operation(`more_${index}`)) },
    { name: 'queue', description: 'Queue.', operations: defaultTools.toReversed().map(operation) },
  ];
  const operations = compileToolsets(toolsets);
  let asked = 0;
  const allowed: Registry['allowed'] = (_principal, _face, names) => {
    asked += 1;
    return operations.filter(({ toolset }) => names === undefined || names.includes(toolset));
  };
  return {
    registry: { operations, toolsets, allowed, find: () => undefined, missingConsent: () => undefined, call: async () => ({}) },
    asked: () => asked,
  };
}

const names = (list: { tools: { name: string }[] }) => list.tools.map(({ name }) => name);

test('the default list has its own order, whatever the order of the registry', () => {
  const surface = createSurface(registry().registry);
  expect(names(surface.list({ principal: principal() }))).toEqual([...defaultTools, 'find_tools', 'call_tool']);
});

test('a list never has more than twenty tools, the default ones first', () => {
  const surface = createSurface(registry().registry);
  const listed = names(surface.list({ principal: principal(), toolsets: ['more', 'queue'] }));
  expect(listed).toHaveLength(maxListedTools);
  expect(listed.slice(0, defaultTools.length + 2)).toEqual([...defaultTools, 'more_0', 'more_1']);
  expect(listed.slice(-2)).toEqual(['find_tools', 'call_tool']);
});

test('the default list has room for all its tools', () => {
  expect(defaultTools.length + 2).toBeLessThanOrEqual(maxListedTools);
});

test('callers with the same rights get the same prebuilt list, and others do not', () => {
  const { registry: counted, asked } = registry();
  const surface = createSurface(counted);
  const list = surface.list({ principal: principal({ id: 'key-1', scopes: ['tasks:read', 'tasks:write'] }) });
  expect(surface.list({ principal: principal({ id: 'key-2', scopes: ['tasks:write', 'tasks:read'] }) })).toBe(list);
  expect(asked()).toBe(1);
  for (const other of [principal({ scopes: ['tasks:read'] }), principal({ kind: 'person' }), principal({ toolsets: ['queue'] })])
    surface.list({ principal: other });
  surface.list({ principal: principal(), toolsets: ['queue'] });
  expect(asked()).toBe(5);
});
