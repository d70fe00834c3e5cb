/** Where the authorization server answers, under the issuer. */

export const oauthPaths = {
  /** The path of the cookie that keeps a person signed in between the pages. */
  root: '/oauth2',
  authorize: '/oauth2/authorize',
  signIn: '/oauth2/sign-in',
  consent: '/oauth2/consent',
  /** Never served: what the provider redirects to is caught and shown at once. */
  error: '/oauth2/error',
  token: '/oauth2/token',
  revoke: '/oauth2/revoke',
  register: '/oauth2/register',
} as const;
