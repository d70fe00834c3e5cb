/** Reads `QUARTERDECK_RATE_LIMIT`. */

/** Calls a minute of one credential. */
export interface Rates {
  read: number;
  write: number;
  expensive: number;
}

/** `reads/writes`, or `reads/writes/expensive`, or `off`. */
export const rateLimitForm = /^(off|[1-9]\d{0,8}\/[1-9]\d{0,8}(\/[1-9]\d{0,8})?)$/;

/** An expensive call takes about as much of the server as ten writes. */
const expensiveShare = 0.1;

/** undefined: off. */
export function readRates(text: string): Rates | undefined {
  if (text === 'off') return undefined;
  const [read = 0, write = 0, expensive = Math.max(1, Math.floor(write * expensiveShare))] = text.split('/').map(Number);
  return { read, write, expensive };
}
