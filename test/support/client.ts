/** A plain client for the REST face, and a fresh user to try it with. */

import { randomUUID } from 'node:crypto';

export interface Answer<Body> {
  status: number;
  headers: Headers;
  body: Body;
}

type Json = Record<string, unknown>;

export interface Client {
  request<Body = Json>(method: string, path: string, body?: unknown, headers?: Record<string, string>): Promise<Answer<Body>>;
  get<Body = Json>(path: string, headers?: Record<string, string>): Promise<Answer<Body>>;
  post<Body = Json>(path: string, body?: unknown, headers?: Record<string, string>): Promise<Answer<Body>>;
  patch<Body = Json>(path: string, body?: unknown, headers?: Record<string, string>): Promise<Answer<Body>>;
  delete<Body = Json>(path: string, headers?: Record<string, string>): Promise<Answer<Body>>;
}

/** Never throws for a status. The body is what the JSON says; the caller names its type. */
export function client(url: string, token?: string): Client {
  const call = async <Body>(method: string, path: string, body?: unknown, headers: Record<string, string> = {}): Promise<Answer<Body>> => {
    const response = await fetch(new URL(path, url), {
      method,
      headers: {
        ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...headers,
      },
      body: body === undefined ? null : JSON.stringify(body),
    });
    const text = await response.text();
    const isJson = response.headers.get('content-type')?.includes('json') === true && text !== '';
    return { status: response.status, headers: response.headers, body: (isJson ? JSON.parse(text) : text) as Body };
  };
  return {
    request: call,
    get: (path, headers) => call('GET', path, undefined, headers),
    post: (path, body, headers) => call('POST', path, body, headers),
    patch: (path, body, headers) => call('PATCH', path, body, headers),
    delete: (path, headers) => call('DELETE', path, undefined, headers),
  };
}

export interface TestUser {
  email: string;
  password: string;
  /** A token from sign-up, good for an hour. */
  token: string;
  /** An API key with everything that the user may do. */
  key: string;
  key_id: string;
  user: { id: string; email: string; name: string };
  workspace: { id: string; name: string; role: string };
  /** Signed in with the key, as an agent is. */
  agent: Client;
  /** Signed in with the token, as a person is. */
  person: Client;
}

/** Makes a user with a workspace and a key. @throws Error with the server's answer when it refuses. */
export async function signUp(url: string, name = 'Ada'): Promise<TestUser> {
  const email = `${name.toLowerCase()}-${randomUUID()}@example.com`;
  const password = `${randomUUID()} is long enough`;
  type Session = Pick<TestUser, 'token' | 'user' | 'workspace'>;
  const session = await client(url).post<Session>('/api/auth/signup', { email, password, name });
  if (session.status !== 201) throw new Error(`sign-up answered ${session.status}: ${JSON.stringify(session.body)}`);
  const { token, user, workspace } = session.body;
  const person = client(url, token);
  const made = await person.post<{ id: string; key: string }>('/keys', { name: `${name}'s agent` });
  if (made.status !== 201) throw new Error(`making a key answered ${made.status}: ${JSON.stringify(made.body)}`);
  const { key, id: key_id } = made.body;
  return { email, password, token, key, key_id, user, workspace, person, agent: client(url, key) };
}
