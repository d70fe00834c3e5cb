/** Clients, consents and tokens of the OAuth authorization server, in the schema `auth`. */

import { type Kysely, sql } from 'kysely';
import type { Migration } from '../types.ts';
import { oauthProviderTables } from './0005_oauth_tables.ts';

export const oauth: Migration = {
  name: '0005_oauth',

  async up(db: Kysely<unknown>): Promise<void> {
    for (const statement of oauthProviderTables) await sql.raw(statement).execute(db);
    // What every call with an access token, and every list of connections, looks up.
    await sql`create index oauth_consent_of_workspace on auth."oauthConsent" ("referenceId", "clientId", "userId")`.execute(db);
    await sql`create index oauth_access_token_by_age on auth."oauthAccessToken" ("expiresAt")`.execute(db);
    await sql`create index oauth_refresh_token_by_age on auth."oauthRefreshToken" ("expiresAt")`.execute(db);
  },

  async down(db: Kysely<unknown>): Promise<void> {
    await sql`
      drop table auth."oauthClientAssertion", auth."oauthConsent", auth."oauthAccessToken", auth."oauthRefreshToken",
        auth."oauthClientResource", auth."oauthResource", auth."oauthClient"`.execute(db);
  },
};
