/** Opens identity: wires Better Auth, tokens, keys, members and administration over one database. */

import { loadSecrets } from '../config/secrets.ts';
import type { Settings } from '../config/settings.ts';
import type { Database } from '../database/types.ts';
import type { Log } from '../telemetry/log.ts';
import { findActor } from './actors.ts';
import { createAdmin } from './admin.ts';
import { createAudit } from './audit.ts';
import { createAuth } from './better-auth.ts';
import { createCredentialCache } from './credential-cache.ts';
import { hashSecret, keyPrefix } from './key-format.ts';
import { createKeys } from './keys.ts';
import { createInvitations } from './invitations.ts';
import { createLastUse } from './last-use.ts';
import { createMembers } from './members.ts';
import { createAuthorization } from './oauth/authorization.ts';
import { deleteOldOAuth, documentClients } from './oauth/clients.ts';
import { createConnections } from './oauth/connections.ts';
import { type DocumentReader, createDocumentReader } from './oauth/document-reader.ts';
import { createKeyGrant, keyTokenPrefix } from './oauth/key-grant.ts';
import { accessTokenPrefix } from './oauth/provider.ts';
import type { Resource } from './oauth/requests.ts';
import { createPasswords } from './passwords.ts';
import type { Principal } from './principal.ts';
import { noSuchAccount } from './problems.ts';
import { pollRevocations } from './revocations.ts';
import { normalEmail } from './rules.ts';
import { createSessions, localPrincipal } from './sessions.ts';
import type { AuthTables } from './tables.ts';
import { createTokens, sameMachine } from './tokens.ts';
import type { Identity } from './types.ts';

export interface IdentityInputs {
  settings: Pick<Settings, 'data' | 'authSecret' | 'signup' | 'sessionTokenSeconds' | 'revocationPollMs'>;
  database: Database;
  log: Log;
  /** The server's own address, without a slash at the end. */
  issuer: string;
  /** Only this machine reaches the server. */
  loopback: boolean;
  /** Reads the documents that describe clients. Only tests give another than the guarded one. */
  documents?: DocumentReader;
}

const cacheLimits = {
  /** Ten thousand credentials in use at once take about 10 MB. */
  entries: 10_000,
  /** A second less than the five that revocation may take: the time of the query that replaces the answer. */
  lifetime_ms: 4_000,
  /** Longer than any transaction may run, so that nothing read before a revocation commits is kept. */
  distrust_ms: 60_000,
  clock: () => performance.now(),
};

export async function openIdentity(inputs: IdentityInputs): Promise<Identity> {
  const { settings, database, log, issuer, loopback, documents = createDocumentReader() } = inputs;
  const { authSecret } = loadSecrets(settings);
  const db = database.owner.withTables<AuthTables>();
  const oauth = { clientDiscovery: documentClients(db, documents, log) };
  const auth = createAuth({ db: database.owner, secret: authSecret, issuer, log, oauth });
  const cache = createCredentialCache<Principal>(cacheLimits);
  const forget = (subject_ids: readonly string[]): void => cache.forget(subject_ids);

  const tokens = createTokens({ auth, issuer, loopback, lifetime_seconds: settings.sessionTokenSeconds, log });
  const lastUse = createLastUse(database, log);
  const signup = settings.signup ?? (loopback ? 'open' : 'closed');
  const audit = createAudit({ db, database, log });
  const sessions = createSessions({ auth, db, tokens, cache, audit, signup, forget });
  const passwords = createPasswords({ auth, db, audit, forget });
  const keys = createKeys({ db, cache, lastUse, forget });
  const resource: Resource = { name: `${issuer}/mcp`, aliases: loopback ? sameMachine(issuer).map((name) => `${name}/mcp`) : [] };
  const keyGrant = createKeyGrant({ tokens, keys, resource, hash: hashSecret });
  const connections = createConnections({ db, cache, resource: resource.name, forget });
  const members = createMembers({ database, db, forget });
  const invitations = createInvitations({ db, audit });
  const stopPolling = pollRevocations({ db, every_ms: settings.revocationPollMs, log, wanted: () => cache.size > 0, forget });

  return {
    verify(credential) {
      if (credential.startsWith(keyPrefix)) return keys.verify(credential);
      if (credential.startsWith(accessTokenPrefix)) return connections.verify(credential);
      return credential.startsWith(keyTokenPrefix) ? keyGrant.verify(credential) : sessions.verify(credential);
    },

    signUp: sessions.signUp,
    signIn: sessions.signIn,
    refresh: sessions.refresh,
    signOut: sessions.signOut,
    changePassword: passwords.change,
    jwks: tokens.jwks,

    operator: () => localPrincipal(db, { operator: true }),
    async principalOf(email, workspace) {
      const principal = await localPrincipal(db, { email: normalEmail(email) }, workspace);
      if (principal === undefined) throw noSuchAccount();
      return principal;
    },

    listMembers: members.list,
    changeMember: members.change,
    removeMember: members.remove,
    invite: invitations.invite,
    listInvitations: invitations.list,
    revokeInvitation: invitations.revoke,
    acceptInvitation: invitations.accept,
    findActor,

    createKey: keys.create,
    listKeys: keys.list,
    revokeKey: keys.revoke,
    rotateKey: keys.rotate,

    oauth: createAuthorization({ auth, db, issuer, secret: authSecret, resource, keyGrant, audit }),
    listConnections: connections.list,
    revokeConnection: connections.revoke,
    sweep: () => deleteOldOAuth(db),

    admin: createAdmin({ auth, database, audit, db, forget }),

    async close() {
      await stopPolling();
      await audit.close();
      await lastUse.close();
    },
  };
}
