import { expect, test } from 'vitest';
import { defaultTools } from '../../src/server/mcp/surface.ts';
import { toolSnapshots } from '../docs/tools.ts';
import { listBudget, toolBudget } from './budget.ts';
import { sizeOf } from './count.ts';

const tools = toolSnapshots().map((snapshot) => {
  const { aliases: _, ...tool } = snapshot;
  return tool;
});
const byDefault = new Set([...defaultTools, 'find_tools', 'call_tool']);
const sizes = Object.fromEntries(tools.map((tool) => [tool.name, sizeOf(tool).tokens]));

test('the default list stays within its budget', () => {
  const listed = tools.filter(({ name }) => byDefault.has(name));
  expect(listed).toHaveLength(byDefault.size);
  const whole = sizeOf({ tools: listed });
  expect(whole.bytes, JSON.stringify(sizes)).toBeLessThan(listBudget.bytes);
  expect(whole.tokens, JSON.stringify(sizes)).toBeLessThan(listBudget.tokens);
});

test.each(Object.entries(sizes))('%s stays within the budget of a tool', (_name, tokens) => {
  expect(tokens).toBeLessThan(toolBudget.tokens);
});
