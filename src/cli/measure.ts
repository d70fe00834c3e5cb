/** `quarterdeck measure`: the numbers that a release is judged by, over a window. */

import { dirname, join, resolve } from 'node:path';
import type { Measurement } from '../production/measure/measurement.ts';
import type { Measured } from '../production/measure/scrape.ts';
import { defaultStateFolder } from '../runbook/run/folder.ts';
import { CliCommand, UsageError } from './command.ts';
import { addressOf, collect, durationOf, optionOf, secretFrom } from './options.ts';
import { facts, print } from './output.ts';
import { withProgress } from './progress.ts';
import { listenForStop } from './stop.ts';

interface MeasureOptions {
  json?: boolean;
  url?: string[];
  prometheus?: string;
  selector: string;
  state?: string;
  version?: string;
  for?: number;
  tokenEnv?: string;
  timeout: number;
}

/** Long enough for a handful of requests on a quiet server, short enough for the sample of a watch. */
const scrapeWindowMs = 10_000;

/** Four scrapes at the usual 15 s: a rate needs two that arrived. */
const prometheusWindowMs = 60_000;

const defaultTimeoutMs = 10_000;

/** The status of a process that was interrupted. */
const interrupted = 130;

export function measureCommand(): CliCommand {
  const command = new CliCommand('measure', {
    summary: 'Measure requests, errors, latency, restarts, memory and connections over a window, as one object.',
    details:
      'From two scrapes of the metrics of each replica, from the proxy of a release on this machine, or from a Prometheus server. What was not measured is absent, never 0, so that a watch says that it does not know. METRICS_TOKEN is sent to each --url when it is set.',
    example: 'quarterdeck measure --url http://127.0.0.1:8000 --for 10s',
  });
  command
    .option('--url <url>', 'A replica; its metrics are below at /metrics. Give one for each replica, not that of a load balancer.', collect)
    .option('--prometheus <url>', 'A Prometheus server that scrapes the replicas.')
    .option('--selector <labels>', 'What their series there have in common: \'job="quarterdeck"\'. (default: nothing)', '')
    .option(
      '--state <folder>',
      'A release on this machine, by its state folder: as its proxy sees it, also without metrics of the service.',
    )
    .option('--version <name>', 'With --state: this version alone, such as a canary.')
    .option('--for <duration>', 'The window. (default: 10s, with --prometheus 1m)', durationOf)
    .option('--token-env <name>', 'Variable of the environment with the bearer token to send. (default: METRICS_TOKEN, to --url alone)')
    .addOption(optionOf('--timeout <duration>', 'For each answer.', durationOf, defaultTimeoutMs, '10s'));
  return command.action(async (options: MeasureOptions) => {
    const { signal } = listenForStop();
    try {
      const { measurement, problems } = await withProgress('measuring', () => measure(options, signal));
      for (const problem of problems) process.stderr.write(`quarterdeck measure: not measured: ${problem}\n`);
      print(options.json, measurement, () => measurementText(measurement));
    } catch (error) {
      if (!signal.aborted) throw error;
      process.exitCode = interrupted;
    }
  });
}

async function measure(options: MeasureOptions, signal: AbortSignal): Promise<Measured> {
  const { url: urls = [], prometheus, selector, state, version, timeout: timeoutMs } = options;
  const folder = join(dirname(defaultStateFolder(process.env)), 'measure');
  if ([urls.length > 0, prometheus !== undefined, state !== undefined].filter(Boolean).length !== 1)
    throw new UsageError('It is not said what to measure.', 'Give --url for each replica, or --prometheus, or --state.');
  if (state !== undefined) {
    const { measureRelease } = await import('../production/measure/release.ts');
    const measurement = await measureRelease({ folder: resolve(state), version, windowMs: options.for ?? scrapeWindowMs, signal });
    return { measurement, problems: [] };
  }
  if (prometheus !== undefined) {
    const { measureByPrometheus } = await import('../production/measure/prometheus.ts');
    const token = secretFrom(options.tokenEnv);
    const url = addressOf(prometheus).href.replace(/\/+$/, '');
    return measureByPrometheus({ url, selector, token, windowMs: options.for ?? prometheusWindowMs, timeoutMs, folder, signal });
  }
  const { measureByScraping } = await import('../production/measure/scrape.ts');
  const token = options.tokenEnv === undefined ? process.env['METRICS_TOKEN'] || undefined : secretFrom(options.tokenEnv);
  return measureByScraping({ urls: urls.map(metricsOf), token, windowMs: options.for ?? scrapeWindowMs, timeoutMs, folder, signal });
}

function metricsOf(text: string): string {
  const { origin, pathname } = addressOf(text);
  return pathname.endsWith('/metrics') ? `${origin}${pathname}` : `${origin}${pathname.replace(/\/+$/, '')}/metrics`;
}

function measurementText(measurement: Measurement): string {
  const shown = Object.entries(measurement).filter((pair): pair is [string, number] => typeof pair[1] === 'number');
  return facts(shown.map(([name, value]) => [name, String(Number(value.toPrecision(6)))]));
}
