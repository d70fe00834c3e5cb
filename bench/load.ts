/**
 * Sends requests over kept-alive sockets and measures. A client of its own, because it shares the machine with what it measures:
 * it writes prepared bytes, reads as much of an answer as it must, and takes a small part of a core.
 */

import { type Socket, connect } from 'node:net';
import { type Used, type Watched, usedBy } from './processor.ts';

export interface Load {
  url: string;
  /** Whole HTTP requests; connection `n` sends them in turn, from its own place on. */
  requests: readonly string[];
  connections: number;
  seconds: number;
  /** Not counted, before the seconds begin. */
  warmUpSeconds: number;
  /** Requests a second over all connections, sent at their time whether or not the ones before are answered; none: as fast as answers come. */
  rate?: number | undefined;
  /** What a good answer contains. */
  expected: string;
  /** Head of the request that finishes what an answer claimed; a pair of the two is then measured as one. */
  finish?: string | undefined;
  watched: Watched;
}

export interface Measured {
  perSecond: number;
  p50: number;
  p95: number;
  p99: number;
  answers: number;
  /** Processor time for one answer, in milliseconds. Unlike the rate it hardly depends on what else the machine does. */
  used: Used | undefined;
  /** Answers without what was expected, or with another status than 2xx. */
  bad: number;
  /** The first of them. */
  firstBad?: string | undefined;
}

process.on('message', (load: Load) => {
  void run(load).then((measured) => {
    process.send?.(measured);
    process.disconnect();
  });
});

async function run(load: Load): Promise<Measured> {
  const { hostname, port } = new URL(load.url);
  const state: State = { load, latencies: [], bad: 0, firstBad: undefined, counting: false, stopped: false };
  const lines = await Promise.all(Array.from({ length: load.connections }, (_, place) => openLine(state, Number(port), hostname, place)));
  const pace = load.rate === undefined ? undefined : startPace(load.rate, lines);
  if (pace === undefined) for (const line of lines) line.send(performance.now());
  await wait(load.warmUpSeconds);
  state.counting = true;
  const started = performance.now();
  const before = usedBy(load.watched);
  await wait(load.seconds);
  const elapsed = (performance.now() - started) / 1_000;
  const after = usedBy(load.watched);
  state.counting = false;
  state.stopped = true;
  clearInterval(pace);
  for (const line of lines) line.close();
  const answers = state.latencies.length;
  const used = before &&
    after && {
      server: (after.server - before.server) / answers,
      database: (after.database - before.database) / answers,
    };
  return { ...summarise(state, elapsed), used };
}

interface State {
  load: Load;
  latencies: number[];
  bad: number;
  firstBad: string | undefined;
  counting: boolean;
  stopped: boolean;
}

interface Line {
  /** `due`: when it should have been sent, so that waiting for a free line counts too. */
  send(due: number): void;
  close(): void;
}

async function openLine(state: State, port: number, host: string, place: number): Promise<Line> {
  const { requests, rate, expected, finish: finishHead } = state.load;
  const socket: Socket = connect({ port, host, noDelay: true });
  await new Promise((resolve, reject) => socket.once('connect', resolve).once('error', reject));
  socket.on('error', () => undefined);
  const waiting: number[] = [];
  let busy = false;
  let sent = 0;
  let due = 0;
  let buffered: Buffer = Buffer.alloc(0);

  const write = (at: number) => {
    busy = true;
    due = at;
    socket.write(requests[(place * 7_919 + sent++) % requests.length] ?? '');
  };
  let claimed = false;
  const finish = (answer: Buffer) => {
    const claim = finishHead === undefined || claimed ? undefined : readClaim(answer.toString());
    claimed = claim !== undefined;
    if (claim !== undefined) {
      socket.write(`${finishHead}content-length: ${Buffer.byteLength(claim)}\r\n\r\n${claim}`);
      return;
    }
    if (state.counting) {
      state.latencies.push(performance.now() - due);
      const text = answer.toString('latin1');
      if (!text.startsWith('HTTP/1.1 2') || !text.includes(expected)) {
        state.bad += 1;
        state.firstBad ??= text.slice(0, 600);
      }
    }
    busy = false;
    const next = rate === undefined && !state.stopped ? performance.now() : waiting.shift();
    if (next !== undefined) write(next);
  };
  socket.on('data', (chunk: Buffer) => {
    buffered = buffered.length === 0 ? chunk : Buffer.concat([buffered, chunk]);
    const length = answerLength(buffered);
    if (length === undefined || buffered.length < length) return;
    const answer = buffered.subarray(0, length);
    buffered = buffered.subarray(length);
    finish(answer);
  });
  return {
    send: (at) => (busy ? void waiting.push(at) : write(at)),
    close: () => socket.destroy(),
  };
}

/** The body that finishes a claim; undefined: nothing was claimed. */
function readClaim(answer: string): string | undefined {
  const [, task_id, fence] = /"task":\{"id":"([A-Z]+-\d+)".*"claim":\{"fence":(\d+)/.exec(answer) ?? [];
  return task_id === undefined ? undefined : JSON.stringify({ task_id, fence: Number(fence) });
}

/** Bytes of the whole answer, as soon as that can be known: by its length, or by the end of its chunks. */
function answerLength(buffered: Buffer): number | undefined {
  const head = buffered.indexOf('\r\n\r\n');
  if (head === -1) return undefined;
  const length = /\r\ncontent-length: (\d+)/i.exec(buffered.toString('latin1', 0, head))?.[1];
  if (length !== undefined) return head + 4 + Number(length);
  const end = buffered.indexOf('\r\n0\r\n\r\n', head + 2);
  return end === -1 ? undefined : end + 7;
}

/** Timers fire late on a busy machine; what should have been sent meanwhile is sent then, with its own time. */
function startPace(rate: number, lines: readonly Line[]): NodeJS.Timeout {
  const started = performance.now();
  let sent = 0;
  return setInterval(() => {
    for (const owed = ((performance.now() - started) / 1_000) * rate; sent < owed; sent += 1)
      lines[sent % lines.length]?.send(started + (sent / rate) * 1_000);
  }, 1);
}

function summarise({ latencies, bad, firstBad }: State, elapsed: number): Omit<Measured, 'used'> {
  latencies.sort((a, b) => a - b);
  const at = (share: number) => latencies[Math.min(latencies.length - 1, Math.floor(latencies.length * share))] ?? Number.NaN;
  return { perSecond: latencies.length / elapsed, p50: at(0.5), p95: at(0.95), p99: at(0.99), answers: latencies.length, bad, firstBad };
}

function wait(seconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, seconds * 1_000));
}
