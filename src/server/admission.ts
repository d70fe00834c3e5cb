/** Lets a request go on or not: the limits of the credential, those of the address of whoever has none, and how much is worked on already. */

import { createClientAddress } from '../platform/limits/client-address.ts';
import type { Cost, Limits } from '../platform/limits/open.ts';
import type { Settings } from '../platform/config/settings.ts';
import { Problem } from '../platform/problem.ts';
import type { Principal } from '../platform/identity/principal.ts';
import type { Metrics } from '../platform/telemetry/metrics.ts';
import type { Exchange } from './exchange.ts';
import { createGate } from './gate.ts';

export interface Admission {
  /** Counts the call. @throws Problem `rate_limited` */
  call(exchange: Exchange, principal: Principal, cost: Cost): void;
  /** Resolves when the work may begin: see `Gate`. @throws Problem `overloaded` */
  work(exchange: Exchange, principal: Principal, essential: boolean): Promise<void>;
  /** Counts a request without a good credential for the address that it came from. @throws Problem `rate_limited` */
  stranger(exchange: Exchange): void;
  /** The address of the client, as far as proxies are believed. */
  addressOf(exchange: Exchange): string;
  close(): void;
}

export interface AdmissionParts {
  limits: Limits;
  metrics: Metrics;
  settings: Settings;
}

export function createAdmission({ limits, metrics, settings }: AdmissionParts): Admission {
  const gate = createGate(settings);
  const clientAddress = createClientAddress(settings.trustProxy);
  const counted = <Result>(limit: string, count: () => Result): Result => {
    try {
      return count();
    } catch (error) {
      if (error instanceof Problem) metrics.limitHit(limit);
      throw error;
    }
  };
  const addressOf = ({ incoming }: Exchange) => {
    const forwarded = incoming.headers['x-forwarded-for'];
    return clientAddress(incoming.socket.remoteAddress, Array.isArray(forwarded) ? forwarded.join(',') : forwarded);
  };
  return {
    call(exchange, principal, cost) {
      const taken = counted(cost, () => limits.call(principal.id, cost));
      if (taken === undefined) return;
      // draft-ietf-httpapi-ratelimit-headers: one policy for each cost, over a minute.
      exchange.outgoing.setHeader('RateLimit-Policy', `"${cost}";q=${taken.limit};w=60`);
      exchange.outgoing.setHeader('RateLimit', `"${cost}";r=${taken.remaining};t=60`);
    },
    async work(exchange, { id }, essential) {
      try {
        await gate.enter(exchange, id, essential);
      } catch (error) {
        if (error instanceof Problem && error.code === 'overloaded') metrics.limitHit('overload');
        throw error;
      }
    },
    stranger(exchange) {
      counted('address', () => limits.stranger(addressOf(exchange)));
    },
    addressOf,
    close: () => gate.close(),
  };
}
