/** Who takes part in the attempts: Ada and her team, Eve who belongs to another workspace, and keys of every kind. */

import { randomUUID } from 'node:crypto';
import { symmetricDecrypt } from 'better-auth/crypto';
import { type JWTPayload, SignJWT, importJWK } from 'jose';
import { sql } from 'kysely';
import { connect } from '../mcp/support/clients.ts';
import type { Victim } from '../isolation/attacks.ts';
import { keepJob } from '../../support/jobs.ts';
import { connectApp } from '../../support/oauth.ts';
import { type Client, type TestServer, type TestUser, client, signUp, startTestServer } from '../../support/server.ts';

const secret = 'a secret that is only for these attempts';
export const metricsToken = 'a token for the scraper';

export interface Stage {
  server: TestServer;
  url: string;
  ada: TestUser;
  eve: TestUser;
  /** Members of Ada's workspace, signed in there. */
  member: Client;
  viewer: Client;
  admin: Client;
  member_ids: { ada: string; member: string };
  /** Things of Ada's. */
  project: string;
  task: string;
  victim: Victim;
  /** The public half of the key that signs tokens. */
  publicKey: Record<string, string>;
  /** A token as the server itself would sign it, whatever it says. */
  signed(claims?: JWTPayload, header?: Record<string, string>): Promise<string>;
}

export async function setStage(): Promise<Stage> {
  const server = await startTestServer({
    environment: { BETTER_AUTH_SECRET: secret, METRICS_TOKEN: metricsToken, QUARTERDECK_ADDRESS_LIMIT: '0', QUARTERDECK_RATE_LIMIT: 'off' },
  });
  const { url } = server;
  const [ada, eve] = [await signUp(url, 'Ada'), await signUp(url, 'Eve')];
  const [member, viewer, admin] = [await join(url, ada, 'member'), await join(url, ada, 'viewer'), await join(url, ada, 'admin')];
  const project = 'VICTIM';
  await ada.agent.post('/projects', { key: project, name: 'Of Ada' });
  const { body } = await ada.agent.post<{ task: { id: string } }>('/tasks', { project, title: 'Of Ada alone' });
  const took = await ada.agent.post<{ source: { id: string } }>('/ingest', { project, title: 'Of Ada', content: 'What Ada alone knows.' });
  const kept = await ada.agent.post<{ source: { id: string } }>('/ingest', { title: 'Of Ada', content: 'What Ada keeps to herself.' });
  const invited = await ada.person.post<{ invitation: { id: string; token: string } }>('/invitations', {
    email: 'carol@example.com',
    role: 'member',
  });
  await connectApp(url, ada);
  const connections = await ada.person.get<{ items: { id: string }[] }>('/connections');
  const connection_id = connections.body.items[0]?.id ?? '';
  const members = (await ada.person.get<{ items: { id: string; email: string; role: string }[] }>('/members')).body.items;
  const { database, identity } = server.platform;
  const job_id = await keepJob(database, await identity.principalOf(ada.email), 'What Ada keeps to herself.');
  const idOf = (role: string) => members.find((one) => one.role === role)?.id ?? '';
  return {
    server,
    url,
    ada,
    eve,
    member,
    viewer,
    admin,
    member_ids: { ada: idOf('owner'), member: idOf('member') },
    project,
    task: body.task.id,
    victim: {
      shared: {
        tasks: [body.task.id],
        project,
        key_id: ada.key_id,
        connection_id,
        member_id: idOf('member'),
        names: [ada.email, ada.user.id, ada.key_id],
        invitation: invited.body.invitation.token,
        invitation_id: invited.body.invitation.id,
        source_id: took.body.source.id,
      },
      // Ids of one's own project, such as ME-1, name one's own tasks to everybody.
      personal: { tasks: [], source_id: kept.body.source.id, job_id },
    },
    ...(await signingKey(server, ada)),
  };
}

/** A new person in the workspace of `owner`. */
export async function join(url: string, owner: TestUser, role: string): Promise<Client> {
  const person = await signUp(url, role);
  const invited = await owner.person.post<{ invitation: { token: string } }>('/invitations', { email: person.email, role });
  await person.person.post(`/invitations/${invited.body.invitation.token}/accept`);
  const { email, password } = person;
  const session = await client(url).post<{ token: string }>('/api/auth/signin', { email, password, workspace: owner.workspace.id });
  return client(url, session.body.token);
}

/** What an agent gets over MCP; for an error of the protocol its code. */
export async function overMcp(
  url: string,
  token: string,
  use: (agent: Awaited<ReturnType<typeof connect>>) => Promise<string>,
  query = '',
): Promise<string> {
  const agent = await connect('2026-07-28', { url: `${url}/mcp${query}`, token });
  try {
    return await use(agent);
  } catch (error) {
    return String((error as { code?: unknown }).code);
  } finally {
    await agent.close();
  }
}

/** The server's own key, so that a forged token is wrong in one thing alone. */
async function signingKey(
  { url, platform }: TestServer,
  { user, token, workspace }: TestUser,
): Promise<Pick<Stage, 'publicKey' | 'signed'>> {
  const { rows } = await sql<{ id: string; privateKey: string; publicKey: string }>`
    select id, "privateKey", "publicKey" from auth.jwks`.execute(platform.database.owner);
  const [{ id, privateKey, publicKey } = { id: '', privateKey: '', publicKey: '' }] = rows;
  const jwk = JSON.parse(await symmetricDecrypt({ key: secret, data: JSON.parse(privateKey) as string })) as Record<string, string>;
  const key = await importJWK(jwk, 'EdDSA');
  const real = JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString()) as JWTPayload;
  const now = Math.floor(Date.now() / 1_000);
  return {
    publicKey: { ...(JSON.parse(publicKey) as Record<string, string>), kid: id },
    signed: (claims = {}, header = {}) =>
      new SignJWT({ ...real, iss: url, sub: user.id, workspace_id: workspace.id, iat: now, exp: now + 600, jti: randomUUID(), ...claims })
        .setProtectedHeader({ alg: 'EdDSA', kid: id, ...header })
        .sign(key),
  };
}
