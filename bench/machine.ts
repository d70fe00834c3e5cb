/** What a number was measured on. */

import { cpus, loadavg, platform, release, totalmem } from 'node:os';

export function describeMachine(): string {
  const [cpu] = cpus();
  return [
    `machine: ${cpus().length} x ${cpu?.model}, ${Math.round(totalmem() / 2 ** 30)} GiB, ${platform()} ${release()}`,
    `versions: Node ${process.versions.node}`,
    // Numbers from a machine that is busy with something else say nothing.
    `load before, over 1, 5 and 15 minutes: ${loadavg()
      .map((load) => load.toFixed(1))
      .join(', ')}`,
  ].join('\n');
}
