/** `quarterdeck check`: one thing each, proved with evidence, or not. */

import { CliCommand } from './command.ts';
import { authCommand } from './check/auth.ts';
import { diskCommand } from './check/disk.ts';
import { httpCommand } from './check/http.ts';
import { latencyCommand } from './check/latency.ts';
import { mcpCommand } from './check/mcp.ts';
import { tlsCommand } from './check/tls.ts';

export function checkGroup(): CliCommand {
  const group = new CliCommand('check', {
    summary: 'Prove one thing, with evidence. Made for steps of runbooks; works on servers that are not Quarterdeck too.',
  });
  for (const command of [httpCommand(), mcpCommand(), tlsCommand(), authCommand(), latencyCommand(), diskCommand()])
    group.addCommand(command);
  return group;
}
