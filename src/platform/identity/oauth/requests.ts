/** Requests of clients in the form in which the provider handles them all alike. */

import { agentScopes } from '../principal.ts';
import { offlineScope } from './provider.ts';

/** The endpoint as the audience of tokens, under every name that clients may know it by. */
export interface Resource {
  /** What tokens are for. */
  name: string;
  /** On a loopback bind, the same address with localhost, 127.0.0.1 and [::1]. */
  aliases: readonly string[];
}

/** Parameters of OpenID Connect and of the provider's own, which would open ways through the pages that are not ours. */
const ignored = ['max_age', 'claims', 'dpop_jkt', 'id_token_hint', 'exp', 'sig'];

/** The provider's own parameters come back from its pages, some of them several times. */
const isPassed = (name: string) => !ignored.includes(name) && !name.startsWith('ba_');

/**
 * An authorization request: for our resource unless it names another, for all scopes unless it names some, with a refresh token,
 * and with a question to the person every time. A consent that is remembered would let any program on the person's machine
 * that borrows a client's id pass in silence (RFC 8252 section 8.6).
 */
export function authorizationQuery(asked: URLSearchParams, resource: Resource): URLSearchParams {
  const passed = [...asked].filter(([name]) => isPassed(name));
  const query = withResource(new URLSearchParams(passed), resource);
  if (!query.has('resource')) query.set('resource', resource.name);
  const scopes = new Set((query.get('scope') ?? '').split(' ').filter((scope) => scope !== ''));
  if (scopes.size === 0) for (const scope of agentScopes) scopes.add(scope);
  query.set('scope', [...scopes.add(offlineScope)].join(' '));
  query.set('prompt', 'consent');
  return query;
}

/** The name of a parameter that stands twice, which nobody may rely on (RFC 6749 sections 3.1 and 3.2); `resource` may (RFC 8707). */
export function repeatedParameter(asked: URLSearchParams): string | undefined {
  return [...new Set(asked.keys())].find((name) => name !== 'resource' && isPassed(name) && asked.getAll(name).length > 1);
}

/** A name of this machine for another is one resource. What is not ours is left as it is, and refused by the provider. */
export function withResource(asked: URLSearchParams, { name, aliases }: Resource): URLSearchParams {
  const query = new URLSearchParams();
  for (const [key, value] of asked) query.append(key, key === 'resource' && aliases.includes(value) ? name : value);
  return query;
}
