/** What the client of a request says about itself, in that request: since 2026-07-28 nothing is remembered from an earlier one. */

import { CLIENT_CAPABILITIES_META_KEY, type ClientCapabilities, type ServerContext } from '@modelcontextprotocol/server';

/** Undefined for clients of the 2025 revisions. The SDK has checked the shape; its type of the envelope names no keys. */
export function declaredCapabilities({ mcpReq }: ServerContext): ClientCapabilities | undefined {
  const envelope: Record<string, unknown> | undefined = mcpReq.envelope;
  return envelope?.[CLIENT_CAPABILITIES_META_KEY] as ClientCapabilities | undefined;
}
