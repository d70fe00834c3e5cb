/** What checks conclude from what they saw, without the things themselves. */

import { describe, expect, test } from 'vitest';
import { readSettings } from '../../platform/config/read.ts';
import { checkConfig, judgeSettings } from './config.ts';
import { type DatabaseState, judgeState } from './database.ts';
import { defaultRoom, judgeRoom } from './disk.ts';
import { judgeRedis, parseInfo } from './redis.ts';
import { weaknessOf } from './secrets.ts';
import type { Judgement } from './result.ts';
import { type Handshake, judgeHandshake } from './tls.ts';

function wrong(judgements: readonly Judgement[]): string[] {
  return judgements.filter(({ ok }) => ok !== true).map(({ what }) => what);
}

describe('a certificate', () => {
  const now = new Date('2026-06-01T00:00:00Z');
  const good: Handshake = {
    protocol: 'TLSv1.3',
    distrust: undefined,
    wrongName: undefined,
    names: 'DNS:a.example',
    issuer: "Let's Encrypt, R11",
    begins: new Date('2026-05-01T00:00:00Z'),
    ends: new Date('2026-07-30T00:00:00Z'),
    length: 3,
  };
  const look = (change: Partial<Handshake>, issuer?: string) =>
    wrong(judgeHandshake({ ...good, ...change }, 'a.example', { days: 14, issuer }, now));

  test('that is as it should be', () => {
    expect(look({})).toEqual([]);
    expect(look({}, "Let's Encrypt")).toEqual([]);
  });

  test.each([
    ['ends in 13 days and 23 hours', { ends: new Date('2026-06-14T23:00:00Z') }, ['days left']],
    ['lasts 14 days', { ends: new Date('2026-06-15T00:00:00Z') }, []],
    ['ended an hour ago', { ends: new Date('2026-05-31T23:00:00Z'), distrust: 'certificate has expired' }, ['chain', 'days left']],
    ['has not begun', { begins: new Date('2026-06-02T00:00:00Z') }, ['begins']],
    ['came over an old protocol', { protocol: 'TLSv1.1' }, ['protocol']],
  ])('that %s', (_name, change, expected) => {
    expect(look(change)).toEqual(expected);
  });

  test('of somebody else', () => {
    expect(look({ issuer: 'Corporate Proxy CA' }, "Let's Encrypt")).toEqual(['issuer']);
  });
});

describe('a disk', () => {
  const gib = 1024 ** 3;
  const room = { bytes: 100 * gib, freeBytes: 10 * gib, inodes: 1_000, freeInodes: 100 };

  test.each([
    ['with just enough', {}, []],
    ['without', { freeBytes: 10 * gib - 1 }, ['free']],
    ['small, and free by a large share', { bytes: gib, freeBytes: gib / 2 }, ['free bytes']],
    ['without inodes', { freeInodes: 99 }, ['free inodes']],
    ['whose file system makes inodes as it goes', { inodes: undefined, freeInodes: 0 }, []],
  ])('%s', (_name, change, expected) => {
    expect(wrong(judgeRoom({ ...room, ...change }, defaultRoom))).toEqual(expected);
  });
});

describe('a database', () => {
  const good: DatabaseState = {
    server_version: '18.4',
    server_version_number: 180_004,
    max_connections: 100,
    reserved: 3,
    open: 20,
    holders: [{ who: 'quarterdeck', count: 20 }],
    forgotten: 0,
    in_recovery: false,
    oldest_transaction: 1,
    oldest_idle: null,
    hidden: 0,
    standbys: [{ name: 'b', lag_seconds: 0.2, seen: true }],
  };
  const wishes = { pool: 10, replicas: 3, surge: 1, spare: 10, transactionSeconds: 300, idleSeconds: 60, lagSeconds: 30 };

  test.each<[string, Partial<DatabaseState>, Partial<typeof wishes>, string[]]>([
    ['that is as it should be', {}, {}, []],
    ['too old', { server_version_number: 140_012 }, {}, ['version']],
    ['that is a standby', { in_recovery: true }, {}, ['writes']],
    ['for just as many replicas as fit', {}, { replicas: 6 }, []],
    ['for one replica too many, a release counted', {}, { replicas: 7 }, ['pool']],
    ['whose connections are nearly all taken', { open: 88 }, {}, ['open']],
    ['with a transaction of an hour', { oldest_transaction: 3_600 }, {}, ['oldest transaction']],
    ['with a forgotten transaction', { oldest_idle: 61 }, {}, ['oldest idle in transaction']],
    ['whose sessions are hidden', { hidden: 2 }, {}, ['oldest transaction', 'oldest idle in transaction']],
    ['with a standby that is far behind', { standbys: [{ name: 'b', lag_seconds: 31, seen: true }] }, {}, ['standby b']],
    ['with a standby that has caught up', { standbys: [{ name: 'b', lag_seconds: null, seen: true }] }, {}, []],
    ['with a standby that is hidden', { standbys: [{ name: 'b', lag_seconds: null, seen: false }] }, {}, ['standby b']],
  ])('%s', (_name, change, other, expected) => {
    expect(wrong(judgeState({ ...good, ...change }, { ...wishes, ...other }))).toEqual(expected);
  });

  test('a session that nobody can look at is not known to be fine, and an old one among them is known not to be', () => {
    const [hidden] = judgeState({ ...good, hidden: 1 }, wishes).filter(({ what }) => what === 'oldest transaction');
    expect(hidden).toMatchObject({ ok: null, undecided: 'error' });
    const [old] = judgeState({ ...good, hidden: 1, oldest_transaction: 999 }, wishes).filter(({ what }) => what === 'oldest transaction');
    expect(old).toMatchObject({ ok: false });
  });
});

describe('Redis', () => {
  const info = 'role:master\r\nloading:0\r\nused_memory:90\r\nmaxmemory:101\r\nconnected_clients:2\r\nmaxclients:10000\r\n# x\r\n';

  test.each([
    ['as it should be', '', []],
    ['a replica', 'role:slave', ['role']],
    ['still reading its data', 'loading:1', ['loading']],
    ['full', 'used_memory:91', ['memory']],
    ['without a limit', 'maxmemory:0', []],
    ['crowded', 'connected_clients:9000', ['clients']],
    ['that does not say', 'maxmemory:?', ['memory']],
  ])('%s', (_name, line, expected) => {
    expect(wrong(judgeRedis(parseInfo(`${info}${line}\r\n`)))).toEqual(expected);
  });
});

describe('a secret', () => {
  test.each([
    ['Zk3v0pYV7m2Q9c1xR8tW5uB6nJ4hLaSd', undefined],
    ['9f86d081884c7d659a2feaa0c55ad015', undefined],
    ['short', 'has 5 characters'],
    ['better-auth-secret-123456789-and-more', 'contains a word of examples and templates'],
    ['please-change-me-please-i-beg-you-now', 'contains a word of examples and templates'],
    ['aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaab', 'has only 2 different characters'],
    ['k3v0pYV7k3v0pYV7k3v0pYV7k3v0pYV7', 'is one piece repeated'],
  ])('%s', (secret, expected) => {
    expect(weaknessOf(secret, 32)).toBe(expected);
  });

  test('that everybody tries first', () => {
    expect(weaknessOf('qwertyuiop', 8)).toBe('is one of the first that anybody tries');
  });
});

describe('settings', () => {
  const secret = 'Zk3v0pYV7m2Q9c1xR8tW5uB6nJ4hLaSd';
  const outside = {
    QUARTERDECK_HOST: '0.0.0.0',
    BETTER_AUTH_SECRET: secret,
    QUARTERDECK_URL: 'https://deck.example.org',
    METRICS_TOKEN: 'Qm7tYw2Kp9Zx4Lr8',
  };
  const look = (environment: Record<string, string>) => wrong(judgeSettings(readSettings({ environment, folder: '/' }).settings));

  test.each<[string, Record<string, string>, string[]]>([
    ['none, on this machine alone', {}, []],
    ['all, where others can reach it', outside, []],
    ['an address without TLS', { ...outside, QUARTERDECK_URL: 'http://deck.example.org' }, ['QUARTERDECK_URL']],
    ['no address', { ...outside, QUARTERDECK_URL: '' }, ['QUARTERDECK_URL']],
    ['numbers that nobody can read', { ...outside, METRICS_TOKEN: '' }, ['metrics']],
    ['numbers on a private port', { ...outside, METRICS_TOKEN: '', QUARTERDECK_METRICS_PORT: '9100' }, []],
    ['a secret from a template', { ...outside, BETTER_AUTH_SECRET: 'your-secret-here-your-secret-here' }, ['BETTER_AUTH_SECRET']],
    ['one secret for two things', { ...outside, METRICS_TOKEN: secret }, ['METRICS_TOKEN']],
    [
      'a weak password elsewhere',
      { ...outside, DATABASE_URL: 'postgres://deck:postgres1234567890@db.example.org/deck' },
      ['password in DATABASE_URL'],
    ],
    ['any password on this machine', { ...outside, DATABASE_URL: 'postgres://deck:x@127.0.0.1/deck' }, []],
  ])('%s', (_name, environment, expected) => {
    expect(look(environment)).toEqual(expected);
  });

  test('that cannot be read, and variables of others, are told each by its name, and never a secret', () => {
    const variables = { QUARTERDECK_REPLICAS: '3', OTHER: 'set', WEAK: 'hunter2hunter2hunter2' };
    const question = {
      inputs: { environment: variables, folder: '/' },
      variables,
      required: ['OTHER', 'MISSING'],
      secrets: ['WEAK', 'NONE'],
    };
    const result = checkConfig(question);
    expect(result.outcome).toBe('failed');
    expect(result.evidence.filter(({ ok }) => !ok).map(({ what }) => what)).toEqual([
      'QUARTERDECK_REPLICAS',
      'BETTER_AUTH_SECRET',
      'QUARTERDECK_URL',
      'MISSING',
      'WEAK',
      'NONE',
    ]);
    expect(JSON.stringify(result)).not.toContain('hunter2');
  });
});
