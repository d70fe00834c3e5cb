/** The requests of the measurements, as the bytes that clients send. */

const revision = '2026-07-28';

/** A request of protocol 2026-07-28 as its official client sends it. */
export function mcpRequest(key: string, method: 'tools/call' | 'tools/list', params: { name?: string; arguments?: object } = {}): string {
  const body = JSON.stringify({
    jsonrpc: '2.0',
    id: 1,
    method,
    params: {
      ...params,
      _meta: {
        'io.modelcontextprotocol/protocolVersion': revision,
        'io.modelcontextprotocol/clientInfo': { name: 'bench', version: '1.0.0' },
        'io.modelcontextprotocol/clientCapabilities': {},
      },
    },
  });
  const name = params.name === undefined ? '' : `mcp-name: ${params.name}\r\n`;
  return `${postHead('/mcp', key)}accept: application/json, text/event-stream\r\nmcp-protocol-version: ${revision}\r\nmcp-method: ${method}\r\n${name}content-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`;
}

export function restGet(key: string, path: string): string {
  return `GET ${path} HTTP/1.1\r\nhost: 127.0.0.1\r\nauthorization: Bearer ${key}\r\n\r\n`;
}

export function restPost(key: string, path: string, input: object): string {
  const body = JSON.stringify(input);
  return `${postHead(path, key)}content-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`;
}

/** Without its length and its body. */
export function postHead(path: string, key: string): string {
  return `POST ${path} HTTP/1.1\r\nhost: 127.0.0.1\r\nauthorization: Bearer ${key}\r\ncontent-type: application/json\r\n`;
}
