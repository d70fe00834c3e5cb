import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { type IdentityHouse, issuer, openIdentityHouse } from '../../../../test/support/identity.ts';
import { callback, newPkce } from '../../../../test/support/oauth.ts';
import { openIdentity } from '../open.ts';
import type { Identity } from '../types.ts';
import { createLog } from '../../telemetry/log.ts';
import { deleteOldOAuth, findClient } from './clients.ts';
import type { AuthTables } from '../tables.ts';

const password = 'correct horse battery';
const address = 'https://app.example/client.json';

describe.each(['embedded', 'postgres'] as const)('a client that is described by a document, on %s', (kind) => {
  let house: IdentityHouse;
  let identity: Identity;
  let document: Record<string, unknown> | undefined;
  let reads = 0;

  beforeAll(async () => {
    house = await openIdentityHouse(kind);
    const documents = {
      async read() {
        reads += 1;
        if (document === undefined) throw new Error('the site is down');
        return { document, fresh_seconds: 3_600 };
      },
    };
    const log = createLog({ logLevel: 'silent' });
    identity = await openIdentity({ settings: house.settings, database: house.database, log, issuer, loopback: true, documents });
    await identity.signUp({ email: 'ada@example.org', password, name: 'Ada' });
  });
  afterAll(async () => {
    await identity.close();
    await house.close();
  });
  beforeEach(async () => {
    reads = 0;
    document = { client_id: address, client_name: 'App', redirect_uris: ['http://localhost/callback', callback] };
    await db().deleteFrom('auth.oauthClient').execute();
  });

  const db = () => house.database.owner.withTables<AuthTables>();

  const authorize = (client_id = address, redirect_uri = callback, cookie = '') => {
    const { challenge } = newPkce();
    const asked = { response_type: 'code', client_id, redirect_uri, code_challenge: challenge, code_challenge_method: 'S256' };
    return identity.oauth.authorize(new URLSearchParams(asked), cookie);
  };

  /** Lets the time pass in which the document need not be read again, and perhaps that in which it may be missing. */
  const age = (hours: number) =>
    db()
      .updateTable('auth.oauthClient')
      .set({ metadata: JSON.stringify({ fresh_until: new Date(0) }), updatedAt: new Date(Date.now() - hours * 3_600_000) })
      .execute();

  test('comes as far as the sign-in, and its page names the site that vouches for it', async () => {
    expect(await authorize()).toMatchObject({ to: expect.stringContaining('/oauth2/sign-in?') });
    const cookies = await identity.oauth.signIn({ email: 'ada@example.org', password, address: '127.0.0.1' });
    const cookie = cookies.map((text) => text.split(';')[0]).join('; ');
    const step = await authorize(address, callback, cookie);
    const page = new URL('to' in step ? step.to : '');
    expect(page.pathname).toBe('/oauth2/consent');
    expect(await identity.oauth.consent(page.search.slice(1), cookie)).toMatchObject({
      client: { name: 'App', website: 'app.example', returns_to: '127.0.0.1:33418', loopback: true },
    });
  });

  test('may listen on any port of the machine', async () => {
    expect(await authorize(address, 'http://localhost:52817/callback')).toMatchObject({ to: expect.stringContaining('/oauth2/sign-in?') });
  });

  test('is read once while it is fresh, and again after that', async () => {
    await authorize();
    await authorize();
    expect(reads).toBe(1);
    await age(1);
    document = { client_id: address, client_name: 'Renamed', redirect_uris: [callback] };
    await authorize();
    expect(reads).toBe(2);
    expect(await findClient(db(), address)).toMatchObject({ name: 'Renamed' });
  });

  test('goes on for a day while its site is down, and no longer', async () => {
    await authorize();
    document = undefined;
    await age(23);
    expect(await authorize()).toHaveProperty('to');
    await age(25);
    expect(await authorize()).toEqual({ refused: 'invalid_client' });
  });

  test.each<[string, Record<string, unknown>]>([
    ['names another address', { client_id: 'https://app.example/other.json' }],
    ['has a secret', { client_secret: 'x' }],
    ['wants to show a secret', { token_endpoint_auth_method: 'client_secret_basic' }],
    ['leads nowhere', { redirect_uris: [] }],
    ['leads to a script', { redirect_uris: ['javascript:alert(1)'] }],
  ])('is refused when its document %s', async (_what, change) => {
    document = { ...document, ...change };
    expect(await authorize()).toEqual({ refused: 'invalid_client' });
  });

  test.each([
    'https://app.example',
    'https://app.example/',
    'https://app.example/a/../b',
    'https://APP.example/x',
    'https://app.example/x#y',
    'http://app.example/x',
  ])('is refused when its id is %s', async (client_id) => {
    document = { client_id, redirect_uris: [callback] };
    expect(await authorize(client_id)).toEqual({ refused: 'invalid_client' });
    expect(reads).toBe(0);
  });

  test('is led back only to where its document says', async () => {
    expect(await authorize(address, 'https://evil.example/callback')).toEqual({ refused: 'invalid_redirect' });
  });

  test('is forgotten after a month in which nobody allowed it', async () => {
    await authorize();
    await age(29 * 24);
    await deleteOldOAuth(db());
    expect(await findClient(db(), address)).toBeDefined();
    await age(31 * 24);
    await deleteOldOAuth(db());
    expect(await findClient(db(), address)).toBeUndefined();
  });
});
