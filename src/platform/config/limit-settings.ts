/** The settings of what callers may use, and how much of it at once. */

import { z } from 'zod';
import { isTrust } from '../limits/client-address.ts';
import { rateLimitForm } from '../limits/rates.ts';
import { count, milliseconds, setting } from './setting.ts';

export const limitSettings = {
  rateLimit: setting({
    variable: 'QUARTERDECK_RATE_LIMIT',
    schema: z.string().regex(rateLimitForm, 'must be reads/writes a minute, such as 30000/30000, or off').default('30000/30000'),
    description:
      'Calls a minute of one credential: `reads/writes`, with `/expensive` after it if that is to be another than a tenth of the writes, or `off`. 500 a second let 32 workers with one key finish eight tasks a second each, and keep a loop gone wild from taking the whole server.',
  }),
  addressLimit: setting({
    variable: 'QUARTERDECK_ADDRESS_LIMIT',
    schema: count(300, 0, 1_000_000_000),
    description:
      'Requests a minute without a valid credential from one client address (an IPv6 network of 64 bits counts as one): sign-in, sign-up, and credentials that are refused. 0: no limit. Five a second serve an office behind one address; each sign-in hashes a password, which takes a tenth of a second.',
  }),
  maxRequests: setting({
    variable: 'QUARTERDECK_MAX_REQUESTS',
    schema: count(512, 1, 100_000),
    description:
      'Most requests that one replica works on at once; as many again wait, up to `QUARTERDECK_POOL_TIMEOUT_MS`, and the rest get 503 `overloaded`. Claims have a quarter more for themselves, and probes need no place. 512 keep ten connections busy without a queue that clients give up in.',
  }),
  maxRequestsPerCredential: setting({
    variable: 'QUARTERDECK_MAX_REQUESTS_PER_CREDENTIAL',
    schema: count(128, 1, 100_000),
    description: 'Most of them for one credential, so that one agent cannot take all. 32 workers with one key use a quarter of it.',
  }),
  maxLongCalls: setting({
    variable: 'QUARTERDECK_MAX_LONG_CALLS',
    schema: count(16, 1, 1_000),
    description:
      'Most calls that go on after their request (tasks of MCP) of one credential at once, over all replicas: those that run, and those that wait for an answer. 16 keep an agent busy, and a loop gone wild from filling a replica, which runs 64.',
  }),
  maxConnections: setting({
    variable: 'QUARTERDECK_MAX_CONNECTIONS',
    schema: count(12_000, 1, 1_000_000),
    description:
      'Most connections open at once. Beyond it a new one is closed, and idle ones are closed to make room. An idle connection takes about 10 kB and one file of the operating system: raise `ulimit -n` with it.',
  }),
  maxLagMs: setting({
    variable: 'QUARTERDECK_MAX_LAG_MS',
    schema: milliseconds(1_000),
    description:
      'Mean delay of the event loop over two seconds from which new requests get 503 `overloaded`, but for claims and probes. 0: never. A second is far beyond a busy server, and still before clients give up.',
  }),
  trustProxy: setting({
    variable: 'QUARTERDECK_TRUST_PROXY',
    schema: z.string().refine(isTrust, 'must be off, a number of proxies, or addresses and networks separated by commas').default('off'),
    description:
      'Whose `X-Forwarded-For` to believe about the address of the client: `off`, how many proxies stand before the server, or their addresses and networks (`10.0.0.0/8,fd00::/8`), comma-separated. Off by default, because without a proxy anybody could write that header.',
  }),
  redisUrl: setting({
    variable: 'REDIS_URL',
    schema: z
      .string()
      .regex(/^rediss?:\/\//, 'must start with redis:// or rediss://')
      .optional(),
    description:
      'Redis through which replicas add up the calls of each credential. Without it they do so in PostgreSQL, with one small statement a second. When it is away, each replica counts alone.',
    secret: true,
  }),
};
