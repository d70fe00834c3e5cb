/** The reference of metrics, from what a server really exposes. */

import { createMetrics } from '../../src/platform/telemetry/metrics.ts';
import { generatedNote, table } from './page.ts';

/** Labels whose values are many; the others are explained by the help of their metric. */
const longLabels = 'route, operation, tool';

export async function renderMetrics(): Promise<string> {
  const metrics = createMetrics('0.0.0');
  metrics.observe({
    database: () => ({ total: 0, idle: 0, waiting: 0 }),
    inFlight: () => 0,
    openStreams: () => 0,
    longCalls: () => 0,
    cacheBytes: () => 0,
    jobs: () => 0,
    backlogs: () => Promise.resolve(undefined),
  });
  const own = metrics.describe().filter(({ name }) => name.startsWith('quarterdeck_'));
  metrics.close();
  return `${generatedNote}

# Metrics

\`GET /metrics\` answers in the text format of Prometheus. On a loopback address it is open; elsewhere it needs \`METRICS_TOKEN\`, or the private
port of \`QUARTERDECK_METRICS_PORT\`. Beside these there are the usual ones of a Node.js process (\`process_…\`, \`nodejs_…\`: CPU, memory, event loop lag, garbage
collection). What to ask of them is in [observability](../observability.md).

Every label has a bounded set of values: what a caller may choose freely (paths, ids, names of tools that do not exist, methods) is counted under one word. The longest
sets are those of ${longLabels}, which grow with the program and not with its use.

${table(
  ['metric', 'type', 'labels', 'what it counts'],
  own.map(({ name, type, labels, help }) => [`\`${name}\``, type, labels.map((label) => `\`${label}\``).join(', '), help]),
)}
`;
}
