/** Who acts: a person, or an agent on behalf of the person who made its key or signed it in. */

export const roles = ['owner', 'admin', 'member', 'viewer'] as const;
export type Role = (typeof roles)[number];

/** Every scope that a credential can hold. A toolset's operations name the one they need. */
export const scopes = [
  'workspace:read',
  'workspace:write',
  'members:write',
  'keys:read',
  'keys:write',
  'tasks:read',
  'tasks:write',
  'knowledge:read',
  'knowledge:write',
] as const;
export type Scope = (typeof scopes)[number];

const readScopes: readonly Scope[] = ['workspace:read', 'tasks:read', 'knowledge:read'];
const writeScopes: readonly Scope[] = ['workspace:write', 'tasks:write', 'knowledge:write'];
const ownKeys: readonly Scope[] = ['keys:read', 'keys:write'];

/** What no agent may do: a leaked credential must not make others, nor let people in. */
export const personScopes: readonly Scope[] = ['keys:read', 'keys:write', 'members:write'];

/** What an agent's credential can hold, be it a key or an OAuth token. */
export const agentScopes: readonly Scope[] = scopes.filter((scope) => !personScopes.includes(scope));

/** What a role may do. A key holds at most what its maker's role allows at the moment of the call. */
export const scopesOfRole: Readonly<Record<Role, readonly Scope[]>> = {
  viewer: [...readScopes, ...ownKeys],
  member: [...readScopes, ...writeScopes, ...ownKeys],
  admin: [...readScopes, ...writeScopes, ...ownKeys, 'members:write'],
  owner: [...readScopes, ...writeScopes, ...ownKeys, 'members:write'],
};

/** How a person or an agent appears in a record: `created_by`, `assignee`, the holder of a claim. */
export interface Actor {
  kind: 'person' | 'agent';
  /** The user's id for a person, the id of the key or connection for an agent. */
  id: string;
  name: string;
  /** The person who made the agent's key, or signed it in. */
  on_behalf_of?: { id: string; name: string };
}

/** The verified caller. It comes from the credential, never from an argument. */
export interface Principal {
  kind: 'person' | 'agent';
  /** The user's id for a person, the id of the key or connection for an agent. */
  id: string;
  name: string;
  /** The person, or the person on whose behalf the agent acts. */
  user_id: string;
  user_name: string;
  email: string;
  workspace_id: string;
  workspace_name: string;
  role: Role;
  scopes: readonly Scope[];
  /** What the person's role allows beyond `scopes`, and a new consent would add; empty for everything but an OAuth token. */
  grantable: readonly Scope[];
  /** The toolsets that an agent's key is narrowed to; null: all. */
  toolsets: readonly string[] | null;
  /** The session of a person's token, so that signing out can revoke it; null for a key. */
  session_id: string | null;
  /** When the credential ends; null: never. */
  expires_at: Date | null;
}

/** The record form of a principal. */
export function actorOf(principal: Principal): Actor {
  if (principal.kind === 'person') return { kind: 'person', id: principal.id, name: principal.name };
  return {
    kind: 'agent',
    id: principal.id,
    name: principal.name,
    on_behalf_of: { id: principal.user_id, name: principal.user_name },
  };
}

/** Owners and admins may override a claim with `force`. */
export function mayForce(principal: Principal): boolean {
  return principal.role === 'owner' || principal.role === 'admin';
}
