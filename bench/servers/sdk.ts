/** The official SDK as its guide shows it: `McpServer`, 40 tools with schemas, one of them called. No credential, no database. */

import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { toNodeHandler } from '@modelcontextprotocol/node';
import { McpServer, createMcpHandler, preloadSchemas } from '@modelcontextprotocol/server';
import { z } from 'zod';

preloadSchemas();

const input = z.object({
  title: z.string().min(1).max(200).describe('A line of text'),
  project: z.string().optional().describe('Key of a project'),
  due: z.iso.datetime().optional().describe('When'),
  owner: z.uuid().optional().describe('Who'),
  limit: z.int().min(1).max(200).optional().describe('How many'),
});
const output = z.object({
  id: z.string(),
  title: z.string(),
  created_at: z.iso.datetime(),
  owner: z.uuid().nullable(),
  tags: z.array(z.string()),
});
const whoami = z.object({
  me: z.object({ name: z.string(), email: z.string(), scopes: z.array(z.string()) }),
  workspace: z.object({ id: z.string(), name: z.string() }),
});
const me = { me: { name: 'racer', email: 'ada@example.com', scopes: ['tasks:read', 'tasks:write'] }, workspace: { id: 'w', name: 'Ada' } };

function build(): McpServer {
  const server = new McpServer({ name: 'sdk', version: '1.0.0' });
  server.registerTool('whoami', { description: 'Who am I', inputSchema: z.object({}), outputSchema: whoami }, async () => ({
    content: [{ type: 'text', text: JSON.stringify(me) }],
    structuredContent: me,
  }));
  for (let number = 1; number < 40; number += 1)
    server.registerTool(`tool_${number}`, { description: `Does thing ${number}`, inputSchema: input, outputSchema: output }, async () => ({
      content: [],
    }));
  return server;
}

const handle = toNodeHandler(createMcpHandler(build));
const server = createServer((req, res) => void handle(req, res));
server.listen(0, '127.0.0.1', () => process.send?.({ url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` }));
