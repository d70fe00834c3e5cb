import { describe, expect, test } from 'vitest';
import { type Notice, cut } from './notice.ts';
import { Unusable, openChannel } from './open.ts';
import { isPagerDuty, pagerDutyEvent } from './pagerduty.ts';
import { slackMessage } from './slack.ts';

const notice = (changes: Partial<Notice> = {}): Notice => ({
  id: '0b8f8f3e-0000-4000-8000-000000000000',
  event: 'failed',
  at: '2026-11-21T10:00:00.000Z',
  run: '20261121-100000-abc123',
  title: 'Deploy',
  file: 'runbooks/deploy.md',
  host: 'ship',
  user: 'ada',
  owner: 'platform team',
  escalate: null,
  step: 'apply',
  outcome: 'failed',
  reason: 'exit 1 instead of 0',
  exit: 1,
  left: ['apply', 'migrate'],
  next: 'quarterdeck runbook undo 20261121-100000-abc123',
  ...changes,
});

const plain = (text: string) => ({ type: 'plain_text', text, emoji: false });

describe('Slack', () => {
  test('gets blocks of plain text, and one line for where there are no blocks', () => {
    expect(slackMessage(notice())).toEqual({
      text: 'Deploy has failed: exit 1 instead of 0',
      blocks: [
        { type: 'header', text: plain('Deploy has failed') },
        { type: 'section', text: plain('exit 1 instead of 0') },
        {
          type: 'section',
          fields: [
            plain('Step\napply'),
            plain('Left\napply, migrate'),
            plain('Next\nquarterdeck runbook undo 20261121-100000-abc123'),
            plain('Owner\nplatform team'),
            plain('Run\n20261121-100000-abc123'),
            plain('Runbook\nrunbooks/deploy.md'),
            plain('By\nada on ship'),
            plain('At\n2026-11-21T10:00:00.000Z'),
          ],
        },
      ],
    });
  });

  test('is not made to call a channel by what a program wrote', () => {
    expect(slackMessage(notice({ reason: '<!channel> & more' }))).toMatchObject({ text: 'Deploy has failed: &lt;!channel&gt; &amp; more' });
  });

  test('gets no text that is longer than it takes', () => {
    const { blocks } = slackMessage(notice({ reason: 'x'.repeat(5_000), title: 'y'.repeat(400), step: 'z'.repeat(3_000) })) as {
      blocks: { text?: { text: string }; fields?: { text: string }[] }[];
    };
    expect(blocks.map(({ text, fields }) => text?.text.length ?? fields?.[0]?.text.length)).toEqual([150, 3_000, 2_000]);
    expect(cut('ab😀', 4)).toBe('ab😀');
    expect(cut('ab😀c', 4)).toBe('ab\uFFFD…');
  });
});

describe('PagerDuty', () => {
  test('gets one incident a run, with what happened', () => {
    expect(pagerDutyEvent(notice(), 'R0UTING')).toEqual({
      routing_key: 'R0UTING',
      dedup_key: '20261121-100000-abc123',
      event_action: 'trigger',
      client: 'Quarterdeck',
      payload: {
        summary: 'Deploy has failed: exit 1 instead of 0',
        source: 'ship',
        severity: 'critical',
        timestamp: '2026-11-21T10:00:00.000Z',
        component: 'apply',
        group: 'runbooks/deploy.md',
        custom_details: notice(),
      },
    });
  });

  test.each<[string, Partial<Notice>, object | undefined]>([
    ['that a run has started calls nobody', { event: 'started' }, undefined],
    ['a run that waits is a warning', { event: 'waiting' }, { event_action: 'trigger', payload: { severity: 'warning' } }],
    ['so is one on hold', { event: 'held' }, { event_action: 'trigger', payload: { severity: 'warning' } }],
    ['one that has finished closes the incident', { event: 'finished' }, { event_action: 'resolve' }],
    [
      'so does one that was rolled back with nothing left',
      { event: 'rolled_back', left: [], outcome: 'rolled_back' },
      { event_action: 'resolve' },
    ],
    ['but not with something left', { event: 'rolled_back' }, { event_action: 'trigger', payload: { severity: 'critical' } }],
    ['nor when that failed', { event: 'rolled_back', left: [], outcome: 'rollback_failed' }, { event_action: 'trigger' }],
  ])('%s', (_what, changes, event) => {
    if (event === undefined) expect(pagerDutyEvent(notice(changes), 'K')).toBeUndefined();
    else expect(pagerDutyEvent(notice(changes), 'K')).toMatchObject(event);
  });

  test('is known by its host, and its key is a secret wherever it stands', () => {
    const secretsOf = (environment: Record<string, string>) => {
      const channel = openChannel({ on: ['failed'], to: 'webhook', url_env: 'PD' }, environment, 1);
      return channel instanceof Unusable ? channel.why : channel.secrets.map(({ name, value }) => `${name}=${value}`);
    };
    const base = 'https://events.pagerduty.com/v2/enqueue';
    expect(secretsOf({ PD: `${base}?routing_key=R0UTING` })).toContain('PD_KEY=R0UTING');
    expect(secretsOf({ PD: base, PD_KEY: 'R0UTING' })).toContain('PD_KEY=R0UTING');
    expect(isPagerDuty(new URL('https://events.eu.pagerduty.com/'))).toBe(true);
    expect(isPagerDuty(new URL('https://events.pagerduty.com.example.org/'))).toBe(false);
  });
});
