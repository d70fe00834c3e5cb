import { Client, type OAuthClientProvider, StreamableHTTPClientTransport, UnauthorizedError } from '@modelcontextprotocol/client';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Browser, callback, connectApp } from '../../support/oauth.ts';
import { type TestServer, type TestUser, client, signUp, startTestServer } from '../../support/server.ts';

let server: TestServer;
let ada: TestUser;
let visit: { email: string; password: string };

beforeAll(async () => {
  server = await startTestServer();
  ada = await signUp(server.url);
  visit = { email: ada.email, password: ada.password };
});
afterAll(() => server.close());

const eras = ['2026-07-28', '2025'] as const;

/** What a host such as an editor keeps, and the address that it opens in the browser. */
function createHost(narrowTo?: string) {
  const kept: Record<string, unknown> = {};
  const asked: URL[] = [];
  const authProvider: OAuthClientProvider = {
    redirectUrl: callback,
    clientMetadata: { client_name: 'Official client', redirect_uris: [callback], token_endpoint_auth_method: 'none' },
    clientInformation: () => kept['client'] as ReturnType<OAuthClientProvider['clientInformation']>,
    saveClientInformation: (information) => void (kept['client'] = information),
    tokens: () => kept['tokens'] as ReturnType<OAuthClientProvider['tokens']>,
    saveTokens: (tokens) => void (kept['tokens'] = tokens),
    redirectToAuthorization(url) {
      if (narrowTo !== undefined && asked.length === 0) url.searchParams.set('scope', narrowTo);
      asked.push(url);
    },
    saveCodeVerifier: (verifier) => void (kept['verifier'] = verifier),
    codeVerifier: () => String(kept['verifier']),
    saveDiscoveryState: (state) => void (kept['discovery'] = state),
    discoveryState: () => kept['discovery'] as ReturnType<NonNullable<OAuthClientProvider['discoveryState']>>,
  };
  const open = (address: string) => new StreamableHTTPClientTransport(new URL(address), { authProvider });
  return { asked, kept, open };
}

async function connect(host: ReturnType<typeof createHost>, era: (typeof eras)[number], address = `${server.url}/mcp`): Promise<Client> {
  const newClient = () =>
    new Client({ name: 'official', version: '1.0.0' }, { versionNegotiation: { mode: era === '2025' ? 'legacy' : { pin: era } } });
  const first = host.open(address);
  await expect(newClient().connect(first)).rejects.toThrow(UnauthorizedError);
  const back = await new Browser().signIn(host.asked.at(-1)?.href ?? '', visit);
  await first.finishAuth(back);
  const signedIn = newClient();
  await signedIn.connect(host.open(address));
  return signedIn;
}

describe.each(eras)('the official client, protocol %s', (era) => {
  test('signs a person in from nothing but the address', async () => {
    const signedIn = await connect(createHost(), era);
    const { structuredContent } = await signedIn.callTool({ name: 'whoami', arguments: {} });
    expect(structuredContent).toMatchObject({
      me: { kind: 'agent', name: 'Official client', on_behalf_of: { id: ada.user.id } },
      workspace: { id: ada.workspace.id },
    });
    await signedIn.close();
  });

  test('is told with 403 what it may not do yet, and asks its person for that and what it has', async () => {
    const host = createHost('workspace:read tasks:read');
    const signedIn = await connect(host, era);
    expect((await signedIn.listTools()).tools.map(({ name }) => name)).toContain('create_task');
    await expect(signedIn.callTool({ name: 'create_task', arguments: { title: 'x' } })).rejects.toThrow(UnauthorizedError);
    expect(host.asked).toHaveLength(2);
    expect(host.asked[1]?.searchParams.get('scope')?.split(' ')).toEqual(
      expect.arrayContaining(['workspace:read', 'tasks:read', 'tasks:write']),
    );
    await signedIn.close();
  });
});

test('a person may write localhost for 127.0.0.1', async () => {
  const signedIn = await connect(createHost(), '2026-07-28', `${server.url.replace('127.0.0.1', 'localhost')}/mcp`);
  expect((await signedIn.callTool({ name: 'whoami', arguments: {} })).isError).toBeFalsy();
  await signedIn.close();
});

describe('a call beyond what was allowed', () => {
  const challenge = () =>
    new RegExp(
      `^Bearer error="insufficient_scope", error_description="[^"]+", resource_metadata="${server.url}/.well-known/oauth-protected-resource/mcp", scope="workspace:read tasks:read tasks:write"$`,
    );
  const version = '2026-07-28';
  const meta = { 'io.modelcontextprotocol/protocolVersion': version, 'io.modelcontextprotocol/clientCapabilities': {} };
  const call = (name: string, args: object, envelope: object = {}) => ({
    jsonrpc: '2.0',
    id: 1,
    method: 'tools/call',
    params: { name, arguments: args, ...envelope },
  });
  const attempts = [
    [
      'over MCP 2026-07-28',
      '/mcp',
      call('create_task', { title: 'x' }, { _meta: meta }),
      { 'Mcp-Method': 'tools/call', 'Mcp-Name': 'create_task' },
    ],
    ['over MCP 2025-11-25', '/mcp', call('create_task', { title: 'x' }), { 'MCP-Protocol-Version': '2025-11-25' }],
    ['by an alias', '/mcp', call('add_task', { title: 'x' }), {}],
    ['through call_tool', '/mcp', call('call_tool', { name: 'create_project', arguments: {} }), {}],
    ['over REST', '/tasks', { title: 'x' }, {}],
  ] as const;

  test.each(attempts)('is 403 %s, with every scope that it needs', async (_where, path, body, headers) => {
    const { access_token } = await connectApp(server.url, visit, { scope: 'workspace:read tasks:read' });
    const accept = { accept: 'application/json, text/event-stream', 'MCP-Protocol-Version': version };
    const answer = await client(server.url, access_token).post(path, body, { ...accept, ...headers });
    expect(answer.status).toBe(403);
    const shown = answer.headers.get('www-authenticate') ?? '';
    if (JSON.stringify(body).includes('create_project')) expect(shown).toContain('workspace:write');
    else expect(shown).toMatch(challenge());
  });

  test('is no challenge where no consent would help: the role of the person does not allow it', async () => {
    const { access_token } = await connectApp(server.url, visit);
    const answer = await client(server.url, access_token).post('/keys', { name: 'mine' });
    expect([answer.status, answer.headers.get('www-authenticate')]).toEqual([403, null]);
  });
});
