/** `quarterdeck check mcp`: whether a server speaks MCP as its clients need it. */

import { Option } from 'commander';
import type { McpQuestion } from '../../production/check/mcp.ts';
import { type CliCommand, UsageError } from '../command.ts';
import { version } from '../invocation.ts';
import { addressOf, collect, secretFrom } from '../options.ts';
import { assertionsOf } from './assertions.ts';
import { type CheckOptions, checkCommand, runCheck, tokenHelp } from './run.ts';

interface McpOptions extends CheckOptions {
  protocol: McpQuestion['protocol'];
  tool?: string[];
  call?: string;
  args: string;
  expect?: string[];
  contains?: string[];
  tokenEnv?: string;
}

export function mcpCommand(): CliCommand {
  const command = checkCommand('mcp', {
    summary: 'Speak MCP with any server: agree on a protocol, find tools, call one.',
    details: 'Over streamable HTTP, with protocol 2026-07-28 or the 2025 revisions. A result with isError is a failure.',
    example: 'quarterdeck check mcp http://127.0.0.1:8000/mcp --token-env QUARTERDECK_TOKEN --tool claim_task --call whoami',
  });
  command
    .argument('<url>', 'The MCP endpoint.')
    .addOption(
      new Option('--protocol <revision>', 'What must be spoken: the newest that both know, or one of the two eras.')
        .choices(['auto', '2026-07-28', '2025'])
        .default('auto'),
    )
    .option('--tool <name>', 'A tool that must be listed. May be given several times.', collect)
    .option('--call <name>', 'A tool to call. Choose one that changes nothing.')
    .option('--args <json>', 'What to call it with.', '{}')
    .option('--expect <assertion>', "What must be true of its result: '.user.name == ada'. May be given several times.", collect)
    .option('--contains <text>', 'Text that must stand in its result. May be given several times.', collect)
    .option('--token-env <name>', tokenHelp);
  return command.action(async (address: string, options: McpOptions) => {
    const url = addressOf(address).href;
    const { protocol, tool: tools = [], timeout: timeoutMs } = options;
    const call = callOf(options);
    const token = secretFrom(options.tokenEnv);
    await runCheck(options, `speaking with ${url}`, async (signal) => {
      const { checkMcp } = await import('../../production/check/mcp.ts');
      return checkMcp({ url, protocol, token, version, timeoutMs, signal }, { tools, call });
    });
  });
}

function callOf(options: McpOptions) {
  const result = assertionsOf(options);
  if (options.call !== undefined) return { name: options.call, input: inputOf(options.args), result };
  if (result.length > 0) throw new UsageError('--expect and --contains are about the result of a tool.', 'Name the tool with --call.');
  return undefined;
}

function inputOf(text: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Record<string, unknown>;
  } catch {
    // Said below.
  }
  throw new UsageError('--args is no JSON object.', `Write it like '{"project":"WEB"}'.`);
}
