import { describe, expect, test } from 'vitest';
import { type DatabaseFacts, databaseFacts, judgeDatabase } from './database.ts';
import type { Finding } from './finding.ts';

const now = new Date('2026-11-20T12:00:00Z');

/** A PostgreSQL database with nothing wrong, as the server tells of it. */
const healthy = databaseFacts.parse({
  serving: true,
  database: {
    kind: 'postgres',
    connections: { total: 3, idle: 3, waiting: 0 },
    server_version: '18.4',
    server_version_number: 180_004,
    max_connections: 100,
  },
  migrations: { applied: [{ name: '0001_roles', applied_at: '2026-11-01T00:00:00Z' }], pending: [], unknown: [] },
  security: { user: 'deck', user_bypasses: false, app_role: true, unsecured_tables: [] },
  clock: '2026-11-20T12:00:00Z',
  expired_claims: null,
  events_held_back: null,
});

function judge(facts: Partial<DatabaseFacts>, settings = { databasePool: 10, replicas: 1 }): Finding[] {
  return judgeDatabase({ facts: { ...healthy, ...facts }, settings, now, tookMs: 20 });
}

const find = (findings: Finding[], check: string) => findings.find((finding) => finding.check === check);

test('a healthy database has nothing but good findings', () => {
  expect(judge({}).filter(({ level }) => level !== 'ok')).toEqual([]);
  expect(judge({}).map(({ check }) => check)).toEqual(['database', 'migrations', 'isolation', 'connections', 'clock', 'claims', 'events']);
});

test('what a server of another version does not tell is not judged', () => {
  const { clock, expired_claims, events_held_back, ...older } = healthy;
  void [clock, expired_claims, events_held_back];
  const findings = judgeDatabase({ facts: older, settings: { databasePool: 10, replicas: 1 }, now, tookMs: 0 });
  expect(findings.map(({ check }) => check)).toEqual(['database', 'migrations', 'isolation', 'connections']);
});

describe('it finds', () => {
  const { database, migrations, security } = healthy;
  test.each([
    ['a database that is too old', { database: { ...database, server_version_number: 140_012 } }, 'database', 'problem'],
    ['pending migrations', { migrations: { ...migrations, pending: ['0009_x'] } }, 'migrations', 'problem'],
    ['a newer database', { migrations: { ...migrations, unknown: ['0099_x'], incompatible: ['0099_x'] } }, 'migrations', 'problem'],
    ['a table without security', { security: { ...security, unsecured_tables: ['public.x'] } }, 'isolation', 'problem'],
    ['no wall at all', { security: { ...security, user_bypasses: true, app_role: false } }, 'isolation', 'problem'],
    ['one wall of two', { security: { ...security, user_bypasses: true } }, 'isolation', 'warning'],
    ['a queue for connections', { database: { ...database, connections: { total: 10, idle: 0, waiting: 4 } } }, 'connections', 'warning'],
    ['a clock that is wrong', { clock: new Date(now.getTime() - 8_000) }, 'clock', 'warning'],
    ['leases that nobody returns', { expired_claims: { count: 2, oldest_seconds: 90 } }, 'claims', 'warning'],
    ['events that wait', { events_held_back: { count: 7, oldest_seconds: 31 } }, 'events', 'warning'],
  ])('%s, and says what to do', (_what, facts, check, level) => {
    const finding = find(judge(facts), check);
    expect(finding?.level).toBe(level);
    expect(finding?.fix).toMatch(/^.{10,}[.`]$/);
  });

  test('pools that together want more connections than there are', () => {
    expect(find(judge({}, { databasePool: 30, replicas: 4 }), 'connections')).toMatchObject({
      level: 'warning',
      message: '128 connections at most (4 × (30 + 2)) of 100, with 10 kept free; 3 are open.',
    });
  });
});

test('the embedded database always signs in as its superuser, so the role is wall enough', () => {
  const facts = { database: { ...healthy.database, kind: 'embedded' as const }, security: { ...healthy.security, user_bypasses: true } };
  expect(find(judge(facts), 'isolation')?.level).toBe('ok');
});

test('leases and events that are just being dealt with are fine', () => {
  const soon = { count: 1, oldest_seconds: 3 };
  expect(judge({ expired_claims: soon, events_held_back: soon }).filter(({ level }) => level !== 'ok')).toEqual([]);
});
