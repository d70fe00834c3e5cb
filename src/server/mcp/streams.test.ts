import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { type EventStream, createStreams } from './streams.ts';

const errors: unknown[] = [];

beforeEach(() => {
  vi.useFakeTimers();
  errors.length = 0;
});
afterEach(() => vi.useRealTimers());

/** A stream that notes what is done to it. */
function stream(overrides: Partial<EventStream> = {}) {
  const done: string[] = [];
  const opened: EventStream = {
    end: async () => void done.push('end'),
    cut: () => void done.push('cut'),
    stalled: () => false,
    reverify: async () => true,
    expires_at: null,
    ...overrides,
  };
  return { ...opened, done };
}

const streamsOf = (limit = 10) => createStreams(limit, (error) => errors.push(error));

test('a client that takes nothing for half a minute is cut, one that takes a little is not', async () => {
  const streams = streamsOf();
  const stopped = stream({ stalled: () => true });
  let looks = 0;
  const slow = stream({ stalled: () => (looks += 1) % 20 !== 0 });
  streams.open(stopped);
  streams.open(slow);
  await vi.advanceTimersByTimeAsync(29_000);
  expect(stopped.done).toEqual([]);
  await vi.advanceTimersByTimeAsync(40_000);
  expect(stopped.done).toContain('cut');
  expect(slow.done).toEqual([]);
});

test('a check of the credential that fails does not end the stream, and is reported', async () => {
  const streams = streamsOf();
  const cut = new Error('the database is away');
  const opened = stream({ reverify: () => Promise.reject(cut) });
  streams.open(opened);
  await vi.advanceTimersByTimeAsync(1_000);
  expect(opened.done).toEqual([]);
  expect(errors).toEqual([cut]);
});

test('nothing is looked at any more when the last stream is over', () => {
  const streams = streamsOf();
  const opened = streams.open(stream());
  expect(vi.getTimerCount()).toBe(1);
  if ('release' in opened) opened.release();
  expect([streams.count, vi.getTimerCount()]).toEqual([0, 0]);
});

test('a limit of none refuses every stream', () => {
  expect(streamsOf(0).open(stream())).toHaveProperty('refused');
});
