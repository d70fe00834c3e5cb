/** E-mail, through any SMTP server. */

import type { NodemailerError } from 'nodemailer/lib/errors';
import { type Channel, DeliveryError, type NamedSecret } from './channel.ts';
import { oneLine } from './http.ts';
import { type Notice, factsOf, headlineOf } from './notice.ts';

export interface EmailParts {
  readonly name: string;
  /** `smtp://` or `smtps://`, with user and password where the server asks for them. */
  readonly server: URL;
  readonly from: string;
  readonly to: string;
  readonly secrets: readonly NamedSecret[];
  /** For each part of a conversation with the server. */
  readonly timeoutMs: number;
}

export function emailChannel({ name, server, from, to, secrets, timeoutMs }: EmailParts): Channel {
  return {
    name,
    secrets,
    async deliver(notice, signal) {
      // Loaded here: most runs send none.
      const { createTransport } = await import('nodemailer');
      const secure = server.protocol === 'smtps:';
      const auth = server.username === '' ? undefined : { user: decode(server.username), pass: decode(server.password) };
      const transport = createTransport({
        host: server.hostname.replaceAll(/^\[|\]$/g, ''),
        port: server.port === '' ? undefined : Number(server.port),
        secure,
        auth,
        // A password never goes over an open line, also where somebody in between takes STARTTLS out of the conversation.
        requireTLS: !secure && auth !== undefined,
        connectionTimeout: timeoutMs,
        greetingTimeout: timeoutMs,
        socketTimeout: timeoutMs,
        dnsTimeout: timeoutMs,
        disableFileAccess: true,
        disableUrlAccess: true,
      });
      try {
        await transport.sendMail({ from, to, ...mailOf(notice), signal });
      } catch (error) {
        throw failureOf(error);
      } finally {
        transport.close();
      }
    },
  };
}

/** The mails of a run are one conversation. */
export function mailOf(notice: Notice): object {
  const { run, host, id, reason } = notice;
  const facts = factsOf(notice).map(([label, value]) => `${`${label}:`.padEnd(10)} ${value}`);
  const domain = host.replaceAll(/[^\w.-]/g, '-');
  return {
    subject: headlineOf(notice),
    text: `${reason === '' ? '' : `${reason}\n\n`}${facts.join('\n')}\n`,
    messageId: `<${id}@${domain}>`,
    references: `<${run}@${domain}>`,
    // RFC 3834: nobody's holiday notice answers it.
    headers: { 'Auto-Submitted': 'auto-generated' },
  };
}

function failureOf(error: unknown): DeliveryError {
  const { message, code, responseCode } = error as NodemailerError;
  const passes =
    responseCode === undefined
      ? ['ECONNECTION', 'ETIMEDOUT', 'ESOCKET', 'EDNS'].includes(code ?? '')
      : responseCode >= 400 && responseCode < 500 && code !== 'EAUTH';
  return new DeliveryError(`the mail server says "${oneLine(message)}"`, passes ? 0 : undefined);
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
