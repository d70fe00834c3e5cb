/** The same calls as a stranger makes them: over REST and over MCP. */

import type { Registry } from '../../../src/operations/types.ts';
import type { Caller } from '../../support/house.ts';
import { callOperation } from '../../support/operation-call.ts';
import type { Client } from '../../support/server.ts';
import { connectSecond } from '../mcp/support/clients.ts';

export async function overRest(
  rest: Client,
  registry: Registry,
  name: string,
  input: Record<string, unknown>,
  idempotency_key?: string,
): Promise<{ outcome: string; text: string }> {
  const compiled = registry.find(name, 'rest');
  if (compiled === undefined) throw new Error(`${name} has no route`);
  const headers = idempotency_key === undefined ? undefined : { 'Idempotency-Key': idempotency_key };
  const answer = await callOperation(rest, compiled.operation, input, headers);
  return answer.status < 400
    ? { outcome: 'ok', text: JSON.stringify(answer.body) }
    : { outcome: String(answer.status), text: JSON.stringify(answer.body) };
}

/** Operations without a tool cannot be reached: calling them must not even tell whether the thing exists. */
export async function overMcp(
  server: { url: string; registry: Registry },
  caller: Caller,
  name: string,
  input: Record<string, unknown>,
  idempotency_key?: string,
): Promise<{ outcome: string; text: string }> {
  const toolset = server.registry.find(name, 'mcp')?.toolset ?? 'workspace';
  const connected = await connectSecond('2026-07-28', { url: `${server.url}/mcp?toolsets=${toolset}`, token: caller.token });
  try {
    const result = await connected.callTool({
      name,
      arguments: input,
      ...(idempotency_key === undefined ? {} : { _meta: { 'quarterdeck/idempotency_key': idempotency_key } }),
    });
    return { outcome: result.isError === true ? 'error' : 'ok', text: JSON.stringify(result.content) };
  } catch (error) {
    return { outcome: 'protocol error', text: String(error) };
  } finally {
    await connected.close();
  }
}
