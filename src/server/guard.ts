/** Decides by Host and Origin whether a request may be answered at all, and what a browser may read of the answer. */

import type { IncomingMessage, ServerResponse } from 'node:http';
import { isLoopback } from '../platform/config/read.ts';
import type { Settings } from '../platform/config/settings.ts';
import { type Problem, forbidden } from '../platform/problem.ts';

export interface Guard {
  /** @throws Problem `forbidden` */
  check(incoming: IncomingMessage, path: string): void;
  /** Sets the CORS headers for an allowed foreign origin. True when the request was a preflight: all is said then. */
  share(incoming: IncomingMessage, outgoing: ServerResponse): boolean;
}

/** Probes and scrapers call by address, and what they read is not worth rebinding a name for. */
const anyHost = new Set(['/health', '/health/live', '/health/ready']);

/** What scripts of an allowed origin need to see of an answer. */
const exposed = [
  'WWW-Authenticate',
  'ETag',
  'Retry-After',
  'RateLimit',
  'RateLimit-Policy',
  'X-Request-Id',
  'Mcp-Session-Id',
  'MCP-Protocol-Version',
  'Mcp-Method',
  'Mcp-Name',
].join(', ');

/** How long a browser keeps the answer to a preflight. Browsers cap it themselves, the strictest at ten minutes. */
const preflightSeconds = 600;

export function createGuard(settings: Pick<Settings, 'allowedHosts' | 'corsOrigins' | 'metricsToken'>, issuer: string): Guard {
  const hosts = new Set([new URL(issuer).hostname, ...settings.allowedHosts.map(hostnameOf)]);
  const own = new URL(issuer).origin;
  const origins = new Set(settings.corsOrigins.map((origin) => origin.replace(/\/+$/, '').toLowerCase()));
  const scraping = settings.metricsToken !== undefined;
  const isOurs = rememberLast((header) => {
    const host = hostnameOf(header);
    return isLoopback(host) || hosts.has(host);
  });

  return {
    check({ headers }, path) {
      const knownHost = isOurs(headers.host ?? '');
      if (!knownHost && !anyHost.has(path) && !(scraping && path === '/metrics')) throw unknownHost();
      const { origin } = headers;
      if (origin === undefined || origins.has(origin.toLowerCase()) || origin === own) return;
      // The page came from this very host: its name has just been found to be ours.
      if (knownHost && authorityOf(origin) === headers.host?.toLowerCase()) return;
      throw unknownOrigin();
    },

    share({ method, headers }, outgoing) {
      if (origins.size > 0) outgoing.setHeader('Vary', 'Origin');
      const { origin } = headers;
      if (origin === undefined || !origins.has(origin.toLowerCase())) return false;
      outgoing.setHeader('Access-Control-Allow-Origin', origin);
      outgoing.setHeader('Access-Control-Expose-Headers', exposed);
      if (method !== 'OPTIONS' || headers['access-control-request-method'] === undefined) return false;
      outgoing.writeHead(204, {
        'Access-Control-Allow-Methods': 'GET, POST, PUT, PATCH, DELETE',
        // MCP has a header for each annotated parameter, so the names cannot be listed in advance.
        'Access-Control-Allow-Headers': headers['access-control-request-headers'] ?? '',
        'Access-Control-Max-Age': preflightSeconds,
      });
      outgoing.end();
      return true;
    },
  };
}

/** Nearly every request names the same host, so the last answer is kept. */
function rememberLast(decide: (text: string) => boolean): (text: string) => boolean {
  let last = '';
  let answer = decide(last);
  return (text) => {
    if (text !== last) [last, answer] = [text, decide(text)];
    return answer;
  };
}

/** The name or address without port, in lower case; empty for what is not a host. */
function hostnameOf(host: string): string {
  return /^[^/@?#\\\s]+$/.test(host) && URL.canParse(`http://${host}`) ? new URL(`http://${host}`).hostname : '';
}

function authorityOf(origin: string): string | undefined {
  return URL.canParse(origin) ? new URL(origin).host : undefined;
}

function unknownHost(): Problem {
  return forbidden({
    message: 'The Host header names a host that this server does not answer to.',
    next: 'Use the address that the server printed, or add the name to QUARTERDECK_ALLOWED_HOSTS or QUARTERDECK_URL.',
  });
}

function unknownOrigin(): Problem {
  return forbidden({
    message: 'Pages of this origin may not call the server.',
    next: 'Add the origin to CORS_ORIGINS, or open the page from the server itself.',
  });
}
