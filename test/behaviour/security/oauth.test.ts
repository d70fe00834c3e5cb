import { afterAll, beforeAll } from 'vitest';
import { Browser, authorizeUrl, callback, connectApp, newPkce, postForm, redeem, refresh, register } from '../../support/oauth.ts';
import type { OAuthAnswer, Page } from '../../support/oauth.ts';
import { type TestServer, type TestUser, client, signUp, startTestServer } from '../../support/server.ts';
import { type Attempt, holdAttempts } from './table.ts';

let server: TestServer;
let url: string;
let ada: TestUser;
let eve: TestUser;
let client_id: string;
const pkce = newPkce();

beforeAll(async () => {
  server = await startTestServer({ environment: { QUARTERDECK_ADDRESS_LIMIT: '0' } });
  url = server.url;
  [ada, eve] = [await signUp(url, 'Ada'), await signUp(url, 'Eve')];
  client_id = (await register(url)).body.client_id;
});
afterAll(() => server.close());

const outcome = ({ status, body }: OAuthAnswer): string => [status, body?.error?.code ?? body?.error].filter(Boolean).join(' ');

/** A refusal that the client is told of comes back to it; any other stays on a page of ours. */
const refusal = ({ status, location }: Page): string => {
  const to = location === undefined ? undefined : new URL(location);
  const answer = new URLSearchParams(to?.hash.slice(1) || to?.search);
  return [status, answer.get('error') ?? to?.pathname ?? 'page'].join(' ');
};

const authorize = async (changes: Record<string, string | undefined>, id = client_id) =>
  refusal(await new Browser().open(authorizeUrl(url, id, pkce, changes)));

const newCode = async (changes: Record<string, string> = {}) =>
  (await new Browser().signIn(authorizeUrl(url, client_id, pkce, changes), visitOf(ada))).get('code') ?? '';

const visitOf = ({ email, password }: TestUser) => ({ email, password });

/** The consent page, with whoever is signed in. */
async function consentPage(user: TestUser): Promise<{ browser: Browser; page: Page }> {
  const browser = new Browser();
  let page = await browser.open(authorizeUrl(url, client_id, pkce));
  for (let step = 0; step < 8 && !page.text.includes('name="proof"'); step += 1)
    page = page.location === undefined ? await page.submit(browser, visitOf(user)) : await browser.open(page.location);
  return { browser, page };
}

const withToken = async (token: string, path = '/me') => outcome(await client(url, token).get(path));

/** As if the time had passed in which a refresh may be repeated. */
const endGrace = () =>
  server.platform.database.owner
    .withTables<{ 'auth.oauthRefreshToken': { rotationReplayExpiresAt: Date | null } }>()
    .updateTable('auth.oauthRefreshToken')
    .set({ rotationReplayExpiresAt: new Date(0) })
    .execute();

const evil = 'https://evil.example/callback';

const redirects: Attempt[] = [
  ['to a stranger', evil],
  ['to a stranger behind our name', 'http://127.0.0.1:33418@evil.example/callback'],
  ['to a name that begins like ours', 'http://127.0.0.1.evil.example/callback'],
  ['to another path', 'http://127.0.0.1:33418/callback/../other'],
  ['to a path below', 'http://127.0.0.1:33418/callback/x'],
  ['with another query', `${callback}?next=${evil}`],
  ['with a fragment', `${callback}#x`],
  ['to another loopback name', 'http://localhost:33418/callback'],
  ['over https instead of http', 'https://127.0.0.1:33418/callback'],
  ['to a script', 'javascript:alert(1)'],
  ['with a line break', `${callback}\r\nSet-Cookie: a=b`],
].map(([what = '', redirect_uri = '']) => ({
  attempt: `a redirect ${what}`,
  expected: '400 page',
  run: () => authorize({ redirect_uri }),
}));

const requests: Attempt[] = [
  {
    attempt: 'a redirect to another port of this machine',
    expected: '303 /oauth2/sign-in',
    run: () => authorize({ redirect_uri: 'http://127.0.0.1:1/callback' }),
  },
  { attempt: 'a client that is unknown', expected: '400 page', run: () => authorize({}, crypto.randomUUID()) },
  { attempt: 'no client', expected: '400 page', run: () => authorize({}, '') },
  { attempt: 'no redirect', expected: '400 page', run: () => authorize({ redirect_uri: undefined }) },
  {
    attempt: 'a token in the redirect (implicit grant)',
    expected: '303 unsupported_response_type',
    run: () => authorize({ response_type: 'token' }),
  },
  {
    attempt: 'no PKCE',
    expected: '303 invalid_request',
    run: () => authorize({ code_challenge: undefined, code_challenge_method: undefined }),
  },
  { attempt: 'PKCE plain', expected: '303 invalid_request', run: () => authorize({ code_challenge_method: 'plain' }) },
  {
    attempt: 'PKCE without a method, which means plain',
    expected: '303 invalid_request',
    run: () => authorize({ code_challenge_method: undefined }),
  },
  { attempt: 'another resource', expected: '303 invalid_target', run: () => authorize({ resource: 'https://other.example/mcp' }) },
  { attempt: 'our resource with a slash at its end', expected: '303 invalid_target', run: () => authorize({ resource: `${url}/mcp/` }) },
  { attempt: 'a scope that only people have', expected: '303 invalid_scope', run: () => authorize({ scope: 'tasks:read keys:write' }) },
  { attempt: 'a request object', expected: '303 request_not_supported', run: () => authorize({ request: 'e30.e30.' }) },
  { attempt: 'prompt=none, to pass without a question', expected: '303 /oauth2/sign-in', run: () => authorize({ prompt: 'none' }) },
];

const registrations: Attempt[] = [
  ...[
    'http://app.example/cb',
    'javascript:alert(1)',
    `${callback}#f`,
    'https://u:p@app.example/cb',
    'http://localhost.evil.example/cb',
  ].map((uri) => ({
    attempt: `registering ${uri}`,
    expected: '400 invalid_redirect_uri',
    run: async () => outcome(await register(url, { redirect_uris: [uri] })),
  })),
  {
    attempt: 'registering without a redirect',
    expected: '400 invalid_redirect_uri',
    run: async () => outcome(await register(url, { redirect_uris: [] })),
  },
  {
    attempt: 'registering for the implicit grant',
    expected: '400 invalid_client_metadata',
    run: async () => outcome(await register(url, { grant_types: ['implicit'] })),
  },
  {
    attempt: 'registering without application_type, on a loopback address',
    expected: '201',
    run: async () => outcome(await register(url)),
  },
  {
    attempt: 'registering with application_type native',
    expected: '201',
    run: async () => outcome(await register(url, { application_type: 'native' })),
  },
  {
    attempt: 'registering with application_type web',
    expected: '201',
    run: async () => outcome(await register(url, { application_type: 'web', redirect_uris: ['https://app.example/cb'] })),
  },
  {
    attempt: 'registering the scheme of an app',
    expected: '201',
    run: async () => outcome(await register(url, { redirect_uris: ['cursor://anysphere.cursor-mcp/oauth/callback'] })),
  },
];

const codes: Attempt[] = [
  {
    attempt: 'a code without its verifier',
    expected: '400 invalid_request',
    run: async () => outcome(await redeem(url, { client_id, code: await newCode() })),
  },
  {
    attempt: 'a code with another verifier',
    expected: '400 invalid_grant',
    run: async () => outcome(await redeem(url, { client_id, code: await newCode(), code_verifier: newPkce().verifier })),
  },
  {
    attempt: 'the code of another client',
    expected: '400 invalid_grant',
    run: async () =>
      outcome(await redeem(url, { client_id: (await register(url)).body.client_id, code: await newCode(), code_verifier: pkce.verifier })),
  },
  {
    attempt: 'a code with another redirect',
    expected: '400 invalid_grant',
    run: async () =>
      outcome(
        await redeem(url, { client_id, code: await newCode(), code_verifier: pkce.verifier, redirect_uri: 'http://127.0.0.1:1/callback' }),
      ),
  },
  {
    attempt: 'a code for another resource than was allowed',
    expected: '400 invalid_target',
    run: async () =>
      outcome(await redeem(url, { client_id, code: await newCode(), code_verifier: pkce.verifier, resource: 'https://other.example/' })),
  },
  {
    attempt: 'a code a second time',
    expected: '400 invalid_grant',
    async run() {
      const app = await connectApp(url, visitOf(ada));
      return outcome(await redeem(url, { client_id: app.client_id, code: app.code, code_verifier: app.pkce.verifier }));
    },
  },
  {
    attempt: 'the tokens of a code that came a second time',
    expected: '401 unauthenticated',
    async run() {
      const app = await connectApp(url, visitOf(ada));
      await redeem(url, { client_id: app.client_id, code: app.code, code_verifier: app.pkce.verifier });
      return withToken(app.access_token);
    },
  },
  {
    attempt: 'a code that was made up',
    expected: '400 invalid_grant',
    run: async () => outcome(await redeem(url, { client_id, code: 'x'.repeat(32), code_verifier: pkce.verifier })),
  },
  {
    attempt: 'the password grant',
    expected: '400 unsupported_grant_type',
    run: async () =>
      outcome(await postForm(`${url}/oauth2/token`, { grant_type: 'password', username: ada.email, password: ada.password })),
  },
];

const tokens: Attempt[] = [
  {
    attempt: 'a refresh token that was used before',
    expected: '400 invalid_grant',
    async run() {
      const app = await connectApp(url, visitOf(ada));
      await refresh(url, app);
      await endGrace();
      return outcome(await refresh(url, app));
    },
  },
  {
    attempt: 'the next refresh token after that, which ends with its family',
    expected: '400 invalid_grant',
    async run() {
      const app = await connectApp(url, visitOf(ada));
      const next = await refresh(url, app);
      await endGrace();
      await refresh(url, app);
      return outcome(await refresh(url, { client_id: app.client_id, refresh_token: next.body.refresh_token }));
    },
  },
  {
    attempt: 'the next access token after that',
    expected: '401 unauthenticated',
    async run() {
      const app = await connectApp(url, visitOf(ada));
      const next = await refresh(url, app);
      await endGrace();
      await refresh(url, app);
      return withToken(next.body.access_token);
    },
  },
  {
    attempt: 'the tokens of the same client on another machine, after a replay on this one',
    expected: '200',
    async run() {
      const app = await connectApp(url, visitOf(ada));
      const back = await new Browser().signIn(authorizeUrl(url, app.client_id, pkce), visitOf(ada));
      const code = back.get('code') ?? '';
      const other = await redeem(url, { client_id: app.client_id, code, code_verifier: pkce.verifier });
      await refresh(url, app);
      await endGrace();
      await refresh(url, app);
      return withToken(other.body.access_token);
    },
  },
  {
    attempt: 'the refresh token of another client',
    expected: '400 invalid_grant',
    run: async () => outcome(await refresh(url, { client_id, refresh_token: (await connectApp(url, visitOf(ada))).refresh_token })),
  },
  {
    attempt: 'a refresh that asks for more',
    expected: '400 invalid_scope',
    run: async () =>
      outcome(await refresh(url, { ...(await connectApp(url, visitOf(ada), { scope: 'tasks:read' })), scope: 'tasks:write' })),
  },
  {
    attempt: 'a refresh token as a credential',
    expected: '401 unauthenticated',
    run: async () => withToken((await connectApp(url, visitOf(ada))).refresh_token),
  },
  { attempt: 'an access token that was made up', expected: '401 unauthenticated', run: () => withToken(`qda_${'A'.repeat(43)}`) },
  {
    attempt: 'an access token for another audience, such as this server under an earlier name',
    expected: '401 unauthenticated',
    async run() {
      const { access_token } = await connectApp(url, visitOf(ada));
      await server.platform.database.owner
        .withTables<{ 'auth.oauthAccessToken': { resources: string } }>()
        .updateTable('auth.oauthAccessToken')
        .set({ resources: '["https://earlier.example/mcp"]' })
        .execute();
      return withToken(access_token);
    },
  },
  {
    attempt: 'an access token after it was revoked',
    expected: '401 unauthenticated',
    async run() {
      const app = await connectApp(url, visitOf(ada));
      await postForm(`${url}/oauth2/revoke`, { token: app.refresh_token, client_id: app.client_id });
      return withToken(app.access_token);
    },
  },
  {
    attempt: 'revoking the token of another client',
    expected: '200',
    async run() {
      const app = await connectApp(url, visitOf(ada));
      await postForm(`${url}/oauth2/revoke`, { token: app.access_token, client_id });
      return withToken(app.access_token);
    },
  },
  {
    attempt: 'making an API key with an access token',
    expected: '403 forbidden',
    run: async () => outcome(await client(url, (await connectApp(url, visitOf(ada))).access_token).post('/keys', { name: 'mine' })),
  },
  {
    attempt: 'reading the task of another workspace with an access token',
    expected: '404 not_found',
    async run() {
      const made = await eve.person.post<{ task: { id: string } }>('/tasks', { title: 'Of Eve' });
      return withToken((await connectApp(url, visitOf(ada))).access_token, `/tasks/${made.body.task.id}`);
    },
  },
];

const secret =
  (form: Record<string, string>, headers = {}) =>
  async () =>
    outcome(await postForm(`${url}/oauth2/token`, { grant_type: 'client_credentials', ...form }, headers));

const credentials: Attempt[] = [
  { attempt: 'an API key as client credentials', expected: '200', run: () => secret({ client_id: ada.key_id, client_secret: ada.key })() },
  {
    attempt: 'the same over Basic',
    expected: '200',
    run: () => secret({}, { authorization: `Basic ${btoa(`${ada.key_id}:${ada.key}`)}` })(),
  },
  {
    attempt: 'the key of another as the secret',
    expected: '401 invalid_client',
    run: () => secret({ client_id: ada.key_id, client_secret: eve.key })(),
  },
  { attempt: 'no secret', expected: '401 invalid_client', run: () => secret({ client_id: ada.key_id })() },
  {
    attempt: 'a public client as its own principal',
    expected: '401 invalid_client',
    run: () => secret({ client_id, client_secret: 'x' })(),
  },
  {
    attempt: 'a scope that keys cannot have',
    expected: '400 invalid_scope',
    run: () => secret({ client_id: ada.key_id, client_secret: ada.key, scope: 'members:write' })(),
  },
  {
    attempt: 'client credentials for another resource',
    expected: '400 invalid_target',
    run: () => secret({ client_id: ada.key_id, client_secret: ada.key, resource: 'https://other.example/' })(),
  },
];

const pages: Attempt[] = [
  {
    attempt: 'an answer to the consent page without its proof',
    expected: '400 page',
    async run() {
      const { browser, page } = await consentPage(ada);
      return refusal(await page.submit(browser, { answer: 'allow', proof: 'x' }));
    },
  },
  {
    attempt: 'an answer with the proof of another browser',
    expected: '400 page',
    async run() {
      const [mine, theirs] = [await consentPage(ada), await consentPage(eve)];
      return refusal(await mine.page.submit(mine.browser, { answer: 'allow', proof: theirs.page.fields['proof'] ?? '' }));
    },
  },
  {
    attempt: 'an answer for a request that was changed on the page',
    expected: '400 page',
    async run() {
      const { browser, page } = await consentPage(ada);
      const request = (page.fields['request'] ?? '').replace(encodeURIComponent(callback), encodeURIComponent(evil));
      return refusal(await page.submit(browser, { answer: 'allow', request }));
    },
  },
  {
    attempt: 'a consent page for a request that the server did not sign',
    expected: '400 page',
    async run() {
      const { browser, page } = await consentPage(ada);
      const forged = new URL(page.url);
      forged.searchParams.set('redirect_uri', evil);
      return refusal(await (await browser.open(forged.href)).submit(browser, { answer: 'allow' }));
    },
  },
  {
    attempt: 'a workspace that the person is not in',
    expected: '400 page',
    async run() {
      const { browser, page } = await consentPage(ada);
      return refusal(await page.submit(browser, { answer: 'allow', workspace: eve.workspace.id }));
    },
  },
  {
    attempt: 'an answer from a page elsewhere',
    expected: '403 page',
    async run() {
      const { browser, page } = await consentPage(ada);
      return refusal(await page.submit(browser, { answer: 'allow' }, { origin: 'https://evil.example' }));
    },
  },
  {
    attempt: 'refusing',
    expected: '303 access_denied',
    async run() {
      const { browser, page } = await consentPage(ada);
      return refusal(await page.submit(browser, { answer: 'deny' }));
    },
  },
  {
    attempt: 'the consent page without being signed in',
    expected: '400 page',
    run: async () => refusal(await new Browser().open(`${url}/oauth2/consent?client_id=${client_id}`)),
  },
  {
    attempt: 'a wrong password on the sign-in page',
    expected: '422 page',
    run: async () => refusal(await new Browser().open(`${url}/oauth2/sign-in`, { email: ada.email, password: 'wrong wrong', request: '' })),
  },
  {
    attempt: 'signing in on the way to a site elsewhere',
    expected: '303 /oauth2/authorize',
    run: async () => refusal(await new Browser().open(`${url}/oauth2/sign-in`, { ...visitOf(ada), request: `\r\nLocation: ${evil}` })),
  },
  {
    attempt: 'the cookie of the pages as a credential elsewhere',
    expected: '401 page',
    async run() {
      const { browser } = await consentPage(ada);
      return refusal(await browser.open(`${url}/me`));
    },
  },
  ...[
    '/oauth2/create-client',
    '/oauth2/introspect',
    '/oauth2/userinfo',
    '/admin/oauth2/create-client',
    '/sign-up/email',
    '/get-session',
    '/oauth2/end-session',
  ].map((path) => ({
    attempt: `a way into the provider that is not ours: ${path}`,
    expected: '404 page',
    run: async () => refusal(await new Browser().open(`${url}${path}`)),
  })),
];

holdAttempts('OAuth', [...redirects, ...requests, ...registrations, ...codes, ...tokens, ...credentials, ...pages]);
