/** Any webhook: the notice as JSON, signed where there is a secret. */

import { createHmac } from 'node:crypto';
import type { Channel, NamedSecret } from './channel.ts';
import { postJson } from './http.ts';

export interface WebhookParts {
  readonly name: string;
  readonly url: URL;
  readonly secrets: readonly NamedSecret[];
  /** undefined: the body is not signed. */
  readonly signingSecret: string | undefined;
}

export function webhookChannel({ name, url, secrets, signingSecret }: WebhookParts): Channel {
  return {
    name,
    secrets,
    async deliver(notice, signal) {
      const body = JSON.stringify(notice);
      const headers: Record<string, string> =
        signingSecret === undefined ? {} : { 'Quarterdeck-Signature': signatureOf(body, signingSecret, Date.now()) };
      await postJson({ url, body, headers, signal });
    },
  };
}

/** `t=SECONDS,v1=HEX`: HMAC-SHA256 over `SECONDS.BODY`. With the time in it, nobody can send an old one again. */
export function signatureOf(body: string, secret: string, now: number): string {
  const seconds = Math.floor(now / 1_000);
  const hex = createHmac('sha256', secret).update(`${seconds}.${body}`).digest('hex');
  return `t=${seconds},v1=${hex}`;
}
