/** Which refusals are an incident, and of which cause. */

import { describe, expect, test } from 'vitest';
import type { Sample } from '../measure/metrics-text.ts';
import { checkRefusals, judgeRefusals } from './refusals.ts';

const wishes = { share: 0.1, few: 10 };

function counted(requests: number, causes: Record<string, number>): Sample[] {
  const asked = { name: 'quarterdeck_http_requests_total', labels: { route: '/tasks' }, value: requests };
  const probes = { name: 'quarterdeck_http_requests_total', labels: { route: '/health/ready' }, value: 1_000 };
  const refusals = Object.entries(causes).map(([cause, value]) => ({ name: 'quarterdeck_auth_failures_total', labels: { cause }, value }));
  return [asked, probes, ...refusals];
}

describe('refusals', () => {
  test.each<[string, number, Record<string, number>, string, string]>([
    ['of nobody', 100, {}, 'passed', 'none'],
    ['of one in twenty', 400, { expired: 20 }, 'passed', 'none'],
    ['of all, and they are few', 9, { expired: 9 }, 'passed', 'none'],
    ['of many, without probes', 100, { expired: 11 }, 'failed', 'expired'],
    ['for several causes', 100, { expired: 11, wrong_issuer: 40, missing: 3 }, 'failed', 'wrong_issuer'],
  ])('%s', (_what, requests, causes, outcome, cause) => {
    expect(judgeRefusals(counted(requests, causes), wishes)).toMatchObject({ outcome, measured: { cause } });
  });

  test('of a replica that does not answer are not known', async () => {
    const question = { token: undefined, windowMs: 1, timeoutMs: 5_000, signal: new AbortController().signal };
    expect((await checkRefusals({ ...question, urls: ['http://127.0.0.1:9/metrics'] }, wishes)).outcome).toBe('error');
    expect((await checkRefusals({ ...question, urls: [] }, wishes)).outcome).toBe('error');
  });
});
