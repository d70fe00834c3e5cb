/** One request of protocol 2026-07-28 as it is on the wire, for what the clients hide. */

export interface Sent {
  // The shape of every answer is the subject of the tests themselves.
  // oxlint-disable-next-line typescript/no-explicit-any
  result: any;
  error?: { code: number; message: string; data?: unknown };
}

export interface SendOptions {
  token: string;
  /** Default: it can be asked, and takes tasks. */
  capabilities?: object;
  meta?: Record<string, unknown>;
}

const capable = { elicitation: { form: {} }, extensions: { 'io.modelcontextprotocol/tasks': {} } };

export async function send(url: string, method: string, params: Record<string, unknown>, options: SendOptions): Promise<Sent> {
  const _meta = {
    ...options.meta,
    'io.modelcontextprotocol/protocolVersion': '2026-07-28',
    'io.modelcontextprotocol/clientCapabilities': options.capabilities ?? capable,
    'io.modelcontextprotocol/clientInfo': { name: 'test', version: '1' },
  };
  const response = await fetch(url, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      accept: 'application/json, text/event-stream',
      authorization: `Bearer ${options.token}`,
      'mcp-protocol-version': '2026-07-28',
      'mcp-method': method,
      'mcp-name': nameIn(params),
    },
    body: JSON.stringify({ jsonrpc: '2.0', id: 1, method, params: { ...params, _meta } }),
  });
  return (await response.json()) as Sent;
}

/** What the header must repeat of the parameters. */
function nameIn({ name, taskId }: Record<string, unknown>): string {
  if (typeof name === 'string') return name;
  return typeof taskId === 'string' ? taskId : '';
}
