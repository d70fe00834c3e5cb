/** Settings of jobs, the work that goes on after the request that asked for it. */

import { count, seconds, setting } from './setting.ts';

export const jobSettings = {
  jobsAtOnce: setting({
    variable: 'QUARTERDECK_JOBS_AT_ONCE',
    schema: count(2, 1, 64),
    description:
      'Jobs that one replica works on at once. Each takes memory for its input and time of the event loop that requests want too; two, so that a long one does not hold up all others.',
  }),
  jobLeaseSeconds: setting({
    variable: 'QUARTERDECK_JOB_LEASE_SECONDS',
    schema: seconds(30, 3_600),
    description:
      'After this a job whose replica was not heard of is taken up by another; it is heard of three times as often. Thirty seconds outlive a restart of the database.',
  }),
  jobPollMs: setting({
    variable: 'QUARTERDECK_JOB_POLL_MS',
    schema: count(5_000, 100, 3_600_000),
    description:
      'How often a replica with nothing to do looks for jobs whose replica died. New ones are told of at once, so these are two small statements every five seconds.',
  }),
  maxJobs: setting({
    variable: 'QUARTERDECK_MAX_JOBS',
    schema: count(100, 1, 100_000),
    description:
      'Most jobs of one person, agents included, that have not ended. Each keeps its input in the database: at the largest body, a hundred are 400 MB.',
  }),
  jobHours: setting({
    variable: 'QUARTERDECK_JOB_HOURS',
    schema: count(24, 1, 8_760),
    description: 'How long a job that has ended can be looked at. Its input is deleted at its end.',
  }),
};
