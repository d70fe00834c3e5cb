/** What a process uses, as the system counts it. */

import { readFileSync } from 'node:fs';

export interface Resources {
  readonly rssBytes: number;
  /** Seconds of processor time since it was started. */
  readonly cpuSeconds: number;
}

/** `_SC_CLK_TCK` is 100 on every Linux that Node runs on: https://man7.org/linux/man-pages/man3/sysconf.3.html */
const ticksASecond = 100;

/** undefined where the system has no /proc, or there is no such process. */
export function resourcesOf(pid: number): Resources | undefined {
  try {
    const [, rss] = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? [];
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    // https://man7.org/linux/man-pages/man5/proc_pid_stat.5.html: fields 14 and 15, of which the name of the program is the second.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    if (rss === undefined) return undefined;
    return { rssBytes: Number(rss) * 1_024, cpuSeconds: (Number(fields[11]) + Number(fields[12])) / ticksASecond };
  } catch {
    return undefined;
  }
}
