/** `check redis`: whether Redis answers, takes writes, and has room. */

import { Redis } from 'ioredis';
import { reasonOf } from '../reason.ts';
import { type CheckResult, type Judgement, conclude, judged, unseen } from './result.ts';

/** Of its memory and of its clients: beyond this it may evict or refuse before anybody has come to look. */
const mostUsed = 0.9;

export async function checkRedis(url: string, timeoutMs: number): Promise<CheckResult> {
  const redis = new Redis(url, {
    lazyConnect: true,
    connectTimeout: timeoutMs,
    commandTimeout: timeoutMs,
    maxRetriesPerRequest: 0,
    // One attempt: a check is repeated by whoever wants to wait.
    retryStrategy: () => null,
  });
  let broken: unknown;
  redis.on('error', (error) => (broken ??= error));
  try {
    await redis.connect();
    const started = performance.now();
    await redis.ping();
    const ms = Math.round((performance.now() - started) * 1_000) / 1_000;
    const info = parseInfo(await redis.info());
    return conclude('redis', judgeRedis(info), { version: info.get('redis_version'), ms, used_memory: numberOf(info, 'used_memory') });
  } catch (error) {
    const why = reasonOf(broken ?? error);
    return conclude('redis', [unseen('answer', why, 'an answer', 'Check REDIS_URL, and that Redis takes connections from here.')]);
  } finally {
    redis.disconnect();
  }
}

export type RedisInfo = ReadonlyMap<string, string>;

export function parseInfo(text: string): RedisInfo {
  const pairs = text.split(/\r?\n/).flatMap((line): [string, string][] => {
    const [, name, value] = /^([^#:]+):(.*)$/.exec(line) ?? [];
    return name === undefined || value === undefined ? [] : [[name, value]];
  });
  return new Map(pairs);
}

export function judgeRedis(info: RedisInfo): Judgement[] {
  const role = info.get('role') ?? null;
  const loading = info.get('loading') ?? null;
  return [
    judged('role', role, 'master', role === 'master', 'Connect to the master: a replica takes no writes.'),
    judged('loading', loading === '0' ? 'done' : loading, 'done', loading === '0', 'Wait until it has read its data.'),
    judgeShare('memory', info, 'used_memory', 'maxmemory', 'Raise maxmemory, or find what fills it with redis-cli --bigkeys.'),
    judgeShare('clients', info, 'connected_clients', 'maxclients', 'Find who has them with CLIENT LIST, or raise maxclients.'),
  ];
}

function judgeShare(what: string, info: RedisInfo, used: string, most: string, next: string): Judgement {
  const [now, limit] = [numberOf(info, used), numberOf(info, most)];
  const wanted = `below ${mostUsed * 100} %`;
  if (now === undefined || limit === undefined) return unseen(what, 'Redis does not say', wanted, 'Look with redis-cli INFO.');
  if (limit === 0) return judged(what, `${now}, without a limit`, wanted, true, next);
  return judged(what, `${now} of ${limit}`, wanted, now < limit * mostUsed, next);
}

function numberOf(info: RedisInfo, name: string): number | undefined {
  const text = info.get(name);
  return text === undefined || !/^\d+$/.test(text) ? undefined : Number(text);
}
