/** A program that speaks MCP over its standard streams: with a workspace of its own, or attached to the one behind a socket. */

import { connect } from 'node:net';
import { createLog } from '../../../../src/platform/telemetry/log.ts';
import { attachStdio } from '../../../../src/server/mcp/attach.ts';
import { serveMcpStdio } from '../../../../src/server/mcp/stdio.ts';
import { principal, startWorkspace } from './workspace.ts';

const [path] = process.argv.slice(2);
if (path === undefined) {
  const workspace = await startWorkspace();
  const backend = workspace.backends({ principal: principal() });
  await serveMcpStdio({ backend, version: '9.8.7', log: createLog({ logLevel: 'silent' }) }).closed;
  await workspace.close();
} else {
  await attachStdio(connect(path));
}
