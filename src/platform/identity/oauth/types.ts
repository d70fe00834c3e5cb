/** What the server sees of the authorization server. */

import type { Scope } from '../principal.ts';
import type { UserView, WorkspaceView } from '../types.ts';

/** Where the browser goes next, or why it can go nowhere: the client is unknown, or would be led to a stranger. */
export type Step = { to: string; cookies: string[] } | { refused: string };

/** What the consent page asks. */
export interface ConsentView {
  user: UserView;
  client: {
    id: string;
    name: string;
    /** The host that vouches for the name; null when the client only claims it. */
    website: string | null;
    /** Where the browser is led back to: a host, or the scheme of an app. */
    returns_to: string;
    /** The browser is led back to a program on its own machine, which may be any. */
    loopback: boolean;
  };
  scopes: Scope[];
  workspaces: WorkspaceView[];
  /** Proves that the answer comes from this page, in this browser. */
  proof: string;
}

export interface Decision {
  /** The query of the consent page, as it was. */
  query: string;
  cookie: string;
  proof: string;
  allow: boolean;
  workspace_id: string;
}

export interface Authorization {
  /** RFC 8414. */
  metadata(): Record<string, unknown>;
  authorize(query: URLSearchParams, cookie: string): Promise<Step>;
  /** The cookies of a browser that is signed in. `address`: where it is. @throws Problem `unauthenticated` or `rate_limited` */
  signIn(input: { email: string; password: string; address: string }): Promise<string[]>;
  /** undefined: the browser is not signed in, or the request on the page is none. */
  consent(query: string, cookie: string): Promise<ConsentView | undefined>;
  /** undefined: the page is too old, or the answer is not from it. */
  decide(decision: Decision): Promise<string | undefined>;
  token(form: URLSearchParams, authorization: string | undefined): Promise<Response>;
  /** RFC 7009: ends the token with all that came of the same sign-in. */
  revoke(form: URLSearchParams): Promise<Response>;
  /** RFC 7591. */
  register(metadata: unknown): Promise<Response>;
}
