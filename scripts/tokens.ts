/** `npm run tokens`: what the list of tools and typical results cost a model, measured on a real server. Fails when a budget is passed. */

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readSettings } from '../src/platform/config/read.ts';
import { createLog } from '../src/platform/telemetry/log.ts';
import { startServer } from '../src/server/start.ts';
import { connect } from '../test/behaviour/mcp/support/clients.ts';
import { signUp } from '../test/support/client.ts';
import { listBudget, resultBudget, toolBudget } from './tokens/budget.ts';
import { type Size, encoding, sizeOf } from './tokens/count.ts';
import { typicalResults } from './tokens/results.ts';

const passed: string[] = [];

function report(name: string, size: Size, budget: Partial<Size>): void {
  const over = (['bytes', 'tokens'] as const).filter((unit) => size[unit] > (budget[unit] ?? Infinity));
  for (const unit of over) passed.push(`${name} takes ${size[unit]} ${unit}, and may take ${budget[unit]}`);
  console.log(`${name.padEnd(20)} ${String(size.bytes).padStart(8)} ${String(size.tokens).padStart(8)}`);
}

const folder = await mkdtemp(join(tmpdir(), 'quarterdeck-tokens-'));
const effective = readSettings({ flags: { data: folder, logLevel: 'silent' }, environment: { QUARTERDECK_PORT: '0' }, folder });
const server = await startServer(effective, createLog(effective.settings), { migrate: true });
try {
  const client = await connect('2026-07-28', { url: `${server.url}/mcp`, token: (await signUp(server.url)).key });
  const tools = await client.listTools();
  console.log(`Counted with ${encoding} (gpt-tokenizer); other models differ by a few per cent.\n`);
  console.log(`${'tools/list'.padEnd(20)} ${'bytes'.padStart(8)} ${'tokens'.padStart(8)}`);
  for (const tool of tools) report(tool.name, sizeOf(tool), toolBudget);
  report(`${tools.length} tools`, sizeOf({ tools }), listBudget);
  console.log('\ntypical results, the text alone');
  const call = async (name: string, args: Record<string, unknown>) => {
    const { isError, text } = await client.callTool(name, args);
    if (isError) throw new Error(`${name} was refused: ${text}`);
    return text;
  };
  for (const [name, text] of Object.entries(await typicalResults(call, 'WEB'))) report(name, sizeOf(text), resultBudget);
  await client.close();
} finally {
  await server.close();
  await rm(folder, { recursive: true, force: true });
}

for (const line of passed) console.error(`OVER BUDGET: ${line}. Say it shorter, or argue the budget in scripts/tokens/budget.ts.`);
if (passed.length > 0) process.exitCode = 1;
