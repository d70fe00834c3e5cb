/** Resources: what a provider of one kind offers, and the one list that all kinds together make. */

import type { ListResourcesResult, ReadResourceResult, Resource, ResourceTemplateType } from '@modelcontextprotocol/server';
import type { Principal } from '../../platform/identity/principal.ts';
import { invalidInput } from '../../platform/problem.ts';
import type { CallScope } from './backend.ts';

export interface ResourceCall extends CallScope {
  principal: Principal;
}

export interface ResourcePage {
  resources: Resource[];
  next_cursor: string | null;
}

/** One kind of resource. */
export interface ResourceProvider {
  readonly templates: readonly ResourceTemplateType[];
  /** Whether the URI is one of this kind, be there such a thing or not. */
  owns(uri: string): boolean;
  /** Whether this principal may see this kind at all. */
  visible(principal: Principal): boolean;
  /** @throws Problem */
  list(call: ResourceCall, cursor: string | undefined): Promise<ResourcePage>;
  /** @throws Problem; `not_found` for what does not exist and for what is not this principal's alike. */
  read(call: ResourceCall, uri: string): Promise<ReadResourceResult['contents']>;
  /** Values that a variable of its templates can have and that begin with `value`, the likeliest first. */
  complete?(call: ResourceCall, variable: string, value: string): Promise<string[]>;
}

/**
 * One page over all kinds, one kind after the other. The cursor is the place of the kind and that kind's own
 * cursor, so that nothing is kept between pages.
 */
export async function listAll(
  providers: readonly ResourceProvider[],
  call: ResourceCall,
  cursor: string | undefined,
): Promise<ListResourcesResult> {
  const start = cursor === undefined ? { place: 0, inner: undefined } : readCursor(cursor, providers.length);
  const place = nextVisible(providers, call.principal, start.place);
  const provider = place === undefined ? undefined : providers[place];
  if (place === undefined || provider === undefined) return { resources: [] };
  const page = await provider.list(call, place === start.place ? start.inner : undefined);
  if (page.next_cursor !== null) return { resources: page.resources, nextCursor: `${place}:${page.next_cursor}` };
  const following = nextVisible(providers, call.principal, place + 1);
  return following === undefined ? { resources: page.resources } : { resources: page.resources, nextCursor: `${following}:` };
}

function nextVisible(providers: readonly ResourceProvider[], principal: Principal, from: number): number | undefined {
  const place = providers.findIndex((provider, index) => index >= from && provider.visible(principal));
  return place === -1 ? undefined : place;
}

function readCursor(cursor: string, kinds: number): { place: number; inner: string | undefined } {
  const match = /^(\d{1,2}):(.{0,1000})$/.exec(cursor);
  const place = Number(match?.[1] ?? kinds);
  if (match === null || place >= kinds)
    throw invalidInput({
      message: 'The cursor is not one that resources/list gave.',
      next: 'Start again without a cursor.',
      details: { problems: [{ path: 'cursor', message: 'is not known' }] },
    });
  return { place, inner: match[2] === '' ? undefined : match[2] };
}
