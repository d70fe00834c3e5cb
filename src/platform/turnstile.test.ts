import { describe, expect, it } from 'vitest';
import { createTurnstile } from './turnstile.ts';

const open = (options: { places: number; queue: number; wait_ms?: number }) =>
  createTurnstile({ wait_ms: 60_000, ...options, refusal: () => new Error('full') });

/** Whoever waits notes when it got in. */
function enter(turnstile: ReturnType<typeof open>, name: string, entered: string[], blocked?: () => boolean): Promise<void> | undefined {
  return turnstile.enter(undefined, blocked)?.then(() => void entered.push(name));
}

describe('a turnstile', () => {
  it('lets so many in at once, and the others in their order', async () => {
    const turnstile = open({ places: 1, queue: 2 });
    const entered: string[] = [];
    expect(enter(turnstile, 'first', entered)).toBeUndefined();
    const rest = ['second', 'third'].map((name) => enter(turnstile, name, entered));
    await expect(turnstile.enter()).rejects.toThrow('full');
    turnstile.leave();
    await rest[0];
    expect(entered).toEqual(['second']);
    turnstile.leave();
    await rest[1];
    expect({ entered, inside: turnstile.inside, waiting: turnstile.waiting }).toEqual({
      entered: ['second', 'third'],
      inside: 1,
      waiting: 0,
    });
  });

  it('passes over those who may not yet', async () => {
    const turnstile = open({ places: 1, queue: 5 });
    const entered: string[] = [];
    let held = true;
    void turnstile.enter();
    const blocked = enter(turnstile, 'blocked', entered, () => held);
    const free = enter(turnstile, 'free', entered);
    turnstile.leave();
    await free;
    held = false;
    turnstile.leave();
    await blocked;
    expect(entered).toEqual(['free', 'blocked']);
  });

  it('gives up after a while, and when the caller goes away', async () => {
    const turnstile = open({ places: 0, queue: 5, wait_ms: 1 });
    await expect(turnstile.enter()).rejects.toThrow('full');
    const patient = open({ places: 0, queue: 5 });
    const gone = new AbortController();
    const waiting = patient.enter(gone.signal);
    gone.abort(new Error('gone'));
    await expect(waiting).rejects.toThrow('gone');
    await expect(patient.enter(gone.signal)).rejects.toThrow('gone');
    expect(patient.waiting).toBe(0);
  });

  it('can be closed for everybody', async () => {
    const turnstile = open({ places: 1, queue: 5 });
    turnstile.closed = true;
    await expect(turnstile.enter()).rejects.toThrow('full');
  });
});
