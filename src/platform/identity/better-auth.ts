/** Better Auth, configured: accounts, passwords, sessions and signing keys. Nothing outside this folder imports it. */

import { type BetterAuthOptions, betterAuth } from 'better-auth';
import { jwt, organization } from 'better-auth/plugins';
import type { Kysely } from 'kysely';
import { v7 as uuidv7 } from 'uuid';
import type { Log } from '../telemetry/log.ts';
import { type OAuthProviderInputs, oauthProviderPlugin } from './oauth/provider.ts';
import { oauthPaths } from './oauth/paths.ts';
import { passwordLength } from './rules.ts';

export interface AuthInputs {
  db: Kysely<unknown>;
  secret: string;
  issuer: string;
  log: Log;
  /** What the authorization server asks the rest of identity. Left out where only the tables matter. */
  oauth?: OAuthProviderInputs;
}

const day = 24 * 60 * 60;

/** A session ends when it was not refreshed for this long: a month covers holidays, and signing out ends it at once. */
export const sessionSeconds = 30 * day;

/** The options that both the server and the script that generates the migration use. */
export function authOptions({ db, secret, issuer, log, oauth }: AuthInputs) {
  return {
    secret,
    baseURL: issuer,
    // Its paths are ours, so that the issuer and the endpoints in the metadata need no translation.
    basePath: '/',
    onAPIError: { errorURL: `${issuer}${oauthPaths.error}` },
    // Limits are the server's, for all faces in one way.
    rateLimit: { enabled: false },
    database: { db, type: 'postgres', schemaName: 'auth' },
    emailAndPassword: { enabled: true, minPasswordLength: passwordLength.min, maxPasswordLength: passwordLength.max },
    session: { expiresIn: sessionSeconds },
    user: {
      additionalFields: {
        operator: { type: 'boolean', required: true, defaultValue: false, input: false },
        disabledAt: { type: 'date', required: false, input: false },
      },
    },
    plugins: [
      // A signing key serves a quarter of a year and verifies a month longer, which is more than the grace of a refresh.
      jwt({ jwks: { rotationInterval: 90 * day, gracePeriod: 30 * day } }),
      oauthProviderPlugin(issuer, oauth),
      organization({
        schema: { invitation: { additionalFields: { tokenHash: { type: 'string', required: true, unique: true, input: false } } } },
      }),
    ],
    // The schema is checked by the migrations before this opens; its own check runs on when a short command has closed the database.
    advanced: {
      database: { generateId: () => uuidv7(), validateSchema: false },
      // A browser is signed in for the pages of the authorization server alone; nothing else here knows cookies.
      cookiePrefix: 'quarterdeck',
      defaultCookieAttributes: {
        path: `${new URL(issuer).pathname.replace(/\/$/, '')}${oauthPaths.root}`,
        sameSite: 'lax',
        httpOnly: true,
      },
    },
    telemetry: { enabled: false },
    logger: { level: 'warn', log: relay(log) },
  } satisfies BetterAuthOptions;
}

export function createAuth(inputs: AuthInputs) {
  return betterAuth(authOptions(inputs));
}

export type Auth = ReturnType<typeof createAuth>;

/** Its warnings are failed sign-ins, which are everyday; its further arguments may hold rows, so only messages are kept. */
function relay(log: Log) {
  return (level: 'debug' | 'info' | 'warn' | 'error', message: string, ...rest: unknown[]): void => {
    const reasons = rest.filter((item) => item instanceof Error).map((error) => error.message);
    log[level === 'error' ? 'error' : 'debug']({ from: 'better-auth', reasons }, message);
  };
}
