/** The server under soak: a process of its own as `quarterdeck start` makes it, and what it holds, read through its inspector. */

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { scrape, sumOf } from '../prometheus.ts';
import type { Sample } from './judge.ts';

const root = dirname(dirname(dirname(import.meta.dirname)));

export interface SoakServer {
  url: string;
  /** Collects garbage first, so that what is left is held by something. */
  sample(): Promise<Omit<Sample, 'seconds'>>;
  stop(): Promise<void>;
}

export interface SoakServerOptions {
  data: string;
  environment: Record<string, string>;
  /** Source of a module that is loaded before the server: a leak to be found. */
  preload?: string | undefined;
}

/** @throws Error when it ends before it serves; what it prints goes to our standard error */
export async function startSoakServer({ data, environment, preload }: SoakServerOptions): Promise<SoakServer> {
  const flags = preload === undefined ? [] : ['--import', `data:text/javascript,${encodeURIComponent(preload)}`];
  const child = spawn(process.execPath, [...flags, '--inspect=127.0.0.1:0', join(root, 'bin', 'quarterdeck.mjs'), 'start'], {
    cwd: data,
    env: {
      PATH: process.env['PATH'],
      HOME: data,
      QUARTERDECK_PORT: '0',
      QUARTERDECK_DATA: data,
      QUARTERDECK_RATE_LIMIT: 'off',
      QUARTERDECK_ADDRESS_LIMIT: '0',
      // It ends when we do, however we end.
      LAUNCHER_PID: String(process.pid),
      ...environment,
    },
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
  });
  const { stderr } = child;
  if (stderr === null) throw new Error('the output of the server cannot be read');
  const exited = once(child, 'exit');
  const found = Promise.withResolvers<{ url: string; inspector: string }>();
  let inspector = '';
  createInterface({ input: stderr }).on('line', (line) => {
    inspector ||= /^Debugger listening on (ws:\S+)/.exec(line)?.[1] ?? '';
    if (line.includes('"msg":"listening"')) found.resolve({ url: (JSON.parse(line) as { url: string }).url, inspector });
    if (/"level":"(error|fatal)"/.test(line)) console.error(line);
  });
  void exited.then(() => found.reject(new Error('the server ended before it served')));
  const place = await found.promise;
  const inspected = await openInspector(place.inspector);
  return {
    url: place.url,
    sample: () => takeSample(place.url, inspected),
    async stop() {
      // With a debugger attached Node would wait for it at the end.
      inspected.close();
      child.kill('SIGTERM');
      await exited;
    },
  };
}

/** Runs in the server. The histogram is made by the first call, and begins anew with each. */
const look = `(() => {
  const { monitorEventLoopDelay } = process.getBuiltinModule('node:perf_hooks');
  const histogram = (globalThis.soakHistogram ??= monitorEventLoopDelay({ resolution: 10 }));
  histogram.enable();
  const lagMs = histogram.percentile(99) / 1e6;
  histogram.reset();
  const { rss, heapUsed, external } = process.memoryUsage();
  return { heldBytes: heapUsed + external, residentBytes: rss, handles: process.getActiveResourcesInfo().length, lagMs };
})()`;

async function takeSample(url: string, inspector: Inspector): Promise<Omit<Sample, 'seconds'>> {
  await inspector.call('HeapProfiler.collectGarbage');
  const { result } = (await inspector.call('Runtime.evaluate', { expression: look, returnByValue: true })) as {
    result: { value: Pick<Sample, 'heldBytes' | 'residentBytes' | 'handles' | 'lagMs'> };
  };
  const metrics = await scrape(url);
  const connections = (state: string) => sumOf(metrics, 'quarterdeck_database_connections', { state });
  return {
    ...result.value,
    requests: sumOf(metrics, 'quarterdeck_http_requests_total'),
    connections: connections('in_use') + connections('idle'),
    eventStreams: sumOf(metrics, 'quarterdeck_event_streams'),
  };
}

interface Inspector {
  call(method: string, params?: object): Promise<unknown>;
  close(): void;
}

async function openInspector(address: string): Promise<Inspector> {
  const socket = new WebSocket(address);
  await once(socket, 'open');
  const waiting = new Map<number, (result: unknown) => void>();
  socket.addEventListener('message', ({ data }) => {
    const { id, result } = JSON.parse(String(data)) as { id?: number; result?: unknown };
    if (id !== undefined) waiting.get(id)?.(result);
    if (id !== undefined) waiting.delete(id);
  });
  let last = 0;
  return {
    call(method, params = {}) {
      const id = (last += 1);
      const { promise, resolve } = Promise.withResolvers<unknown>();
      waiting.set(id, resolve);
      socket.send(JSON.stringify({ id, method, params }));
      return promise;
    },
    close: () => socket.close(),
  };
}
