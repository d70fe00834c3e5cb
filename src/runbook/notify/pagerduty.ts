/** PagerDuty, by its Events API: https://developer.pagerduty.com/docs/events-api-v2/trigger-events */

import type { Channel, NamedSecret } from './channel.ts';
import { postJson } from './http.ts';
import { type Notice, cut, headlineOf } from './notice.ts';

/** PagerDuty's own limit. */
const longestSummary = 1_024;

/** In both of its regions; nobody else answers there. */
export function isPagerDuty({ hostname }: URL): boolean {
  return hostname === 'events.pagerduty.com' || hostname === 'events.eu.pagerduty.com';
}

export interface PagerDutyParts {
  readonly name: string;
  readonly url: URL;
  readonly secrets: readonly NamedSecret[];
  readonly routingKey: string;
}

export function pagerDutyChannel({ name, url, secrets, routingKey }: PagerDutyParts): Channel {
  return {
    name,
    secrets,
    async deliver(notice, signal) {
      const event = pagerDutyEvent(notice, routingKey);
      if (event !== undefined) await postJson({ url, body: JSON.stringify(event), signal });
    },
  };
}

/** One incident a run. undefined: nobody needs to be called, and there is nothing to close. */
export function pagerDutyEvent(notice: Notice, routingKey: string): object | undefined {
  const { event, run, title, file, step, reason, host, at } = notice;
  if (event === 'started') return undefined;
  const common = { routing_key: routingKey, dedup_key: run };
  if (isOver(notice)) return { ...common, event_action: 'resolve' };
  const summary = reason === '' ? headlineOf(notice) : `${headlineOf(notice)}: ${reason}`;
  return {
    ...common,
    event_action: 'trigger',
    client: 'Quarterdeck',
    payload: {
      summary: cut(summary, longestSummary),
      source: host,
      severity: event === 'waiting' || event === 'held' ? 'warning' : 'critical',
      timestamp: at,
      component: step ?? title,
      group: file,
      custom_details: notice,
    },
  };
}

/** Nothing is left for a person to do. */
function isOver({ event, left, outcome }: Notice): boolean {
  return event === 'finished' || (event === 'rolled_back' && left.length === 0 && outcome !== 'rollback_failed');
}
