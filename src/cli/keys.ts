/** The keys of one owner, whether they are reached through the data of this machine or through a remote server. */

import { z } from 'zod';
import { UsageError } from './command.ts';
import { type PlaceOptions, askExistingData } from './place.ts';
import { type Remote, openRemote } from './remote.ts';
import { type Key, key } from './views.ts';

export interface NewKeyInput {
  name: string;
  scopes: string[] | undefined;
  toolsets: string[] | undefined;
  expires_in_days: number | undefined;
}

export interface KeyStore {
  create(input: NewKeyInput): Promise<unknown>;
  list(): Promise<Key[]>;
  rotate(key_id: string): Promise<unknown>;
  revoke(key_id: string): Promise<unknown>;
  /** The id of the key with this id or name. @throws Error when no key or more than one has the name */
  find(wanted: string): Promise<string>;
}

export interface KeyPlace extends PlaceOptions {
  user?: string;
  workspace?: string;
}

/** @throws UsageError when the options contradict each other */
export function openKeys(place: KeyPlace): KeyStore {
  const store = place.url === undefined ? localKeys(place) : remoteKeys(place, openRemote(place.url));
  return { ...store, find: async (wanted) => (isId(wanted) ? wanted : choose(await store.list(), wanted)) };
}

type Store = Omit<KeyStore, 'find'>;

function localKeys(place: KeyPlace): Store {
  const { user, workspace } = place;
  const ask = (name: string, input: object, doing: string) => askExistingData(place, name, { user, workspace, ...input }, doing);
  return {
    create: (input) => ask('key create', input, 'making the key'),
    list: async () => z.object({ keys: z.array(key) }).parse(await ask('key list', {}, 'reading the keys')).keys,
    rotate: (key_id) => ask('key rotate', { key_id }, 'rotating the key'),
    revoke: (key_id) => ask('key revoke', { key_id }, 'revoking the key'),
  };
}

function remoteKeys({ user, workspace }: KeyPlace, remote: Remote): Store {
  if (user !== undefined || workspace !== undefined)
    throw new UsageError(
      '--user and --workspace are not for a remote server: there the credential says who asks, and in which workspace.',
      'Sign in as that person, with `workspace` in the body of POST /api/auth/signin.',
    );
  return {
    create: (input) => remote.call('POST', '/keys', input),
    list: () => allKeys(remote),
    rotate: (key_id) => remote.call('POST', `/keys/${encodeURIComponent(key_id)}/rotate`),
    revoke: (key_id) => remote.call('DELETE', `/keys/${encodeURIComponent(key_id)}`),
  };
}

const page = z.object({ items: z.array(key), next_cursor: z.string().nullable() });

async function allKeys(remote: Remote): Promise<Key[]> {
  const keys: Key[] = [];
  for (let cursor: string | null = ''; cursor !== null;) {
    const query: string = cursor === '' ? '' : `?cursor=${encodeURIComponent(cursor)}`;
    const { items, next_cursor } = page.parse(await remote.call('GET', `/keys${query}`));
    keys.push(...items);
    cursor = next_cursor;
  }
  return keys;
}

function isId(text: string): boolean {
  return z.uuid().safeParse(text).success;
}

function choose(keys: readonly Key[], name: string): string {
  const [found, another] = keys.filter((candidate) => candidate.name === name);
  if (found === undefined) throw new Error(`There is no key ${name}. \`quarterdeck key list\` shows those that there are.`);
  if (another !== undefined) throw new Error(`More than one key is called ${name}. Give the id, as \`quarterdeck key list\` shows it.`);
  return found.id;
}
