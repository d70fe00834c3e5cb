/** The tables of identity as Kysely sees them: Better Auth's in the schema `auth`, and our API keys. */

import type { ColumnType, Generated, JSONColumnType } from 'kysely';
import type { Role, Scope } from './principal.ts';

/** Better Auth names its columns in camel case; they are left as its documentation has them. */
export interface UserTable {
  id: string;
  name: string;
  email: string;
  emailVerified: boolean;
  image: string | null;
  createdAt: Date;
  updatedAt: Date;
  operator: boolean;
  disabledAt: Date | null;
}

export interface SessionTable {
  id: string;
  userId: string;
  token: string;
  expiresAt: Date;
  createdAt: Date;
  updatedAt: Date;
}

/** How somebody signs in. Ours are all of the provider `credential`: a password, as Better Auth hashed it. */
export interface AccountTable {
  id: string;
  userId: string;
  accountId: string;
  providerId: string;
  password: string | null;
  createdAt: Date;
  updatedAt: Date;
}

/** A workspace. */
export interface OrganizationTable {
  id: string;
  name: string;
  slug: string;
  createdAt: Date;
}

export interface MemberTable {
  id: string;
  organizationId: string;
  userId: string;
  role: Role;
  createdAt: Date;
}

export interface InvitationTable {
  id: string;
  organizationId: string;
  inviterId: string;
  email: string;
  role: Role;
  status: 'pending' | 'accepted' | 'canceled';
  expiresAt: Date;
  createdAt: Date;
  tokenHash: string;
}

/** What was revoked lately; replicas read it to drop what they have cached. */
export interface RevocationTable {
  subject_id: string;
  revoked_at: Generated<Date>;
}

/** Failed sign-ins in a row, for an account from one client address and (with an empty one) from all. */
export interface SignInAttemptTable {
  account: string;
  client_address: string;
  failures: number;
  last_at: Date;
  locked_until: Date;
}

/** Of the tables of the OAuth provider only the columns that we read or write ourselves. */
export interface OAuthClientTable {
  id: Generated<string>;
  clientId: string;
  /** `cimd` for a client that is described by a document at its id; null for one that registered. */
  clientDiscoveryId: string | null;
  disabled: boolean | null;
  name: string | null;
  uri: string | null;
  redirectUris: JSONColumnType<string[]>;
  tokenEndpointAuthMethod: string | null;
  grantTypes: JSONColumnType<string[]>;
  responseTypes: JSONColumnType<string[]>;
  requirePKCE: boolean | null;
  metadata: JSONColumnType<{ fresh_until: string }> | null;
  createdAt: Date;
  updatedAt: Date;
}

export interface OAuthResourceTable {
  id: string;
  identifier: string;
  name: string;
  createdAt: Date;
  updatedAt: Date;
}

/** What a person allowed a client: we call it a connection. */
export interface OAuthConsentTable {
  id: string;
  clientId: string;
  userId: string;
  /** The workspace. */
  referenceId: string;
  scopes: JSONColumnType<string[]>;
  createdAt: Date;
  updatedAt: Date;
}

export interface OAuthTokenTable {
  id: string;
  /** SHA-256 of the token, base64url. */
  token: string;
  clientId: string;
  userId: string;
  referenceId: string;
  /** The hash of the authorization code that all tokens of one sign-in descend from. */
  authorizationCodeId: string | null;
  scopes: JSONColumnType<string[]>;
  resources: JSONColumnType<string[]> | null;
  expiresAt: Date;
  revoked: Date | null;
}

export interface OAuthRefreshTokenTable extends OAuthTokenTable {
  /** Until then the same request gets the same answer again: it was lost on its way, or two windows asked at once. */
  rotationReplayExpiresAt: Date | null;
}

export type AuthTables = {
  'auth.sign_in_attempts': SignInAttemptTable;
  'auth.user': UserTable;
  'auth.jwks': { id: string };
  'auth.session': SessionTable;
  'auth.account': AccountTable;
  'auth.organization': OrganizationTable;
  'auth.member': MemberTable;
  'auth.invitation': InvitationTable;
  'auth.revocations': RevocationTable;
  'auth.oauthClient': OAuthClientTable;
  'auth.oauthResource': OAuthResourceTable;
  'auth.oauthConsent': OAuthConsentTable;
  'auth.oauthAccessToken': OAuthTokenTable;
  'auth.oauthRefreshToken': OAuthRefreshTokenTable;
};

export interface KeyTable {
  workspace_id: string;
  id: string;
  user_id: string;
  name: string;
  prefix: string;
  hash: Buffer;
  scopes: ColumnType<Scope[] | null>;
  toolsets: ColumnType<string[] | null>;
  created_at: Date;
  expires_at: Date | null;
  revoked_at: Date | null;
  last_used_at: Date | null;
}

/** `auth.people` is the view of the members of the transaction's workspace, the one thing of `auth` that a tenant may read. */
export type TenantTables = {
  api_keys: KeyTable;
  'auth.people': { id: string; name: string; email: string };
};
