/** The tables of identity as Kysely sees them: Better Auth's in the schema `auth`, and our API keys. */

import type { ColumnType, Generated } from 'kysely';
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

export type AuthTables = {
  'auth.sign_in_attempts': SignInAttemptTable;
  'auth.user': UserTable;
  'auth.session': SessionTable;
  'auth.account': AccountTable;
  'auth.organization': OrganizationTable;
  'auth.member': MemberTable;
  'auth.invitation': InvitationTable;
  'auth.revocations': RevocationTable;
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
