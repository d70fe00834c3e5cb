import { describe, expect, test } from 'vitest';
import { Problem } from '../../../platform/problem.ts';
import { readSource } from './read.ts';
import { readLimits as limits } from '../../../../test/support/read-limits.ts';
import { isSlackExport, readSlack, readSlackUsers } from './slack.ts';

const ann = { type: 'message', user: 'U1', user_profile: { display_name: '', real_name: 'Ann Arbor', name: 'ann' } };
const bob = { type: 'message', user: 'U2', user_profile: { display_name: 'bob', real_name: 'Bob B', name: 'bb' } };

const day = [
  { type: 'message', subtype: 'channel_join', user: 'U1', ts: '1769850000.000100', text: '<@U1> has joined the channel' },
  { ...ann, ts: '1769850001.000200', thread_ts: '1769850001.000200', reply_count: 1, text: 'Is <#C1|ops> up, <@U2>?' },
  { ...bob, ts: '1769850002.000300', text: 'Lunch?' },
  { ...bob, ts: '1769850090.000400', thread_ts: '1769850001.000200', text: 'Yes &amp; well: &lt;ok&gt;' },
  { type: 'message', subtype: 'bot_message', bot_id: 'B1', username: 'alerts', ts: '1769850100.000500', text: 'CPU at 99 %' },
  { type: 'message', subtype: 'channel_topic', user: 'U2', ts: '1769850110.000600', text: 'set the topic' },
  { ...ann, ts: '1769850120.000700', text: '' },
];

const textOf = (messages: unknown, users?: ReadonlyMap<string, string>) => readSlack(JSON.stringify(messages), users).text;

describe('the export of a Slack channel', () => {
  test('is read as a conversation, with answers behind what they answer, and without joins and topics', () => {
    expect(textOf(day)).toBe(
      [
        '[Ann Arbor, 2026-01-31 09:00 UTC]\nIs #ops up, @bob?',
        '[bob, 2026-01-31 09:01 UTC]\nYes & well: <ok>',
        '[bob, 2026-01-31 09:00 UTC]\nLunch?',
        '[alerts, 2026-01-31 09:01 UTC]\nCPU at 99 %',
      ].join('\n\n'),
    );
  });

  test('tells people and programs apart', () => {
    const { format, blocks } = readSlack(JSON.stringify(day));
    expect(format).toBe('slack');
    expect(blocks.map(({ author }) => author?.type)).toEqual(['person', 'person', 'person', 'bot']);
    expect(blocks[0]?.at).toBe('2026-01-31T09:00:01.000Z');
  });

  test.each([
    ['<@U9>', '@U9'],
    ['<@U8>', '@Eve'],
    ['<@U9|eve>', '@eve'],
    ['<!here> <!channel>', '@here @channel'],
    ['<!subteam^S1|@ops>', '@ops'],
    ['<!date^1769850000^{date}|31 January>', '31 January'],
    ['<https://a.example/?b=1&amp;c=2>', 'https://a.example/?b=1&c=2'],
    ['<https://a.example|the page>', '[the page](https://a.example)'],
    ['<mailto:a@b.example|a@b.example>', '[a@b.example](mailto:a@b.example)'],
    ['&amp;lt;b&amp;gt; 1 &lt; 2', '&lt;b&gt; 1 < 2'],
  ])('says %s as %s', (text, said) => {
    const users = new Map([['U8', 'Eve']]);
    expect(textOf([{ type: 'message', ts: '1769850000.000100', text }], users)).toBe(`[2026-01-31 09:00 UTC]\n${said}`);
  });
});

test('names of those who wrote nothing that day come from users.json', async () => {
  const users = readSlackUsers(
    JSON.stringify([
      { id: 'U8', name: 'ee', profile: { display_name: 'Eve', real_name: 'Eve E' } },
      { id: 'U9', name: 'max', deleted: true },
      { id: 'U7' },
    ]),
  );
  const content = JSON.stringify([{ type: 'message', ts: '1769850000.000100', text: '<@U8> <@U9> <@U7> <@U6>' }]);
  expect((await readSource({ content, users }, { limits })).text).toBe('[2026-01-31 09:00 UTC]\n@Eve @max @U7 @U6');
});

describe('is a Slack export', () => {
  test('a day of a channel', () => expect(isSlackExport(day)).toBe(true));
  test.each([[[]], [[{ content: 'a' }]], [[{ type: 'message' }]], [{ messages: day }], [null], ['message']])('but not %j', (value) =>
    expect(isSlackExport(value)).toBe(false),
  );
});

describe('refused is, with the path of the first thing that is wrong,', () => {
  test.each([
    ['a time', [day[1], { ...day[2], ts: 'noon' }], '[1].ts', 'must be a time of Slack'],
    ['a text', [{ ...day[1], text: 1 }], '[0].text', 'string'],
    ['no list', { messages: [] }, 'the whole', 'array'],
  ])('%s', (_what, value, path, why) => {
    try {
      readSlack(JSON.stringify(value));
      expect.unreachable();
    } catch (error) {
      expect(error).toBeInstanceOf(Problem);
      expect(error).toMatchObject({ details: { reason: 'malformed', path }, message: expect.stringContaining(why) });
    }
  });
});
