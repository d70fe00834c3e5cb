/** The event streams that are open on this replica: how many there may be, and when each must end. */

/** How often the credentials of open streams are looked at: leaves time for revocations to arrive within the promised five seconds. */
const checkEveryMs = 1_000;

/**
 * How long a client may take nothing from a full connection. What it does not take stays in memory, so a reader that
 * has stopped must not stay for ever; half a minute outlives a lost network that comes back.
 */
const longestStallMs = 30_000;

export interface EventStream {
  /** Tells the client that this was the end, and closes. */
  end(): Promise<void>;
  /** Whether the credential that opened the stream is still good. */
  reverify(): Promise<boolean>;
  /** When the credential ends by itself; null: never. */
  expires_at: Date | null;
  /** Whether the connection is full: what is written now waits in memory. */
  stalled(): boolean;
  /** Ends the connection at once; a client that does not read hears no goodbye. */
  cut(): void;
}

export interface Streams {
  readonly count: number;
  /** Counts the stream from now on; returns what to call when it is over. A sentence says why it was refused. */
  open(stream: EventStream): { release: () => void } | { refused: string };
  /** Ends all of them, and refuses new ones. */
  close(): Promise<void>;
}

export function createStreams(limit: number, onError: (error: unknown) => void): Streams {
  /** With how long each has been stalled. */
  const streams = new Map<EventStream, number>();
  let closing = false;
  let timer: NodeJS.Timeout | undefined;

  const checkAll = () => {
    for (const [stream, stalledMs] of streams) {
      streams.set(stream, stream.stalled() ? stalledMs + checkEveryMs : 0);
      if (stalledMs >= longestStallMs) stream.cut();
      mayGoOn(stream, onError)
        .then((good) => (good ? undefined : stream.end()))
        .catch(onError);
    }
  };
  const release = (stream: EventStream) => {
    streams.delete(stream);
    if (streams.size > 0) return;
    clearInterval(timer);
    timer = undefined;
  };

  return {
    get count() {
      return streams.size;
    },
    open: (stream) => {
      if (closing) return { refused: 'Subscription refused: this replica is shutting down. Listen again; another one will answer.' };
      if (streams.size >= limit)
        return {
          refused: `Subscription refused: this replica serves ${limit} event streams already, which is its limit. Try again later, or read the resources.`,
        };
      streams.set(stream, 0);
      timer ??= setInterval(checkAll, checkEveryMs);
      return { release: () => release(stream) };
    },
    close: async () => {
      closing = true;
      await Promise.all([...streams.keys()].map((stream) => stream.end()));
    },
  };
}

/**
 * A check that fails is not a refusal: it fails when the database cannot be reached, and then
 * no event can reach the stream either.
 */
async function mayGoOn(stream: EventStream, onError: (error: unknown) => void): Promise<boolean> {
  if (stream.expires_at !== null && stream.expires_at.getTime() <= Date.now()) return false;
  return stream.reverify().catch((error: unknown) => {
    onError(error);
    return true;
  });
}
