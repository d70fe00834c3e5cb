/** The snapshot of every MCP tool as a model reads it, which no change may break for those who call by it. */

import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { compileToolsets } from '../../src/operations/compile.ts';
import { toListed } from '../../src/server/mcp/outline.ts';
import { callTool, findTools } from '../../src/server/mcp/own-tools.ts';
import { toolsets } from '../../src/toolsets/index.ts';
import { type ToolSnapshot, findBreaks } from './tool-breaks.ts';

export const snapshotPath = 'docs/reference/tools.json';

/** Every tool that can be called over MCP, listed by default or not. */
export function toolSnapshots(): ToolSnapshot[] {
  const operations = compileToolsets(toolsets).filter(({ operation }) => operation.faces?.includes('mcp') ?? true);
  const own = [findTools({ toolsets }), callTool({ operations })];
  return [
    ...operations.map((compiled) => ({ ...toListed(compiled), aliases: compiled.operation.aliases ?? [] })),
    ...own.map((tool) => ({ ...tool, aliases: [] })),
  ];
}

export async function committedSnapshots(): Promise<ToolSnapshot[]> {
  const text = await readFile(join(import.meta.dirname, '../..', snapshotPath), 'utf8');
  return JSON.parse(text) as ToolSnapshot[];
}

/** @throws Error when somebody who calls by the committed snapshot would now be refused */
export async function renderTools(): Promise<string> {
  const snapshots = toolSnapshots();
  const breaks = findBreaks(await committedSnapshots(), snapshots);
  if (breaks.length > 0 && !process.argv.includes('--accept-breaks')) throw new Error(breakNotice(breaks));
  return JSON.stringify(snapshots);
}

export function breakNotice(breaks: readonly string[]): string {
  return `${breaks.map((line) => `- ${line}`).join('\n')}
Agents call by what they have read. If it must be, run \`npm run docs -- --accept-breaks\` and say so in CHANGELOG.md under "Changed".`;
}
