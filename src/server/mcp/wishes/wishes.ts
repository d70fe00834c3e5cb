/**
 * What clients of 2025 want to be told: changes of which resources, and messages from which severity. They say so in a request of
 * its own and expect it to be remembered, so it is kept in the database, for the credential: sessions there are none.
 */

import type { Database } from '../../../platform/database/types.ts';
import type { Principal } from '../../../platform/identity/principal.ts';
import { conflict } from '../../../platform/problem.ts';
import { type Wishes, changeWishes, deleteOldWishes, findWishes } from './store.ts';

/** From RFC 5424, least severe first, as the revisions of 2025 list them. */
export const severities = ['debug', 'info', 'notice', 'warning', 'error', 'critical', 'alert', 'emergency'] as const;
export type Severity = (typeof severities)[number];

/** Most resources that one credential is told of: more than a person has open, and few enough to look through with each change. */
const maxResources = 100;

/** Days after which a wish is forgotten. Clients say it anew with each connection, and no connection lasts for a month. */
const keepDays = 30;

const channel = 'quarterdeck_wishes';

export interface WishBook {
  /** Whether messages of this severity are wanted. */
  wantsMessages(principal: Principal, severity: Severity): Promise<boolean>;
  setLevel(principal: Principal, severity: Severity): Promise<void>;
  /** @throws Problem `conflict` when there are too many */
  subscribe(principal: Principal, uri: string): Promise<void>;
  unsubscribe(principal: Principal, uri: string): Promise<void>;
  /** The resources that are wanted, kept up to date from now on; `stop` when nobody asks any more. */
  follow(principal: Principal): Followed;
  sweep(): Promise<number>;
}

export interface Followed {
  wants(uri: string): Promise<boolean>;
  stop(): Promise<void>;
}

export function createWishBook(database: Database): WishBook {
  const read = (principal: Principal): Promise<Wishes | undefined> =>
    database.transaction(principal, { mode: 'read' }, (scope) => findWishes(scope, principal.id));
  const change = async (principal: Principal, work: (wishes: Wishes) => Wishes) => {
    await database.transaction(principal, { mode: 'write' }, (scope) => changeWishes(scope, principal.id, work));
    await database.notify(channel);
  };
  return {
    wantsMessages: async (principal, severity) => {
      const level = severities.findIndex((name) => name === severity);
      const wanted = (await read(principal))?.log_level ?? undefined;
      return wanted !== undefined && level >= severities.findIndex((name) => name === wanted);
    },
    setLevel: (principal, log_level) => change(principal, (wishes) => ({ ...wishes, log_level })),
    subscribe: (principal, uri) =>
      change(principal, ({ resources, ...wishes }) => {
        const others = resources.filter((other) => other !== uri);
        if (others.length >= maxResources) throw tooMany();
        return { ...wishes, resources: [...others, uri] };
      }),
    unsubscribe: (principal, uri) =>
      change(principal, (wishes) => ({ ...wishes, resources: wishes.resources.filter((other) => other !== uri) })),
    follow: (principal) => {
      let known: Promise<ReadonlySet<string>> | undefined;
      const forget = () => void (known = undefined);
      const listening = database.listen(channel, forget);
      const load = async () => {
        // Listened to before it is read, or a change in between would be missed.
        await listening;
        return new Set((await read(principal))?.resources);
      };
      return {
        wants: async (uri) => {
          known ??= load();
          known.catch(forget);
          return (await known).has(uri);
        },
        stop: async () => (await listening)(),
      };
    },
    sweep: () => database.transaction('system', { mode: 'write' }, (scope) => deleteOldWishes(scope, keepDays)),
  };
}

function tooMany() {
  return conflict({
    message: `This credential is subscribed to ${maxResources} resources already, which is the limit.`,
    next: 'Unsubscribe from some, or read the resources when you need them.',
  });
}
