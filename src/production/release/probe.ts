/** Asks a replica whether it can serve. */

import { request } from 'node:http';

export interface Health {
  /** It answered 2xx. */
  readonly healthy: boolean;
  /** It answered at all. A replica that says 503 for want of a database is not hung, and a new one would say the same. */
  readonly answered: boolean;
  /** For people: `503 Service Unavailable`, `ECONNREFUSED`, `no answer in 5 s`. */
  readonly said: string;
}

export function probe(host: string, port: number, path: string, timeoutMs: number): Promise<Health> {
  return new Promise((resolve) => {
    const asked = request({ host, port, path, agent: false }, (answer) => {
      const { statusCode = 0, statusMessage = '' } = answer;
      answer.resume();
      resolve({ healthy: statusCode >= 200 && statusCode < 300, answered: true, said: `${statusCode} ${statusMessage}`.trim() });
      clearTimeout(late);
    });
    const silent = (said: string): void => resolve({ healthy: false, answered: false, said });
    const late = setTimeout(() => {
      silent(`no answer in ${timeoutMs / 1_000} s`);
      asked.destroy();
    }, timeoutMs);
    asked.on('error', (error: NodeJS.ErrnoException) => {
      clearTimeout(late);
      silent(error.code ?? error.message);
    });
    asked.end();
  });
}
