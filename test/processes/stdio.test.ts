/** `stdio` with the official client: beside a running server, and alone with the data. */

import { Client } from '@modelcontextprotocol/client';
import { StdioClientTransport } from '@modelcontextprotocol/client/stdio';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { type Place, type TestServer, type TestUser, createPlace, signUp, startTestServer } from '../support/server.ts';
import { ask, environmentOf, program, quarterdeck } from '../support/quarterdeck.ts';

const eras = [
  ['2026-07-28', { pin: '2026-07-28' }],
  ['2025', 'legacy'],
] as const;

let place: Place;
let server: TestServer | undefined;
const open: Client[] = [];

beforeAll(async () => void (place = await createPlace()));
afterEach(async () => {
  await Promise.all(open.splice(0).map((client) => client.close()));
});
afterAll(async () => {
  await server?.close();
  await place.remove();
});

async function connect(mode: (typeof eras)[number][1], words: string[] = [], environment: Record<string, string> = {}): Promise<Client> {
  const client = new Client({ name: 'test', version: '1.0.0' }, { versionNegotiation: { mode } });
  const env = { ...environmentOf(place), ...environment };
  await client.connect(new StdioClientTransport({ command: process.execPath, args: [program, 'stdio', ...words], env, cwd: place.data }));
  open.push(client);
  return client;
}

async function whoami(client: Client): Promise<unknown> {
  return (await client.callTool({ name: 'whoami', arguments: {} })).structuredContent;
}

describe('stdio', () => {
  let ada: TestUser;

  test('without an account, says on standard error how to make one, and nothing on standard output', async () => {
    if (place.kind === 'postgres') await ask(place, ['migrate', 'up']);
    const { code, stdout, stderr } = await quarterdeck(place, ['stdio']);
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    expect(stderr).toContain('quarterdeck stdio: There is no account yet.');
    expect(stderr).toContain('`quarterdeck user create');
  });

  test.each(eras)('a client of %s works beside a server that has the data', async (_era, mode) => {
    server ??= await startTestServer({ place });
    ada ??= await signUp(server.url);
    const client = await connect(mode);
    expect(await whoami(client)).toMatchObject({ me: { kind: 'person', email: ada.email } });
    const made = await client.callTool({ name: 'create_task', arguments: { title: 'From stdio' } });
    const { id } = (made.structuredContent as { task: { id: string } }).task;
    expect((await ada.person.get(`/tasks/${id}`)).body).toMatchObject({ task: { title: 'From stdio' } });
  });

  test('--user is somebody else, and an address that nobody has is refused', async () => {
    const grace = await signUp(server?.url ?? '', 'Grace');
    expect(await whoami(await connect('legacy', ['--user', grace.email]))).toMatchObject({ me: { email: grace.email } });
    const { code, stdout, stderr } = await quarterdeck(place, ['stdio', '--user', 'nobody@example.org']);
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    expect(stderr).toMatch(/^quarterdeck stdio: There is no account/);
  });

  test('QUARTERDECK_TOKEN says who acts beside a server, and a wrong one is refused', async () => {
    const client = await connect('legacy', [], { QUARTERDECK_TOKEN: ada.key });
    expect(await whoami(client)).toMatchObject({ me: { kind: 'agent', id: ada.key_id, on_behalf_of: { id: ada.user.id } } });
    const { code, stdout, stderr } = await quarterdeck(place, ['stdio'], { environment: { QUARTERDECK_TOKEN: 'wrong' } });
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    expect(stderr).toMatch(/^quarterdeck stdio: The credential is unknown, expired or revoked\./);
  });

  test.each(eras)('a client of %s works alone with the data', async (_era, mode) => {
    await server?.close();
    server = undefined;
    expect(await whoami(await connect(mode))).toMatchObject({ me: { kind: 'person', email: ada.email } });
  });

  test('QUARTERDECK_TOKEN says who acts alone with the data', async () => {
    const client = await connect('legacy', [], { QUARTERDECK_TOKEN: ada.key });
    expect(await whoami(client)).toMatchObject({ me: { kind: 'agent', id: ada.key_id, on_behalf_of: { id: ada.user.id } } });
  });
});
