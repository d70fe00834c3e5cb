/** Calls any operation over REST by its definition: what is in the path, what in the query, and what in the body. */

import type { Operation } from '../../src/operations/operation.ts';
import type { Answer, Client } from './client.ts';

export function callOperation(
  rest: Client,
  { http: { method, path } }: Pick<Operation, 'http'>,
  input: Record<string, unknown>,
  headers?: Record<string, string>,
): Promise<Answer<Record<string, unknown>>> {
  const others = { ...input };
  const filled = path.replace(/\{(\w+)\}/g, (_match, field: string) => {
    const value = String(others[field]);
    delete others[field];
    return encodeURIComponent(value);
  });
  const inQuery = method === 'GET' || method === 'DELETE';
  const query = new URLSearchParams();
  if (inQuery) for (const [key, value] of Object.entries(others)) for (const one of [value].flat()) query.append(key, String(one));
  return rest.request(method, `${filled}?${query.toString()}`, inQuery ? undefined : others, headers);
}
