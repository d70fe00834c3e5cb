import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { hasRedis, startRedis } from '../../../test/support/redis.ts';
import { type OpenedDatabase, openTestDatabase, silentLog } from '../../../test/support/databases.ts';
import type { Problem } from '../problem.ts';
import { type Limits, openLimits } from './open.ts';

/** In the middle of a minute of the clock, so that no test meets its end. */
const now = 30_000;

let opened: OpenedDatabase;
beforeAll(async () => void (opened = await openTestDatabase('postgres')));
afterAll(() => opened.close());

async function replica(redisUrl?: string): Promise<Limits> {
  const settings = { rateLimit: '20/20', addressLimit: 5, redisUrl };
  const limits = await openLimits({ settings, database: opened.database, log: silentLog, clock: () => now });
  onTestFinished(() => limits.close());
  return limits;
}

/** Calls until it is refused; how often it was admitted. */
function exhaust(limits: Limits, credential: string): number {
  for (let admitted = 0; admitted < 1_000; admitted += 1) if (refusal(() => limits.call(credential, 'read')) !== undefined) return admitted;
  return Infinity;
}

function refusal(call: () => unknown): Problem | undefined {
  try {
    call();
    return undefined;
  } catch (error) {
    return error as Problem;
  }
}

/** Each replica learns the sum when it tells its own calls, so the other is refused long before it has made as many itself. */
async function limitTogether(one: Limits, other: Limits, credential: string): Promise<void> {
  for (let calls = 0; calls < 19; calls += 1) one.call(credential, 'read');
  let others = 0;
  const another = () => refusal(() => other.call(credential, 'read'))?.code ?? (others += 1);
  await expect.poll(another, { interval: 1_200, timeout: 30_000 }).toBe('rate_limited');
  expect(others).toBeLessThan(20);
}

describe('limits', () => {
  it('are for each credential and each cost', async () => {
    const limits = await replica();
    expect(exhaust(limits, 'a')).toBe(20);
    expect(exhaust(limits, 'b')).toBe(20);
    expect(limits.call('a', 'write')).toEqual({ limit: 20, remaining: 19, wait_ms: 0 });
    expect(
      refusal(() => {
        limits.call('a', 'expensive');
        limits.call('a', 'expensive');
        limits.call('a', 'expensive');
      }),
    ).toMatchObject({
      code: 'rate_limited',
      message: 'This credential has made 2 expensive calls within a minute, which is the limit.',
    });
  });

  it('say how long to wait', async () => {
    const limits = await replica();
    exhaust(limits, 'waiting');
    expect(refusal(() => limits.call('waiting', 'read'))).toMatchObject({
      next: 'Wait 33 seconds, then try again.',
      details: { retry_after_seconds: 33, limit_per_minute: 20 },
    });
  });

  it('count strangers by their address', async () => {
    const limits = await replica();
    for (let calls = 0; calls < 5; calls += 1) limits.stranger('192.0.2.1');
    expect(refusal(() => limits.stranger('192.0.2.1'))).toMatchObject({ code: 'rate_limited', status: 429 });
    limits.stranger('192.0.2.2');
  });

  it('are one for all replicas on PostgreSQL', async () => {
    await limitTogether(await replica(), await replica(), 'shared');
  });

  it('go on in each replica when counts cannot be shared, and say so', async () => {
    const limits = await replica('redis://127.0.0.1:1');
    expect(exhaust(limits, 'alone')).toBe(20);
    await expect.poll(() => limits.failure, { timeout: 15_000 }).toMatch(/Redis of REDIS_URL/);
  });
});

describe('with Redis', () => {
  it('are one for all replicas, and come back when Redis does', async ({ skip }) => {
    if (!hasRedis()) skip('there is no redis-server on this machine');
    const redis = await startRedis();
    onTestFinished(() => redis.stop());
    const [one, other] = [await replica(redis.url), await replica(redis.url)];
    await limitTogether(one, other, 'joined');
    await redis.stop();
    other.call('later', 'read');
    await expect.poll(() => other.failure, { timeout: 15_000 }).toMatch(/Redis of REDIS_URL/);
    await redis.start();
    await expect.poll(() => other.failure, { timeout: 30_000 }).toBeUndefined();
  }, 60_000);
});
