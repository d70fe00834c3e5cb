/** The time that one call may take, and who can end it. */

import { TookTooLong } from './failure.ts';

export interface Watch {
  /** Aborted by the caller, with its reason, or with `TookTooLong`. */
  readonly signal: AbortSignal;
  /** The other side's turn: its silence begins, or begins anew with a sign of life. */
  listen(): void;
  /** Our turn, or the caller's: nobody is silent. */
  rest(): void;
  /** Ends what is still under way. */
  stop(): void;
}

export interface WatchTimes {
  modelSilenceMs: number;
  modelTotalMs: number;
}

export function createWatch(caller: AbortSignal, { modelSilenceMs, modelTotalMs }: WatchTimes): Watch {
  const ending = new AbortController();
  const endAfter = (ms: number, what: string) => setTimeout(() => ending.abort(new TookTooLong(`${what} within ${ms} ms`)), ms);
  const total = endAfter(modelTotalMs, 'no end of the answer');
  let silence: NodeJS.Timeout | undefined;
  return {
    signal: AbortSignal.any([caller, ending.signal]),
    listen() {
      clearTimeout(silence);
      silence = endAfter(modelSilenceMs, 'nothing came');
    },
    rest: () => clearTimeout(silence),
    stop() {
      clearTimeout(total);
      clearTimeout(silence);
      ending.abort();
    },
  };
}
