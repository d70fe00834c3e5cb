/** The export of a Slack channel: the JSON of one day. */

import { z } from 'zod';
import type { ReadText } from './document.ts';
import { type Message, parseShape, readMessages } from './messages.ts';

const profile = z.looseObject({ display_name: z.string().nullish(), real_name: z.string().nullish(), name: z.string().nullish() });

const slackMessage = z.looseObject({
  type: z.string(),
  subtype: z.string().nullish(),
  /** Seconds since 1970 with a fraction that tells messages apart; it is their id. */
  ts: z.string().regex(/^\d{1,12}\.\d{1,9}$/, 'must be a time of Slack, such as 1769850000.000100'),
  thread_ts: z.string().nullish(),
  text: z.string().nullish(),
  user: z.string().nullish(),
  username: z.string().nullish(),
  bot_id: z.string().nullish(),
  user_profile: profile.nullish(),
  bot_profile: profile.nullish(),
});

const slackExport = z.array(slackMessage).min(1);

type SlackMessage = z.output<typeof slackMessage>;

/** Messages of people and programs. The other subtypes tell of joins, topics, pins and the like. */
const said = new Set([undefined, null, 'bot_message', 'file_share', 'me_message', 'thread_broadcast', 'reply_broadcast']);

/** Whether a JSON value looks like one: the format has no mark of its own. */
export function isSlackExport(value: unknown): boolean {
  return Array.isArray(value) && value.length > 0 && value.slice(0, 10).every(isSlackMessage);
}

function isSlackMessage(value: unknown): boolean {
  return typeof value === 'object' && value !== null && 'type' in value && value.type === 'message' && 'ts' in value;
}

const slackUsers = z.array(
  z.looseObject({ id: z.string(), name: z.string().nullish(), real_name: z.string().nullish(), profile: profile.nullish() }),
);

/** The names of an export's `users.json`, by id. @throws Problem `malformed` with the path of the first thing that is wrong */
export function readSlackUsers(text: string): Map<string, string> {
  const users = parseShape(text, slackUsers, 'the users.json of a Slack export');
  return new Map(users.map(({ id, profile: found, ...user }) => [id, profileName(found) ?? profileName(user) ?? id]));
}

/** `users` gives names for those who are named on that day and wrote nothing. */
export function readSlack(text: string, users: ReadonlyMap<string, string> = new Map()): ReadText {
  const messages = parseShape(text, slackExport, 'the export of a Slack channel');
  const names = new Map(users);
  for (const { user, user_profile } of messages) {
    const name = profileName(user_profile);
    if (typeof user === 'string' && name !== undefined) names.set(user, name);
  }
  const spoken = messages.filter(({ type, subtype }) => type === 'message' && said.has(subtype)).toSorted(byThread);
  return { ...readMessages(spoken.map((message) => toMessage(message, names))), format: 'slack' };
}

/** Answers follow what they answer. Times have the same length, until the year 2286. */
function byThread(a: SlackMessage, b: SlackMessage): number {
  return compare(a.thread_ts ?? a.ts, b.thread_ts ?? b.ts) || compare(a.ts, b.ts);
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

function toMessage(message: SlackMessage, names: ReadonlyMap<string, string>): Message {
  const { user, username, bot_id, bot_profile, ts, text } = message;
  const isBot = typeof bot_id === 'string' || message.subtype === 'bot_message';
  const name = names.get(user ?? '') ?? username ?? profileName(bot_profile) ?? user ?? bot_id;
  return {
    author_name: name,
    author_type: isBot ? 'bot' : 'person',
    content: plainText(text ?? '', names),
    timestamp: new Date(Number(ts) * 1_000).toISOString(),
  };
}

function profileName(found: z.output<typeof profile> | null | undefined): string | undefined {
  return [found?.display_name, found?.real_name, found?.name].find((name) => typeof name === 'string' && name !== '') ?? undefined;
}

/** Slack's marks in angle brackets, then its three entities: https://docs.slack.dev/messaging/formatting-message-text/ */
function plainText(text: string, names: ReadonlyMap<string, string>): string {
  return text
    .replaceAll(/<([^<>]+)>/g, (_mark, inside: string) => readMark(inside, names))
    .replaceAll('&lt;', '<')
    .replaceAll('&gt;', '>')
    .replaceAll('&amp;', '&');
}

function readMark(inside: string, names: ReadonlyMap<string, string>): string {
  const bar = inside.indexOf('|');
  const target = bar === -1 ? inside : inside.slice(0, bar);
  const label = bar === -1 ? undefined : inside.slice(bar + 1);
  switch (target.charAt(0)) {
    case '@':
      return `@${label ?? names.get(target.slice(1)) ?? target.slice(1)}`;
    case '#':
      return `#${label ?? target.slice(1)}`;
    case '!':
      // <!here>, <!subteam^S123|@team>, <!date^…|31 January>
      return label ?? `@${target.slice(1).split('^')[0]}`;
    default:
      return label === undefined || label === target ? target.replace(/^mailto:/, '') : `[${label}](${target})`;
  }
}
