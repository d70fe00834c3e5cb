/** The span of an MCP message on stdio, where no HTTP request is around it. */

import { PROTOCOL_VERSION_META_KEY, type ServerContext } from '@modelcontextprotocol/server';
import { type Tracing, carrierOf } from '../../platform/telemetry/traces.ts';

/** The form of our names: another tool is none of ours, and names no span. */
const sane = /^[a-z_]{1,64}$/;

export function inStdioSpan<Result>(
  trace: Tracing,
  { method, _meta, envelope }: ServerContext['mcpReq'],
  params: unknown,
  work: () => Promise<Result>,
): Promise<Result> {
  const { name } = params as { name?: unknown };
  const tool = method === 'tools/call' ? (typeof name === 'string' && sane.test(name) ? name : 'unknown') : undefined;
  const said: Readonly<Record<string, unknown>> = { ...envelope };
  const protocol = said[PROTOCOL_VERSION_META_KEY];
  const start = {
    name: tool === undefined ? method : `${method} ${tool}`,
    kind: 'server',
    from: carrierOf(_meta ?? {}),
    attributes: {
      'mcp.method.name': method,
      'gen_ai.tool.name': tool,
      'gen_ai.operation.name': tool === undefined ? undefined : 'execute_tool',
      // The clients of 2025 say it once, when they connect.
      'mcp.protocol.version': typeof protocol === 'string' ? protocol : undefined,
      'network.transport': 'pipe',
    },
  } as const;
  return trace.span(start, async (span) => {
    const result = await work();
    if (typeof result === 'object' && result !== null && 'isError' in result && result.isError === true) span.fail('tool_error', true);
    return result;
  });
}
