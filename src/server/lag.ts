/** Says when the event loop is too busy to take on more: the one thing that no count of requests can see. */

import { monitorEventLoopDelay } from 'node:perf_hooks';

/** How often the delay is looked at. Twice in a row too long is overload; once can be a garbage collection or a busy machine. */
const lookMs = 1_000;

const nanosecondsPerMs = 1_000_000;

/** `limitMs` 0: never. `tell` is called with what holds from now on. Returns how to stop. */
export function watchLag(limitMs: number, tell: (lagging: boolean) => void): () => void {
  if (limitMs === 0) return () => undefined;
  const delay = monitorEventLoopDelay({ resolution: 20 });
  delay.enable();
  let before = false;
  const timer = setInterval(() => {
    const late = delay.mean / nanosecondsPerMs > limitMs;
    delay.reset();
    tell(late && before);
    before = late;
  }, lookMs).unref();
  return () => {
    clearInterval(timer);
    delay.disable();
  };
}
