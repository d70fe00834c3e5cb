/** Slack, by an incoming webhook: https://docs.slack.dev/messaging/sending-messages-using-incoming-webhooks */

import type { Channel, NamedSecret } from './channel.ts';
import { postJson } from './http.ts';
import { type Notice, cut, factsOf, headlineOf } from './notice.ts';

/** Slack refuses the whole message when one text is longer than these. */
const most = { header: 150, section: 3_000, field: 2_000 } as const;

export function slackChannel({ name, url, secrets }: { name: string; url: URL; secrets: readonly NamedSecret[] }): Channel {
  return {
    name,
    secrets,
    deliver: async (notice, signal) => postJson({ url, body: JSON.stringify(slackMessage(notice)), signal }),
  };
}

/** Blocks, and `text` for where they cannot be shown. Everything is plain text: a reason that has `<!channel>` in it calls nobody. */
export function slackMessage(notice: Notice): object {
  const headline = headlineOf(notice);
  const fields = factsOf(notice).map(([label, value]) => plain(`${label}\n${value}`, most.field));
  return {
    text: escape(cut(notice.reason === '' ? headline : `${headline}: ${notice.reason}`, most.section)),
    blocks: [
      { type: 'header', text: plain(headline, most.header) },
      ...(notice.reason === '' ? [] : [{ type: 'section', text: plain(notice.reason, most.section) }]),
      { type: 'section', fields },
    ],
  };
}

function plain(text: string, length: number): object {
  return { type: 'plain_text', text: cut(text, length), emoji: false };
}

/** https://docs.slack.dev/messaging/formatting-message-text#escaping */
function escape(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}
