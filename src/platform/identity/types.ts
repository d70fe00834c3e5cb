/** What the rest of the house sees of identity. */

import type { TransactionScope } from '../database/types.ts';
import type { Authorization } from './oauth/types.ts';
import type { PasswordChange } from './passwords.ts';
import type { Actor, Principal, Role, Scope } from './principal.ts';

export interface UserView {
  id: string;
  email: string;
  name: string;
}

export interface WorkspaceView {
  id: string;
  name: string;
  role: Role;
}

/** The answer of sign-up, sign-in and refresh, exactly as the contract words it. */
export interface SessionView {
  token: string;
  /** RFC 3339, UTC. */
  expires_at: string;
  user: UserView;
  workspace: WorkspaceView;
}

export interface MemberView {
  id: string;
  user_id: string;
  email: string;
  name: string;
  role: Role;
  joined_at: Date;
}

export interface InvitationView {
  id: string;
  email: string;
  role: Role;
  invited_by: { id: string; name: string };
  created_at: Date;
  expires_at: Date;
}

export interface NewInvitationView extends Pick<InvitationView, 'id' | 'email' | 'role' | 'expires_at'> {
  /** Given once, when the invitation is made: whoever holds it and signs in with this address may join. */
  token: string;
}

export interface KeyView {
  id: string;
  name: string;
  /** The first characters, to recognise a key by; never enough to use it. */
  prefix: string;
  /** null: everything that the maker's role allows. */
  scopes: Scope[] | null;
  toolsets: string[] | null;
  user_id: string;
  created_at: Date;
  expires_at: Date | null;
  last_used_at: Date | null;
}

export interface NewKey {
  name: string;
  scopes?: Scope[] | undefined;
  toolsets?: string[] | undefined;
  expires_in_days?: number | undefined;
}

/** An app that a person signed in with OAuth, and that acts on the person's behalf in one workspace. */
export interface ConnectionView {
  id: string;
  /** As the app calls itself. */
  name: string;
  /** The host that vouches for the name; null when the app only claims it. */
  website: string | null;
  scopes: Scope[];
  user_id: string;
  created_at: Date;
  /** When the person last said yes. */
  allowed_at: Date;
}

export interface AdminUserView extends UserView {
  disabled: boolean;
  operator: boolean;
  workspaces: WorkspaceView[];
  created_at: Date;
}

/**
 * Sign-in, tokens, keys, members. All of Better Auth lives behind this.
 * A function that takes a `scope` runs in that transaction. Every other one uses the database by itself and must
 * not be awaited inside a transaction: the embedded database has one connection, and the two would wait for each other.
 */
export interface Identity {
  /**
   * Who holds this credential: an API key (`qd_…`), a JWT, or an OAuth access token (`qda_…`, `qdk_…`).
   * @throws Problem `unauthenticated`, with one and the same message for unknown, expired and revoked.
   */
  verify(credential: string): Promise<Principal>;

  signUp(input: { email: string; password: string; name?: string | undefined }): Promise<SessionView>;
  /**
   * `address`: where the client is; who fails there too often waits, and from everywhere a little later.
   * @throws Problem `rate_limited` while nobody may try, `unauthenticated` for a wrong password and an unknown address alike
   */
  signIn(input: { email: string; password: string; workspace?: string | undefined; address?: string | undefined }): Promise<SessionView>;
  /** A new token for the same session. `token` may have expired at most `refreshGraceSeconds` ago. */
  refresh(token: string): Promise<SessionView>;
  /** Ends the session; within five seconds on every replica. */
  signOut(principal: Principal): Promise<void>;
  /** Ends the other sessions of the person; within five seconds on every replica. */
  changePassword(principal: Principal, change: PasswordChange): Promise<void>;
  /** The public keys that sign the tokens, as a JSON Web Key Set. */
  jwks(): Promise<{ keys: object[] }>;

  /** The installation's operator (the first account) in its own workspace; undefined before anyone signed up. */
  operator(): Promise<Principal | undefined>;
  /** The principal of a user by address, for local administration over the control socket. */
  principalOf(email: string, workspace?: string): Promise<Principal>;

  listMembers(workspace_id: string, page: { limit: number; after?: string | undefined }): Promise<MemberView[]>;
  changeMember(principal: Principal, member_id: string, role: Role): Promise<MemberView>;
  removeMember(principal: Principal, member_id: string): Promise<MemberView>;
  invite(principal: Principal, input: { email: string; role: Role }): Promise<NewInvitationView>;
  /** Those that can still be accepted, from the oldest. */
  listInvitations(workspace_id: string, page: { limit: number; after?: string | undefined }): Promise<InvitationView[]>;
  revokeInvitation(workspace_id: string, invitation_id: string): Promise<InvitationView>;
  acceptInvitation(principal: Principal, token: string): Promise<WorkspaceView>;
  /**
   * The member or key that `text` names (`me`, an id, an e-mail address, the name of a key) as it appears in records;
   * undefined: nobody here. Within the caller's transaction, because handlers ask for it inside one.
   */
  findActor(scope: TransactionScope, principal: Principal, text: string): Promise<Actor | undefined>;

  /** Within the caller's transaction, so that the key exists exactly when its event does. */
  createKey(scope: TransactionScope, principal: Principal, input: NewKey): Promise<{ key: string; view: KeyView }>;
  listKeys(scope: TransactionScope, principal: Principal, page: { limit: number; after?: string | undefined }): Promise<KeyView[]>;
  revokeKey(scope: TransactionScope, principal: Principal, key_id: string): Promise<KeyView>;
  /** A new secret for the same key; the old one stops within five seconds. */
  rotateKey(scope: TransactionScope, principal: Principal, key_id: string): Promise<{ key: string; view: KeyView }>;

  /** The authorization server: how an MCP client signs a person in. */
  oauth: Authorization;
  listConnections(principal: Principal, page: { limit: number; after?: string | undefined }): Promise<ConnectionView[]>;
  revokeConnection(principal: Principal, connection_id: string): Promise<ConnectionView>;

  /** Deletes what has run out and nobody asks for any more; returns how many rows. */
  sweep(): Promise<number>;

  /** Administration of the installation, for the command line. */
  admin: {
    createUser(input: {
      email: string;
      password: string;
      name?: string | undefined;
      workspace?: string | undefined;
      role?: Role | undefined;
    }): Promise<AdminUserView>;
    listUsers(page: { limit: number; after?: string | undefined }): Promise<AdminUserView[]>;
    setPassword(email: string, password: string): Promise<void>;
    disableUser(email: string): Promise<void>;
    /** Lets somebody sign in again. Keys, sessions and connections of before stay ended. */
    enableUser(email: string): Promise<void>;
    /**
     * Withdraws the keys that session tokens are signed with; the next token makes a new one. Tokens of before end within a minute on
     * every replica, and cannot be refreshed then; API keys and connections go on. Returns how many keys were withdrawn.
     */
    withdrawSigningKeys(): Promise<number>;
  };

  /** Writes what is cached (last use of keys) and stops the timers. */
  close(): Promise<void>;
}
