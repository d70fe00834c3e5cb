/** What every part of the HTTP surface hands to the application: a method, a path, and who answers. */

import type { Exchange } from './exchange.ts';

export interface Route {
  method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  /** With parameters in braces, as OpenAPI writes them: `/tasks/{task_id}`. */
  path: string;
  /** Open to strangers, and costly or worth guessing at: counted for the address of the client. */
  limited?: boolean;
  /** What logs and metrics call it; the path unless many paths share one name. */
  label?: string;
  handle(exchange: Exchange, params: Record<string, string>): Response | Promise<Response>;
}

/** JSON that depends on the credential or on the moment. */
export function json(body: unknown, status = 200, headers: Record<string, string> = {}): Response {
  return new Response(JSON.stringify(body), {
    status,
    headers: { 'Content-Type': 'application/json', 'Cache-Control': 'no-store', ...headers },
  });
}
