/** What every answer tells a browser, whichever face wrote it; and what no request may say twice. */

import type { IncomingMessage } from 'node:http';
import type { Settings } from '../platform/config/settings.ts';
import { unreadable } from '../platform/problem.ts';

/** A year, as browsers' own lists ask; subdomains are for their owner to promise. */
const hstsSeconds = 31_536_000;

/**
 * For answers that nobody renders. Pages replace the policy with their own. A page of a foreign origin that may call us (`CORS_ORIGINS`)
 * does so by CORS, which the resource policy does not concern.
 */
export function answerHeaders({ url }: Pick<Settings, 'url'>): [name: string, value: string][] {
  const headers: [string, string][] = [
    ['X-Content-Type-Options', 'nosniff'],
    ['Content-Security-Policy', "default-src 'none'; frame-ancestors 'none'"],
    ['Cross-Origin-Resource-Policy', 'same-origin'],
    ['Referrer-Policy', 'no-referrer'],
    // Whoever forgets to say it has said it; what may be kept says so itself.
    ['Cache-Control', 'no-store'],
  ];
  // Without TLS a browser ignores it, and a server on the loopback has none.
  return url?.startsWith('https:') === true ? [...headers, ['Strict-Transport-Security', `max-age=${hstsSeconds}`]] : headers;
}

/** Where a proxy and we might each take another one of two. Node refuses two lengths itself. */
const once = new Set(['authorization', 'host', 'content-type', 'content-encoding', 'origin', 'idempotency-key', 'x-request-id']);

/** @throws Problem `unreadable` */
export function checkHead({ rawHeaders }: Pick<IncomingMessage, 'rawHeaders'>): void {
  const seen = new Set<string>();
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const name = rawHeaders[index]?.toLowerCase() ?? '';
    if (!once.has(name)) continue;
    if (seen.has(name))
      throw unreadable({
        message: `The header ${name} was sent more than once, and it is not said which one counts.`,
        next: 'Send it once.',
      });
    seen.add(name);
  }
}

/** For everything that a browser renders: nothing inline, nothing from elsewhere, in no frame, and no power that the pages do not use. */
export const pageHeaders: Readonly<Record<string, string>> = {
  'Content-Security-Policy': [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "img-src 'self' data:",
    "font-src 'self'",
    "connect-src 'self'",
    "manifest-src 'self'",
    "frame-ancestors 'none'",
    "base-uri 'none'",
    "form-action 'self'",
  ].join('; '),
  'Referrer-Policy': 'no-referrer',
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Resource-Policy': 'same-origin',
  'Permissions-Policy': ['camera', 'display-capture', 'geolocation', 'microphone', 'payment', 'usb']
    .map((power) => `${power}=()`)
    .join(', '),
};
