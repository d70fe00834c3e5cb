/** A browser without a screen, and a client that signs a person in with it: OAuth as MCP clients do it, over real HTTP. */

import { createHash, randomBytes } from 'node:crypto';

export interface OAuthAnswer {
  status: number;
  headers: Headers;
  // The shape of every answer is the subject of the tests themselves.
  // oxlint-disable-next-line typescript/no-explicit-any
  body: any;
}

/** How a person goes through the pages. */
export interface Visit {
  email: string;
  password: string;
  answer?: 'allow' | 'deny';
  /** Id of a workspace. Default: what the page offers first. */
  workspace_id?: string;
}

export const callback = 'http://127.0.0.1:33418/callback';

/** Keeps cookies of one site, follows nothing by itself. */
export class Browser {
  readonly #cookies = new Map<string, string>();

  async open(url: string, form?: Record<string, string>, headers: Record<string, string> = {}): Promise<Page> {
    const cookie = [...this.#cookies].map(([name, value]) => `${name}=${value}`).join('; ');
    const answer = await fetch(url, {
      redirect: 'manual',
      method: form === undefined ? 'GET' : 'POST',
      headers: { ...(cookie === '' ? {} : { cookie }), ...headers },
      body: form === undefined ? null : new URLSearchParams(form),
    });
    for (const text of answer.headers.getSetCookie()) {
      const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(text) ?? [];
      this.#cookies.set(name, value);
    }
    return new Page(url, answer, await answer.text());
  }

  /** What the client is told at the end of the walk. */
  async signIn(url: string, visit: Visit): Promise<URLSearchParams> {
    return new URL(await this.walk(url, visit)).searchParams;
  }

  /** From the authorization request to where the browser is led back to. */
  async walk(url: string, visit: Visit): Promise<string> {
    const { email, password } = visit;
    let page = await this.open(url);
    for (let step = 0; step < 8; step++) {
      if (page.location === undefined) page = await page.submit(this, this.#fill(page, { email, password }, visit));
      else if (page.location.startsWith(new URL(url).origin)) page = await this.open(page.location);
      else return page.location;
    }
    throw new Error(`the sign-in did not end: ${page.url}`);
  }

  #fill(page: Page, account: Record<string, string>, { answer = 'allow', workspace_id }: Visit): Record<string, string> {
    if (page.text.includes('name="password"')) return account;
    if (page.text.includes('name="proof"')) return { answer, ...(workspace_id === undefined ? {} : { workspace: workspace_id }) };
    throw new Error(`no page to fill in, but ${page.status}: ${page.text}`);
  }
}

export class Page {
  readonly url: string;
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;

  constructor(url: string, { status, headers }: Response, text: string) {
    this.url = url;
    this.status = status;
    this.headers = headers;
    this.text = text;
  }

  get location(): string | undefined {
    return this.headers.get('location') ?? undefined;
  }

  /** The fields that the form has already: hidden ones, and the first choice of each list. */
  get fields(): Record<string, string> {
    const hidden = this.text.matchAll(/<input type="hidden" name="(\w+)" value="([^"]*)"/g);
    const chosen = this.text.matchAll(/<select[^>]* name="(\w+)">\s*<option value="([^"]*)"/g);
    return Object.fromEntries([...hidden, ...chosen].map(([, name = '', value = '']) => [name, value.replaceAll('&amp;', '&')]));
  }

  submit(browser: Browser, filled: Record<string, string>, headers: Record<string, string> = {}): Promise<Page> {
    const [, action = ''] = /<form method="post" action="([^"]*)"/.exec(this.text) ?? [];
    return browser.open(new URL(action, this.url).href, { ...this.fields, ...filled }, headers);
  }
}

export interface Pkce {
  verifier: string;
  challenge: string;
}

export function newPkce(): Pkce {
  const verifier = randomBytes(32).toString('base64url');
  return { verifier, challenge: createHash('sha256').update(verifier).digest('base64url') };
}

export function authorizeUrl(issuer: string, client_id: string, pkce: Pkce, changes: Record<string, string | undefined> = {}): string {
  const asked: Record<string, string | undefined> = {
    response_type: 'code',
    client_id,
    redirect_uri: callback,
    code_challenge: pkce.challenge,
    code_challenge_method: 'S256',
    state: 'as it was',
    resource: `${issuer}/mcp`,
    ...changes,
  };
  const given = Object.entries(asked).filter((pair): pair is [string, string] => pair[1] !== undefined);
  return `${issuer}/oauth2/authorize?${new URLSearchParams(given).toString()}`;
}

export async function postForm(url: string, form: Record<string, string>, headers: Record<string, string> = {}): Promise<OAuthAnswer> {
  return read(await fetch(url, { method: 'POST', body: new URLSearchParams(form), headers }));
}

export async function register(issuer: string, metadata: object = {}): Promise<OAuthAnswer> {
  const body = JSON.stringify({ client_name: 'Test app', redirect_uris: [callback], ...metadata });
  return read(await fetch(`${issuer}/oauth2/register`, { method: 'POST', body, headers: { 'content-type': 'application/json' } }));
}

export interface Tokens {
  access_token: string;
  refresh_token: string;
  scope: string;
}

/** Everything, from the registration to the tokens. */
export async function connectApp(
  issuer: string,
  visit: Visit,
  changes: Record<string, string> = {},
): Promise<Tokens & { client_id: string; code: string; pkce: Pkce }> {
  const { client_id } = (await register(issuer)).body as { client_id: string };
  const pkce = newPkce();
  const code = (await new Browser().signIn(authorizeUrl(issuer, client_id, pkce, changes), visit)).get('code') ?? '';
  const { status, body } = await redeem(issuer, { client_id, code, code_verifier: pkce.verifier });
  if (status !== 200) throw new Error(`the code was not redeemed: ${status} ${JSON.stringify(body)}`);
  return { ...(body as Tokens), client_id, code, pkce };
}

export function redeem(issuer: string, form: Record<string, string>): Promise<OAuthAnswer> {
  return postForm(`${issuer}/oauth2/token`, { grant_type: 'authorization_code', redirect_uri: callback, ...form });
}

export function refresh(
  issuer: string,
  { client_id, refresh_token, scope }: { client_id: string; refresh_token: string; scope?: string },
): Promise<OAuthAnswer> {
  const narrowed: Record<string, string> = scope === undefined ? {} : { scope };
  return postForm(`${issuer}/oauth2/token`, { grant_type: 'refresh_token', client_id, refresh_token, ...narrowed });
}

async function read(answer: Response): Promise<OAuthAnswer> {
  const text = await answer.text();
  const isJson = answer.headers.get('content-type')?.includes('json') === true;
  return { status: answer.status, headers: answer.headers, body: isJson ? JSON.parse(text) : text };
}
