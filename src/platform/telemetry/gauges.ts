/** The metrics that are read at the moment of a scrape. */

import { performance } from 'node:perf_hooks';
import { Gauge, type Registry } from 'prom-client';
import type { Backlog, MetricSources } from './metrics.ts';

export function defineGauges(registry: Registry, sources: MetricSources): void {
  const registers = [registry];
  new Gauge({
    name: 'quarterdeck_database_connections',
    help: 'Connections of the pool: in_use and idle; and waiting, the callers that wait for one.',
    labelNames: ['state'] as const,
    registers,
    collect() {
      const { total, idle, waiting } = sources.database();
      this.set({ state: 'in_use' }, total - idle);
      this.set({ state: 'idle' }, idle);
      this.set({ state: 'waiting' }, waiting);
    },
  });
  new Gauge({
    name: 'quarterdeck_http_requests_in_flight',
    help: 'Requests that wait for their answer now, without event streams and the scrape itself.',
    registers,
    collect() {
      this.set(sources.inFlight());
    },
  });
  new Gauge({
    name: 'quarterdeck_event_streams',
    help: 'Event streams open now.',
    registers,
    collect() {
      this.set(sources.openStreams());
    },
  });
  new Gauge({
    name: 'quarterdeck_long_calls',
    help: 'Calls that run here after their request is over (tasks of MCP).',
    registers,
    collect() {
      this.set(sources.longCalls());
    },
  });
  new Gauge({
    name: 'quarterdeck_jobs_running',
    help: 'Jobs that run here.',
    registers,
    collect() {
      this.set(sources.jobs());
    },
  });
  new Gauge({
    name: 'quarterdeck_cache_bytes',
    help: 'About what is kept between requests; the most is QUARTERDECK_CACHE_MB.',
    registers,
    collect() {
      this.set(sources.cacheBytes());
    },
  });
  let last = performance.eventLoopUtilization();
  new Gauge({
    name: 'quarterdeck_event_loop_utilization_ratio',
    help: 'Share of the time since the last scrape in which the event loop had work: at 1 the process can do no more.',
    registers,
    collect() {
      const now = performance.eventLoopUtilization();
      this.set(performance.eventLoopUtilization(now, last).utilization);
      last = now;
    },
  });
  defineBacklogs(registers, sources);
}

/** Two metrics from one answer: the source asks the database once for both. */
function defineBacklogs(registers: Registry[], sources: MetricSources): void {
  const read = async (gauge: Gauge<'backlog'>, part: keyof Backlog): Promise<void> => {
    // What was known before the database went away would look like an answer.
    gauge.reset();
    for (const [backlog, facts] of Object.entries((await sources.backlogs()) ?? {})) gauge.set({ backlog }, facts[part]);
  };
  new Gauge({
    name: 'quarterdeck_backlog',
    help: 'What waits in the database. events: readers cannot take them yet, because an older transaction is open. claims: they ran out and were not returned yet. jobs: nobody works on them yet.',
    labelNames: ['backlog'] as const,
    registers,
    collect() {
      return read(this, 'count');
    },
  });
  new Gauge({
    name: 'quarterdeck_backlog_oldest_seconds',
    help: 'Age of the oldest of what waits in the database.',
    labelNames: ['backlog'] as const,
    registers,
    collect() {
      return read(this, 'oldest_seconds');
    },
  });
}
