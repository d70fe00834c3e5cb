/** Judges the metrics of the running server, read twice: what it does now, and what it has been through since it started. Pure. */

import { z } from 'zod';
import { type Finding, ok, problem, warning } from './finding.ts';

/** A server of another version may have other metrics: what is not there is zero, and not judged. */
export const metricSamples = z.array(z.object({ name: z.string(), labels: z.record(z.string(), z.string()), value: z.number() }));

export type MetricSamples = z.output<typeof metricSamples>;

/** How long doctor waits between the two: what is about the moment is measured over it. */
export const betweenMs = 1_000;

/** A turn of the event loop that takes this long is felt by every request. */
const longestLagSeconds = 0.25;
/** From here on another replica is due: what comes now waits for what came before. */
const busiest = 0.9;
/** Waiting this long for a connection is felt, and happening to one transaction in a hundred is often. */
const longWaitSeconds = 0.5;
const oftenShare = 0.01;
/** A statement on an index takes a millisecond. */
const slowStatementSeconds = 1;
/** Single failures are daily life; a tenth of the requests is a client that is set up wrongly, or somebody who guesses. */
const fewest = 20;
const mostFailed = 0.1;
/** Of the leases: some agents die, and one in five is not some. */
const mostExpired = 0.2;

export interface Readings {
  before: MetricSamples;
  after: MetricSamples;
}

export function judgeMetrics(readings: Readings): Finding[] {
  return [
    judgeEventLoop(readings),
    judgeWaits(readings),
    judgeStatements(readings),
    judgeBugs(readings),
    judgeSignIns(readings),
    judgeExpiry(readings),
    judgeLimits(readings),
    judgeSweeps(readings),
  ];
}

function judgeEventLoop({ after }: Readings): Finding {
  const lag = sum(after, 'nodejs_eventloop_lag_p99_seconds');
  const utilization = sum(after, 'quarterdeck_event_loop_utilization_ratio');
  const text = `busy ${percent(utilization)} of the last second; 99 of 100 timers were late by at most ${Math.round(lag * 1_000)} ms.`;
  if (lag > longestLagSeconds)
    return warning(
      'event loop',
      `It is blocked: ${text}`,
      'Find what keeps it busy with `node --cpu-prof`, give the process a core of its own, or run more replicas.',
    );
  if (utilization > busiest) return warning('event loop', `It can do no more: ${text}`, 'Run more replicas (QUARTERDECK_REPLICAS).');
  return ok('event loop', `It is free: ${text}`);
}

function judgeWaits({ before, after }: Readings): Finding {
  const waiting = { state: 'waiting' };
  const now = Math.min(sum(before, 'quarterdeck_database_connections', waiting), sum(after, 'quarterdeck_database_connections', waiting));
  const { share, count } = over(after, 'quarterdeck_database_connection_wait_seconds', longWaitSeconds);
  const fix =
    'Raise QUARTERDECK_DATABASE_POOL, or find what holds connections for long: compare quarterdeck_database_transaction_duration_seconds with quarterdeck_database_statement_duration_seconds.';
  if (now > 0) return problem('pool', `The pool is exhausted: ${now} callers wait for a connection.`, fix);
  if (count >= fewest && share > oftenShare)
    return warning('pool', `${percent(share)} of ${count} transactions waited longer than ${longWaitSeconds} s for a connection.`, fix);
  return ok('pool', 'Nobody waits for a connection.');
}

function judgeStatements({ after }: Readings): Finding {
  const { share, count } = over(after, 'quarterdeck_database_statement_duration_seconds', slowStatementSeconds);
  if (count >= fewest && share > oftenShare)
    return warning(
      'statements',
      `${percent(share)} of ${count} statements took longer than ${slowStatementSeconds} s.`,
      'Look at pg_stat_statements and at locks (pg_locks); give the database more memory or faster disks.',
    );
  return ok('statements', `${count} since the start, and hardly one slow.`);
}

function judgeBugs({ after }: Readings): Finding {
  const count = sum(after, 'quarterdeck_operations_total', { outcome: 'internal' });
  if (count === 0) return ok('mistakes', 'No operation has failed because of a mistake of the program.');
  return warning(
    'mistakes',
    `${count} operations failed because of a mistake of the program.`,
    'Find "an operation failed with a bug" in the log and report it; set SENTRY_DSN to be told.',
  );
}

/** What each cause usually is, and what to do. */
const causes: Readonly<Record<string, string>> = {
  missing: 'A client sends no credential: give it a key, see docs/clients.md.',
  malformed: 'A client sends something that is no credential: check how its key is quoted, and that nothing cuts it.',
  unknown: 'A client uses a key that was revoked, or somebody guesses: find the requests with status 401 in the log.',
  expired: 'A client does not renew its token: let it call POST /api/auth/refresh, or give it an API key.',
  wrong_signature: 'A client has a token of another installation, or BETTER_AUTH_SECRET was changed: let it sign in again.',
  wrong_issuer: 'Tokens were made under another address: set QUARTERDECK_URL to the one that clients use, and let them sign in again.',
  wrong_audience: 'Tokens were made for another server: set QUARTERDECK_URL to the address that clients use, and let them sign in again.',
  wrong_password: 'Somebody guesses, or a script has an old password: find POST /api/auth/signin with status 401 in the log.',
  locked: 'Somebody guesses passwords, and is made to wait: find POST /api/auth/signin in the log, and block the address.',
};

function judgeSignIns({ after }: Readings): Finding {
  const requests = sum(after, 'quarterdeck_http_requests_total');
  const [worst] = totals(after, 'quarterdeck_auth_failures_total', 'cause');
  if (worst === undefined) return ok('credentials', 'None was refused.');
  const [cause, count] = worst;
  const text = `${count} of ${requests} requests were refused because of their credential, most often: ${cause}.`;
  if (count < fewest || count < requests * mostFailed) return ok('credentials', text);
  return warning('credentials', text, causes[cause] ?? 'Find the requests with status 401 in the log.');
}

function judgeExpiry({ after }: Readings): Finding {
  const [taken, expired] = ['taken', 'expired'].map((event) => sum(after, 'quarterdeck_claims_total', { event })) as [number, number];
  const text = `${expired} of ${taken} claims ran out since the start.`;
  if (expired < fewest || expired < taken * mostExpired) return ok('leases', text);
  return warning(
    'leases',
    text,
    'Agents die, or work longer than their lease: let them call renew_claim, or raise QUARTERDECK_LEASE_SECONDS.',
  );
}

function judgeLimits({ before, after }: Readings): Finding {
  const now = sum(after, 'quarterdeck_limits_hit_total') - sum(before, 'quarterdeck_limits_hit_total');
  const [worst] = totals(after, 'quarterdeck_limits_hit_total', 'limit');
  if (worst === undefined) return ok('limits', 'None was reached.');
  const text = `${sum(after, 'quarterdeck_limits_hit_total')} requests were refused since the start, most often by the limit ${worst[0]}.`;
  if (now === 0) return ok('limits', text);
  return warning(
    'limits',
    `${text} It goes on.`,
    'Find status 429 and 503 in the log; slow down that client, or raise the limit in the settings.',
  );
}

function judgeSweeps({ after }: Readings): Finding {
  const failed = totals(after, 'quarterdeck_sweeps_total', 'sweep', { outcome: 'failed' });
  if (failed.length === 0) return ok('background work', 'Every run passed.');
  const text = failed.map(([sweep, count]) => `${sweep} failed ${count} times`).join(', ');
  return warning('background work', `${text}.`, 'Find "a sweep failed" in the log; the next run tries again.');
}

function sum(samples: MetricSamples, name: string, labels: Readonly<Record<string, string>> = {}): number {
  const wanted = Object.entries(labels);
  return samples
    .filter((sample) => sample.name === name && wanted.every(([label, value]) => sample.labels[label] === value))
    .reduce((total, { value }) => total + value, 0);
}

/** The sums by one label, the largest first. */
function totals(samples: MetricSamples, name: string, label: string, labels: Readonly<Record<string, string>> = {}): [string, number][] {
  const values = new Set(samples.filter((sample) => sample.name === name).map((sample) => sample.labels[label] ?? ''));
  return [...values]
    .map((value): [string, number] => [value, sum(samples, name, { ...labels, [label]: value })])
    .filter(([, total]) => total > 0)
    .toSorted(([, a], [, b]) => b - a);
}

/** How many a histogram has seen, and the share above a bound, which is one of its buckets. */
function over(samples: MetricSamples, name: string, bound: number): { share: number; count: number } {
  const count = sum(samples, `${name}_count`);
  return { count, share: count === 0 ? 0 : 1 - sum(samples, `${name}_bucket`, { le: String(bound) }) / count };
}

function percent(share: number): string {
  return `${Math.round(share * 100)} %`;
}
