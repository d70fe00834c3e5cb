/** API keys: made, listed, rotated and revoked by people, and verified for agents. */

import type { Kysely } from 'kysely';
import { v7 as uuidv7 } from 'uuid';
import type { TransactionScope } from '../database/types.ts';
import type { CredentialCache } from './credential-cache.ts';
import { hashSecret, keyPrefix, newSecret, visiblePart } from './key-format.ts';
import { type KeyHolder, findKeyHolder, insertKey, selectKeys, updateKey } from './key-store.ts';
import type { LastUse } from './last-use.ts';
import type { Principal } from './principal.ts';
import { noSuchKey, personsOnly, unknownCredential } from './problems.ts';
import { agentScopesOf, checkKeyScopes } from './rules.ts';
import type { AuthTables } from './tables.ts';
import type { KeyView, NewKey } from './types.ts';

export interface KeyParts {
  db: Kysely<AuthTables>;
  cache: CredentialCache<Principal>;
  lastUse: LastUse;
  forget(subject_ids: readonly string[]): void;
}

const keyForm = /^qd_[A-Za-z0-9_-]{43}$/;
const dayMs = 24 * 60 * 60 * 1_000;

export function createKeys({ db, cache, lastUse, forget }: KeyParts) {
  async function verifyHash(hash: Buffer): Promise<Principal> {
    const principal = await cache.read(hash.toString('base64url'), async () => {
      const holder = await findKeyHolder(db, hash);
      if (holder === undefined) return undefined;
      return { value: keyPrincipal(holder), subjects: [holder.id, holder.user_id, holder.member_id] };
    });
    if (principal === undefined) throw unknownCredential();
    if (hasEnded(principal)) throw unknownCredential('expired');
    lastUse.touch(principal);
    return principal;
  }

  return {
    async verify(key: string): Promise<Principal> {
      if (!keyForm.test(key)) throw unknownCredential('malformed');
      return verifyHash(hashSecret(key));
    },

    /** For a token that stands for a key. */
    verifyHash,

    async create(scope: TransactionScope, principal: Principal, input: NewKey): Promise<{ key: string; view: KeyView }> {
      requirePerson(principal);
      checkKeyScopes(principal.role, input.scopes);
      const { secret, hash } = newSecret(keyPrefix);
      const days = input.expires_in_days;
      const view = await insertKey(scope, {
        id: uuidv7(),
        user_id: principal.user_id,
        name: input.name,
        prefix: visiblePart(secret),
        hash,
        scopes: input.scopes ?? null,
        toolsets: input.toolsets ?? null,
        created_at: scope.now,
        expires_at: days === undefined ? null : new Date(scope.now.getTime() + days * dayMs),
      });
      return { key: secret, view };
    },

    async list(scope: TransactionScope, principal: Principal, page: { limit: number; after?: string | undefined }): Promise<KeyView[]> {
      return selectKeys(scope, { ...page, user_id: seesAll(principal) ? undefined : principal.user_id });
    },

    async revoke(scope: TransactionScope, principal: Principal, key_id: string): Promise<KeyView> {
      const user_id = seesAll(principal) ? undefined : principal.user_id;
      const view = await updateKey(scope, { key_id, user_id }, { revoked_at: scope.now });
      if (view === undefined) throw noSuchKey();
      forget([key_id]);
      return view;
    },

    /** Only the maker: whoever else got the new secret would act in the maker's name. */
    async rotate(scope: TransactionScope, principal: Principal, key_id: string): Promise<{ key: string; view: KeyView }> {
      requirePerson(principal);
      const { secret, hash } = newSecret(keyPrefix);
      const view = await updateKey(scope, { key_id, user_id: principal.user_id }, { hash, prefix: visiblePart(secret) });
      if (view === undefined) throw noSuchKey();
      forget([key_id]);
      return { key: secret, view };
    },
  };
}

function keyPrincipal(holder: KeyHolder): Principal {
  return {
    kind: 'agent',
    id: holder.id,
    name: holder.name,
    user_id: holder.user_id,
    user_name: holder.user_name,
    email: holder.email,
    workspace_id: holder.workspace_id,
    workspace_name: holder.workspace_name,
    role: holder.role,
    scopes: agentScopesOf(holder.role, holder.scopes),
    grantable: [],
    toolsets: holder.toolsets,
    session_id: null,
    expires_at: holder.expires_at,
  };
}

function hasEnded({ expires_at }: Principal): boolean {
  return expires_at !== null && expires_at.getTime() <= Date.now();
}

function seesAll({ role, kind }: Principal): boolean {
  return kind === 'person' && (role === 'owner' || role === 'admin');
}

function requirePerson({ kind }: Principal): void {
  if (kind !== 'person') throw personsOnly();
}
