/** A circuit breaker: after some failures in a row nobody is let through for a while, then one who tries. */

export interface BreakerOptions {
  /** Failures in a row that open it. */
  failures: number;
  /** How long it stays open, in milliseconds. */
  open_ms: number;
  /** Milliseconds of a clock that nobody sets. */
  clock: () => number;
}

/** One way through; exactly one of these is called when it is known how it went. */
export interface Pass {
  succeeded(): void;
  failed(): void;
  /** It says nothing about the other side: the caller went away. */
  abandoned(): void;
}

export interface Breaker {
  /** The way through; or, while there is none, in how many milliseconds to ask again. */
  enter(): Pass | number;
  /** Undefined while it is closed; otherwise in how many milliseconds somebody may try, 0 while one does. */
  readonly open_ms: number | undefined;
}

/** While somebody tries, the others are told to come back after this. */
const tryingMs = 1_000;

export function createBreaker({ failures: most, open_ms: openMs, clock }: BreakerOptions): Breaker {
  let failures = 0;
  let openedAt: number | undefined;
  let probe: Pass | undefined;

  const left = () => (openedAt === undefined ? undefined : Math.max(0, openedAt + openMs - clock()));

  function pass(): Pass {
    const mine: Pass = {
      succeeded() {
        failures = 0;
        openedAt = undefined;
        probe = undefined;
      },
      failed() {
        failures += 1;
        // One that began before it opened must not keep it open for longer: the one who tries decides.
        if (probe === mine || (openedAt === undefined && failures >= most)) openedAt = clock();
        if (probe === mine) probe = undefined;
      },
      abandoned() {
        if (probe === mine) probe = undefined;
      },
    };
    return mine;
  }

  return {
    enter() {
      const wait = left();
      if (wait === undefined) return pass();
      if (wait > 0) return wait;
      if (probe !== undefined) return tryingMs;
      probe = pass();
      return probe;
    },
    get open_ms() {
      return left();
    },
  };
}
