/** Lets so many through at once; the rest wait in order, not too many and not too long. */

export interface TurnstileOptions {
  /** Places inside. */
  places: number;
  /** Most that wait. */
  queue: number;
  /** Longest wait, in milliseconds. */
  wait_ms: number;
  /** What somebody gets who cannot wait, or has waited in vain. */
  refusal(): Error;
}

export interface Turnstile {
  /**
   * Takes a place, which the caller leaves; undefined: it had one at once, without waiting.
   * `blocked`: somebody for whom there is no place although one is free; asked again whenever one is left.
   * @throws the refusal, or the reason of the signal
   */
  enter(signal?: AbortSignal, blocked?: () => boolean): Promise<void> | undefined;
  leave(): void;
  /** Refuses, for as long as it is set, whoever would have to wait or not. */
  closed: boolean;
  readonly inside: number;
  readonly waiting: number;
}

interface Waiting {
  blocked: (() => boolean) | undefined;
  go(): void;
}

export function createTurnstile({ places, queue, wait_ms, refusal }: TurnstileOptions): Turnstile {
  const waiting = new Set<Waiting>();
  let inside = 0;

  function wait(signal: AbortSignal | undefined, blocked: Waiting['blocked']): Promise<void> {
    return new Promise((resolve, reject) => {
      const end = () => {
        clearTimeout(timer);
        signal?.removeEventListener('abort', onAbort);
        waiting.delete(entry);
      };
      const entry: Waiting = { blocked, go: () => (end(), resolve()) };
      const onAbort = () => (end(), reject(signal?.reason as Error));
      const timer = setTimeout(() => (end(), reject(refusal())), wait_ms);
      signal?.addEventListener('abort', onAbort, { once: true });
      waiting.add(entry);
    });
  }

  const turnstile: Turnstile = {
    closed: false,
    enter(signal, blocked) {
      if (turnstile.closed) return Promise.reject(refusal());
      if (inside < places && blocked?.() !== true) {
        inside += 1;
        return undefined;
      }
      if (signal?.aborted === true) return Promise.reject(signal.reason as Error);
      return waiting.size < queue ? wait(signal, blocked) : Promise.reject(refusal());
    },
    leave() {
      inside -= 1;
      for (const entry of waiting) {
        if (inside >= places) return;
        if (entry.blocked?.() === true) continue;
        inside += 1;
        entry.go();
      }
    },
    get inside() {
      return inside;
    },
    get waiting() {
      return waiting.size;
    },
  };
  return turnstile;
}
