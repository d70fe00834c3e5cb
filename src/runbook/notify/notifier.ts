/** Tells people and other systems what happens to a run. What cannot be sent never stops the run, and is said at its end. */

import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Channel, DeliveryError, type NamedSecret } from './channel.ts';
import { type Notice, type NoticeContent, type NotifiedRun, type NotifyEvent, eventWords } from './notice.ts';
import { type Environment, type Notification, Unusable, openChannel } from './open.ts';

export interface Notifier {
  /** What is not set or cannot be used, one sentence each: to be said before anything runs. */
  readonly warnings: readonly string[];
  /** What must be cut out of all that is shown and written. */
  secrets(): readonly NamedSecret[];
  /** Resolves when it has been sent or given up, and never rejects. A run goes on without waiting for it: `finish` does. */
  send(event: NotifyEvent, content?: Partial<NoticeContent>): Promise<void>;
  /** Waits for what is on its way, but not for long. What could not be sent, in the order in which it was given up. */
  finish(): Promise<readonly FailedNotification[]>;
}

export interface FailedNotification {
  readonly event: NotifyEvent;
  /** The channel: `slack OPS_SLACK_URL`. */
  readonly to: string;
  /** A sentence that says what was not sent, why, and what to do. */
  readonly reason: string;
}

export interface NotifierParts {
  readonly notify: readonly Notification[];
  readonly environment: Environment;
  readonly run: NotifiedRun;
  redact(text: string): string;
  readonly now?: () => Date;
  readonly pace?: Pace;
}

/** All in milliseconds. */
export interface Pace {
  readonly tryMs: number;
  /** Before the second try, the third, …; after the last there is none. */
  readonly waitsMs: readonly number[];
  /** Longest that a receiver may ask to be left alone. */
  readonly mostWaitMs: number;
  /** Longest that the end of a run waits. */
  readonly finishMs: number;
}

/** A restart of a receiver takes seconds. Somebody waits for the end of the run, so it is not held up for longer than they would look on. */
const usualPace: Pace = { tryMs: 10_000, waitsMs: [1_000, 4_000], mostWaitMs: 20_000, finishMs: 30_000 };

export function createNotifier({ notify, environment, run, redact, now = () => new Date(), pace = usualPace }: NotifierParts): Notifier {
  const channels = notify.map((notification) => ({ on: notification.on, channel: openChannel(notification, environment, pace.tryMs) }));
  const failures: FailedNotification[] = [];
  const end = new AbortController();
  /** What each channel is busy with: notices arrive in their order. */
  const queues = new Map<Channel, Promise<void>>();

  const fail = (event: NotifyEvent, to: string, why: string) => {
    failures.push({ event, to, reason: redact(`Nobody was told by ${to} that the run ${eventWords[event]}: ${why}.`) });
  };

  const deliver = async (channel: Channel, notice: Notice) => {
    const why = await tryDelivering(channel, notice, pace, end.signal);
    if (why !== undefined) fail(notice.event, channel.name, why);
  };

  return {
    warnings: channels.flatMap(({ on, channel }) => (channel instanceof Unusable ? [warningOf(on, channel)] : [])),
    secrets: () => channels.flatMap(({ channel }) => (channel instanceof Unusable ? [] : channel.secrets)),
    async send(event, content = {}) {
      const empty: NoticeContent = { step: null, outcome: null, reason: '', exit: null, left: [], next: null };
      const notice = redacted({ id: randomUUID(), event, at: now().toISOString(), ...run, ...empty, ...content }, redact);
      const sent = channels
        .filter(({ on }) => on.includes(event))
        .map(async ({ channel }) => {
          if (channel instanceof Unusable) return fail(event, channel.name, `${channel.why}. Set it for the next run`);
          const sending = (queues.get(channel) ?? Promise.resolve()).then(async () => deliver(channel, notice));
          queues.set(channel, sending);
          return sending;
        });
      await Promise.all(sent);
    },
    async finish() {
      const timer = setTimeout(() => end.abort(), pace.finishMs);
      await Promise.all(queues.values());
      clearTimeout(timer);
      return failures;
    },
  };
}

/** Why it could not be sent, and what to do; undefined: it was. */
async function tryDelivering(channel: Channel, notice: Notice, pace: Pace, end: AbortSignal): Promise<string | undefined> {
  for (let tries = 1; ; tries += 1) {
    if (end.aborted) return 'the run has ended, and what was to be sent before took too long. Tell them yourself';
    const failure = await deliverOnce(channel, notice, pace.tryMs, end);
    if (failure === undefined) return undefined;
    const { message, retryAfterMs } = failure;
    const wait = pace.waitsMs[tries - 1];
    if (retryAfterMs === undefined) return `${message}. Correct the address or its keys`;
    if (retryAfterMs > pace.mostWaitMs) return `${message}, and asks for ${Math.ceil(retryAfterMs / 1_000)} s of rest. Send it less`;
    if (wait === undefined) return `${message}, ${tries} times. Check that the receiver is up`;
    await sleep(Math.max(wait, retryAfterMs), undefined, { signal: end }).catch(() => undefined);
    if (end.aborted) return `${message}, and the run has ended. Check that the receiver is up`;
  }
}

/** undefined: it was taken. */
async function deliverOnce(channel: Channel, notice: Notice, tryMs: number, end: AbortSignal): Promise<DeliveryError | undefined> {
  const time = AbortSignal.timeout(tryMs);
  try {
    await channel.deliver(notice, AbortSignal.any([time, end]));
    return undefined;
  } catch (error) {
    if (end.aborted) return new DeliveryError('there is no answer yet', 0);
    if (time.aborted) return new DeliveryError(`there is no answer within ${tryMs / 1_000} s`, 0);
    if (error instanceof DeliveryError) return error;
    return new DeliveryError(error instanceof Error ? error.message : String(error), undefined);
  }
}

/** Every text in it, however deep. */
function redacted(notice: Notice, redact: (text: string) => string): Notice {
  return JSON.parse(JSON.stringify(notice), (_key, value: unknown) => (typeof value === 'string' ? redact(value) : value)) as Notice;
}

function warningOf(on: readonly NotifyEvent[], { name, why }: Unusable): string {
  const events = on.map((event) => `it ${eventWords[event]}`).join(' or ');
  return `${why}, so nobody is told by ${name} when ${events}. Set it, or take the notification out of the file.`;
}
