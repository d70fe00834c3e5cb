/** The way to one model: how many calls at once, how long, how often again, and when not at all. */

import { setTimeout as sleep } from 'node:timers/promises';
import type { Log } from '../telemetry/log.ts';
import type { ModelObserver } from '../telemetry/metrics.ts';
import { type OpenSpan, tracing } from '../telemetry/traces.ts';
import { type Turnstile, createTurnstile } from '../turnstile.ts';
import { type Breaker, type Pass, createBreaker } from './breaker.ts';
import { readChoice } from './choice.ts';
import { type Failure, isIllness, judge, mayPass } from './failure.ts';
import type { Usage } from './types.ts';
import { type Watch, type WatchTimes, createWatch } from './watch.ts';
import { type Subject, busyProblem, describeFailure, openProblem, problemOf, stoppingProblem } from './wording.ts';

export interface Policy extends WatchTimes {
  modelConcurrency: number;
  modelRetries: number;
  modelBreakerFailures: number;
  modelBreakerMs: number;
}

export interface UpstreamOptions {
  subject: Subject;
  policy: Policy;
  /** What must not be in the log, though the other side may repeat it. */
  secrets: readonly string[];
  log: Log;
  observer: ModelObserver | undefined;
  /** Milliseconds of a clock that nobody sets; only tests give their own. */
  clock?: (() => number) | undefined;
}

/** What one attempt gets: when to stop, and how to say that there is life on the other side although no part has come. */
export type Attempt = Pick<Watch, 'signal' | 'listen'>;

/** One attempt: the parts of the answer, and what it took. */
export type Attempted<Part> = (attempt: Attempt) => AsyncGenerator<Part, Usage, undefined>;

/** Whoever comes after these would wait for minutes, and is told at once. */
const mostWaiting = 100;

/** Milliseconds. Doubled with each attempt; half of it by chance, so that callers do not come back together. */
const firstWaitMs = 500;

/** Asked to wait for longer, the caller is told so: the wait holds its request open, and a place. */
const longestWaitMs = 20_000;

/** One call, with all its attempts. */
interface Call {
  caller: AbortSignal;
  watch: Watch;
  /** For the metrics: what kind of failure it was, `ok`, or that the caller left. */
  outcome: string;
  usage: Usage | undefined;
}

export class Upstream {
  readonly #options: UpstreamOptions;
  readonly #clock: () => number;
  readonly #breaker: Breaker;
  readonly #turnstile: Turnstile;
  readonly #closing = new AbortController();
  /** Of the last call that told something about the model. */
  #last: Failure | undefined;

  constructor(options: UpstreamOptions) {
    const { subject, policy, clock = () => performance.now() } = options;
    this.#options = options;
    this.#clock = clock;
    this.#breaker = createBreaker({ failures: policy.modelBreakerFailures, open_ms: policy.modelBreakerMs, clock });
    this.#turnstile = createTurnstile({
      places: policy.modelConcurrency,
      queue: mostWaiting,
      wait_ms: policy.modelSilenceMs,
      refusal: () => busyProblem(subject, policy.modelConcurrency),
    });
  }

  /** For `/health`; undefined: nothing is wrong that a call has met. */
  get failure(): string | undefined {
    return describeFailure(this.#options.subject, this.#breaker.open_ms, this.#last);
  }

  /**
   * Waits for a place, then attempts until there is a first part, or until another attempt makes no sense; then the other parts as they come.
   * Must be iterated to the end or left, which frees its place. `withinMs`: less than the settings allow.
   * @throws Problem, or the reason of the caller's signal
   */
  async *run<Part>(signal: AbortSignal, attempted: Attempted<Part>, withinMs = Infinity): AsyncGenerator<Part, Usage, undefined> {
    const { subject, policy, observer } = this.#options;
    const caller = AbortSignal.any([signal, this.#closing.signal]);
    caller.throwIfAborted();
    const asked = this.#clock();
    await this.#enterWithin(caller, withinMs);
    const started = this.#clock();
    const modelTotalMs = Math.min(policy.modelTotalMs, withinMs - (started - asked));
    const call: Call = { caller, watch: createWatch(caller, { ...policy, modelTotalMs }), outcome: 'cancelled', usage: undefined };
    const span = openSpan(subject);
    try {
      return yield* this.#parts(call, attempted);
    } finally {
      call.watch.stop();
      this.#turnstile.leave();
      endSpan(span, call);
      observer?.called({ model: subject.name, outcome: call.outcome, seconds: (this.#clock() - started) / 1_000, ...call.usage });
    }
  }

  /** Ends all calls under way. */
  close(): void {
    this.#closing.abort(stoppingProblem());
  }

  /** @throws Problem when there is no place in time, or the reason of the caller's signal */
  async #enterWithin(caller: AbortSignal, ms: number): Promise<void> {
    const { subject, policy } = this.#options;
    const late = new AbortController();
    const timer = ms < policy.modelSilenceMs ? setTimeout(() => late.abort(busyProblem(subject, policy.modelConcurrency)), ms) : undefined;
    try {
      await this.#turnstile.enter(timer === undefined ? caller : AbortSignal.any([caller, late.signal]));
    } finally {
      clearTimeout(timer);
    }
  }

  async *#parts<Part>(call: Call, attempted: Attempted<Part>): AsyncGenerator<Part, Usage, undefined> {
    const { parts, pass, first } = await this.#begin(call, attempted);
    let open = true;
    try {
      for (let next = first; ; next = await parts.next()) {
        if (next.done === true) {
          open = false;
          this.#succeed(call, pass);
          call.usage = next.value;
          return next.value;
        }
        call.watch.rest();
        yield next.value;
        call.watch.listen();
      }
    } catch (error) {
      open = false;
      throw problemOf(this.#options.subject, this.#fail(call, pass, error));
    } finally {
      if (open) pass.abandoned();
    }
  }

  /** Up to the first part: before it, an attempt that failed has told nobody anything, and another one can take its place. */
  async #begin<Part>(call: Call, attempted: Attempted<Part>) {
    for (let tries = 0; ; tries += 1) {
      const pass = this.#enter(call);
      try {
        call.watch.signal.throwIfAborted();
        call.watch.listen();
        const parts = attempted(call.watch);
        return { parts, pass, first: await parts.next() };
      } catch (error) {
        await this.#pause(call, this.#fail(call, pass, error), tries);
      }
    }
  }

  #enter(call: Call): Pass {
    const pass = this.#breaker.enter();
    if (typeof pass !== 'number') return pass;
    call.outcome = 'not_called';
    throw openProblem(this.#options.subject, pass, this.#last);
  }

  /** Waits for the next attempt. @throws Problem when there is to be none */
  async #pause({ watch }: Call, failure: Failure, tries: number): Promise<void> {
    const { subject, policy, log, observer } = this.#options;
    const wait_ms = failure.retry_after_ms ?? firstWaitMs * 2 ** tries * (0.5 + Math.random() / 2);
    const again = tries < policy.modelRetries && mayPass(failure) && wait_ms <= longestWaitMs && this.#breaker.open_ms === undefined;
    if (!again) throw problemOf(subject, failure);
    log.debug({ model: subject.name, place: subject.place, reason: failure.reason, wait_ms }, 'a call of a model is tried again');
    observer?.retried(subject.name);
    watch.rest();
    // Ended early, the next attempt ends at once, and says why.
    await sleep(wait_ms, undefined, { signal: watch.signal }).catch(() => undefined);
  }

  /** @throws the reason of the caller's signal, when that is what ended it */
  #fail(call: Call, pass: Pass, error: unknown): Failure {
    const { subject, secrets, log } = this.#options;
    const { caller, watch } = call;
    if (caller.aborted) {
      pass.abandoned();
      throw caller.reason;
    }
    const failure = judge(watch.signal.aborted ? watch.signal.reason : error, secrets);
    const wasOpen = this.#breaker.open_ms !== undefined;
    if (isIllness(failure)) pass.failed();
    else pass.succeeded();
    if (!wasOpen && this.#breaker.open_ms !== undefined)
      log.warn(
        { model: subject.name, place: subject.place, reason: failure.reason },
        'a model failed several times in a row; it is not called for a while',
      );
    this.#last = failure;
    call.outcome = failure.kind;
    return failure;
  }

  #succeed(call: Call, pass: Pass): void {
    const { subject, log } = this.#options;
    if (this.#breaker.open_ms !== undefined) log.info({ model: subject.name, place: subject.place }, 'a model answers again');
    pass.succeeded();
    this.#last = undefined;
    call.outcome = 'ok';
  }
}

/** As the semantic conventions of OpenTelemetry for generative models have it; never what was sent or answered. */
function openSpan({ use, name, place }: Subject): OpenSpan | undefined {
  const { provider, id } = readChoice(name);
  const operation = use === 'chat' ? 'chat' : 'embeddings';
  const attributes = { 'gen_ai.operation.name': operation, 'gen_ai.provider.name': provider, 'gen_ai.request.model': id };
  return tracing()?.open({ name: `${operation} ${id}`, kind: 'client', attributes: { ...attributes, 'server.address': place } });
}

function endSpan(span: OpenSpan | undefined, { outcome, usage }: Call): void {
  span?.set({ 'gen_ai.usage.input_tokens': usage?.input_tokens, 'gen_ai.usage.output_tokens': usage?.output_tokens });
  if (outcome !== 'ok') span?.fail(outcome, outcome !== 'cancelled');
  span?.end();
}
