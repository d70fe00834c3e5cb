/** Finds out from the environment where a notification of the front matter goes. */

import type { FrontMatter } from '../parse/front-matter.ts';
import type { Channel, NamedSecret } from './channel.ts';
import { emailChannel } from './email.ts';
import { isPagerDuty, pagerDutyChannel } from './pagerduty.ts';
import { slackChannel } from './slack.ts';
import { webhookChannel } from './webhook.ts';

export type Notification = FrontMatter['notify'][number];
export type Environment = Readonly<Record<string, string | undefined>>;

/** What stands in the way of a notification, as a sentence without its end: `OPS_URL is not set`. */
export class Unusable {
  readonly name: string;
  readonly why: string;

  constructor(name: string, why: string) {
    this.name = name;
    this.why = why;
  }
}

export function openChannel(notification: Notification, environment: Environment, timeoutMs: number): Channel | Unusable {
  const { to, url_env: variable } = notification;
  const name = `${to} ${variable ?? notification.address}`;
  return to === 'email' ? openEmail(notification, environment, timeoutMs) : openHttp(notification, name, environment);
}

/** The address in the file is no secret; the one in a variable is, and so are the keys beside it. */
function openHttp({ to, url_env: variable, address }: Notification, name: string, environment: Environment): Channel | Unusable {
  const given = variable === undefined ? address : environment[variable];
  if (given === undefined || given === '') return new Unusable(name, `${variable} is not set`);
  const url = URL.parse(given);
  if (url === null || !['http:', 'https:'].includes(url.protocol))
    return new Unusable(name, `${variable ?? address} is not the address of a web server (https://…)`);
  const beside = (suffix: string): NamedSecret | undefined => {
    const value = variable === undefined ? undefined : environment[`${variable}_${suffix}`];
    return value === undefined || value === '' ? undefined : { name: `${variable}_${suffix}`, value };
  };
  const secrets = variable === undefined ? [] : addressSecrets(variable, given, url);
  if (to === 'slack') return slackChannel({ name, url, secrets });
  if (!isPagerDuty(url)) {
    const signing = beside('SECRET');
    return webhookChannel({ name, url, secrets: signing === undefined ? secrets : [...secrets, signing], signingSecret: signing?.value });
  }
  const inQuery = url.searchParams.get('routing_key') ?? '';
  const key = inQuery === '' ? beside('KEY') : { name: `${variable}_KEY`, value: inQuery };
  if (key === undefined) return new Unusable(name, `PagerDuty needs its routing key, and ${variable ?? 'url_env'}_KEY is not set`);
  return pagerDutyChannel({ name, url: eventsOf(url), secrets: [...secrets, key], routingKey: key.value });
}

function eventsOf(url: URL): URL {
  return new URL(url.pathname === '/' ? '/v2/enqueue' : url.pathname, url.origin);
}

/** So long a path is nobody's word: what a chat server puts into it is the key. */
const longPath = 24;

/** Servers and proxies print the path of a request without its host. */
function addressSecrets(variable: string, given: string, { pathname, search }: URL): NamedSecret[] {
  const path = `${pathname}${search}`;
  return [{ name: variable, value: given }, ...(path.length < longPath ? [] : [{ name: variable, value: path }])];
}

/** `url_env` is the server with `?from=` and `?to=`; `address` is the recipient, and the server is that of SMTP_URL. */
function openEmail({ url_env: variable, address }: Notification, environment: Environment, timeoutMs: number): Channel | Unusable {
  const from = variable ?? 'SMTP_URL';
  const name = `email ${variable ?? address}`;
  const given = environment[from] ?? '';
  if (given === '') return new Unusable(name, `${from} is not set`);
  const server = URL.parse(given);
  if (server === null || !['smtp:', 'smtps:'].includes(server.protocol) || server.hostname === '')
    return new Unusable(name, `${from} is not the address of a mail server (smtps://user:password@host)`);
  const sender = server.searchParams.get('from') ?? environment['SMTP_FROM'] ?? '';
  if (sender === '') return new Unusable(name, `${from} has no ?from=, and SMTP_FROM is not set`);
  const recipient = address ?? server.searchParams.get('to') ?? '';
  if (recipient === '') return new Unusable(name, `${from} has no ?to=`);
  return emailChannel({ name, server, from: sender, to: recipient, secrets: [{ name: from, value: given }], timeoutMs });
}
