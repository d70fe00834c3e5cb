/** The OAuth provider of Better Auth, configured for MCP clients: what it does itself, and what it asks us. */

import { AsyncLocalStorage } from 'node:async_hooks';
import { type OAuthOptions, oauthProvider } from '@better-auth/oauth-provider';
import { hashSecret, newSecret } from '../key-format.ts';
import { agentScopes } from '../principal.ts';
import { oauthPaths } from './paths.ts';

export type ClientDiscovery = Extract<NonNullable<OAuthOptions['extensions']>[number]['clientDiscovery'], { id: string }>;

export interface OAuthProviderInputs {
  clientDiscovery: ClientDiscovery;
}

/** Begin like those of API keys, so that secret scanners find one that leaked, and differ from them. */
export const accessTokenPrefix = 'qda_';
export const refreshTokenPrefix = 'qdr_';

/** Asked for on behalf of every client: without it no refresh token is given, and people would sign in again every hour. */
export const offlineScope = 'offline_access';

export const lifetimes = {
  /** Seconds. Enough for a person to read the consent page; the code itself is redeemed at once. */
  code: 600,
  access_token: 3_600,
  /** From the last use: a client that was not used for a month asks the person again. */
  refresh_token: 30 * 24 * 60 * 60,
  /**
   * For so long the same refresh gets the same answer again: two windows of one client refresh at the same moment, and answers
   * get lost. Whoever stole the token gains nothing by it: both hold the same next token, and one of the two replays it.
   */
  refresh_again: 10,
};

/** The workspace that a person chose on the consent page, for the time of that one request. */
export const chosenWorkspace = new AsyncLocalStorage<string>();

export function oauthProviderPlugin(issuer: string, inputs?: OAuthProviderInputs) {
  return oauthProvider({
    scopes: [...agentScopes, offlineScope],
    loginPage: `${issuer}${oauthPaths.signIn}`,
    consentPage: `${issuer}${oauthPaths.consent}`,
    grantTypes: ['authorization_code', 'refresh_token'],
    // Opaque tokens are rows, so that revoking one works like revoking an API key.
    disableJwtPlugin: true,
    prefix: { opaqueAccessToken: accessTokenPrefix, refreshToken: refreshTokenPrefix },
    generateOpaqueAccessToken: () => newSecret().secret,
    generateRefreshToken: () => newSecret().secret,
    storeTokens: { hash: async (token) => storedForm(token) },
    codeExpiresIn: lifetimes.code,
    accessTokenExpiresIn: lifetimes.access_token,
    refreshTokenExpiresIn: lifetimes.refresh_token,
    refreshTokenReuseInterval: lifetimes.refresh_again,
    // There is one resource, and every client is for it.
    enforcePerClientResources: false,
    postLogin: {
      page: `${issuer}${oauthPaths.consent}`,
      shouldRedirect: () => false,
      consentReferenceId: async () => chosenWorkspace.getStore(),
    },
    extensions: inputs === undefined ? [] : [{ clientDiscovery: inputs.clientDiscovery }],
  });
}

/** How a token or code is kept. `token` is without its prefix. */
export function storedForm(token: string): string {
  return hashSecret(token).toString('base64url');
}
