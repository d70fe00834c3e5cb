/** The reference of metrics, from what a server really exposes. */

import { createMetrics } from '../../src/platform/telemetry/metrics.ts';
import { generatedNote, table } from './page.ts';

export async function renderMetrics(): Promise<string> {
  const metrics = createMetrics('0.0.0');
  metrics.observe({ database: () => ({ total: 0, idle: 0, waiting: 0 }), openStreams: () => 0 });
  const text = await metrics.text();
  metrics.close();
  const own = describe(text).filter(([name]) => name?.startsWith('quarterdeck_'));
  return `${generatedNote}

# Metrics

\`GET /metrics\` answers in the text format of Prometheus. On a loopback address it is open; elsewhere it needs \`METRICS_TOKEN\`, or the private
port of \`QUARTERDECK_METRICS_PORT\`. Beside these there are the usual ones of a Node.js process (\`process_…\`, \`nodejs_…\`: CPU, memory, event loop lag, garbage
collection).

${table(
  ['metric', 'type', 'what it counts'],
  own.map(([name = '', type = '', help = '']) => [`\`${name}\``, type, help]),
)}
`;
}

/** Name, type and help of each metric in the text format. */
function describe(text: string): string[][] {
  const types = new Map([...text.matchAll(/^# TYPE (\S+) (\S+)$/gm)].map(([, name = '', type = '']) => [name, type]));
  return [...text.matchAll(/^# HELP (\S+) (.*)$/gm)].map(([, name = '', help = '']) => [name, types.get(name) ?? '', help]);
}
