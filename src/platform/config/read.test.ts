import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { SettingsError, isLoopback, readSettings } from './read.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'quarterdeck-settings-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

const read = (environment: Record<string, string> = {}, flags = {}) => readSettings({ environment, flags, folder });
function problemsOf(environment: Record<string, string>, flags = {}): readonly string[] {
  try {
    read(environment, flags);
  } catch (error) {
    if (error instanceof SettingsError) return error.problems;
    throw error;
  }
  return [];
}

describe('settings', () => {
  test('need none to be given', () => {
    const { settings, sources } = read();
    expect(settings).toMatchObject({ host: '127.0.0.1', port: 8000, data: '.quarterdeck', logLevel: 'info', corsOrigins: [] });
    expect(new Set(Object.values(sources))).toEqual(new Set(['default']));
  });

  test('come from a flag before the environment before .env, and say so', () => {
    writeFileSync(join(folder, '.env'), 'QUARTERDECK_PORT=1\nLOG_LEVEL=warn\nQUARTERDECK_DATA="a b"\n');
    const { settings, sources } = read({ QUARTERDECK_PORT: '2', LOG_LEVEL: 'error' }, { port: '3' });
    expect(settings).toMatchObject({ port: 3, logLevel: 'error', data: 'a b' });
    expect(sources).toMatchObject({ port: 'flag', logLevel: 'environment', data: '.env', host: 'default' });
  });

  test('take PORT when ours is not set, and an empty variable as none', () => {
    expect(read({ PORT: '4' }).settings.port).toBe(4);
    expect(read({ PORT: '4', QUARTERDECK_PORT: '5' }).settings.port).toBe(5);
    expect(read({ QUARTERDECK_PORT: '' }).settings.port).toBe(8000);
  });

  test('are all refused at once, each by the name it was given under', () => {
    const problems = problemsOf({ LOG_LEVEL: 'loud', DATABASE_URL: 'mysql://x', QUARTERDECK_PROT: '1' }, { port: '70000' });
    expect(problems.map((line) => line.split(':')[0]).sort()).toEqual(['--port', 'DATABASE_URL', 'LOG_LEVEL', 'QUARTERDECK_PROT']);
  });

  test('leave alone what a run of a runbook gives to its steps', () => {
    expect(
      problemsOf({
        QUARTERDECK_RUN: 'r',
        QUARTERDECK_STEP: 's',
        QUARTERDECK_ATTEMPT: '1',
        QUARTERDECK_FENCE: '7',
        QUARTERDECK_PARENT: '{}',
      }),
    ).toEqual([]);
  });

  test('never show the secret that was wrong', () => {
    expect(problemsOf({ BETTER_AUTH_SECRET: 'too-short-secret' }).join()).not.toContain('too-short-secret');
    expect(problemsOf({ DATABASE_URL: 'mysql://user:hidden@host' }).join()).not.toContain('hidden');
  });

  test.each([
    ['a network address without a secret', { QUARTERDECK_HOST: '0.0.0.0' }, ['BETTER_AUTH_SECRET']],
    ['replicas without what they share', { QUARTERDECK_REPLICAS: '2' }, ['QUARTERDECK_REPLICAS', 'BETTER_AUTH_SECRET', 'QUARTERDECK_URL']],
    [
      'time-outs that do not nest',
      { QUARTERDECK_LOCK_TIMEOUT_MS: '20000', QUARTERDECK_STATEMENT_TIMEOUT_MS: '15000', QUARTERDECK_REQUEST_TIMEOUT_MS: '10000' },
      ['QUARTERDECK_LOCK_TIMEOUT_MS', 'QUARTERDECK_STATEMENT_TIMEOUT_MS'],
    ],
    ['a request that outlasts its client', { QUARTERDECK_REQUEST_TIMEOUT_MS: '60000' }, ['QUARTERDECK_REQUEST_TIMEOUT_MS']],
    [
      'a wait for a connection that outlasts the request',
      { QUARTERDECK_REQUEST_TIMEOUT_MS: '4000', QUARTERDECK_STATEMENT_TIMEOUT_MS: '4000' },
      ['QUARTERDECK_POOL_TIMEOUT_MS'],
    ],
    ['a statement without an end', { QUARTERDECK_STATEMENT_TIMEOUT_MS: '0' }, ['QUARTERDECK_STATEMENT_TIMEOUT_MS']],
  ] as const)('are refused together: %s', (_what, environment, names) => {
    expect(problemsOf(environment).map((line) => line.split(':')[0])).toEqual(names);
  });

  test('keep no slash at the end of the address, which is an issuer and compared by characters', () => {
    expect(read({ QUARTERDECK_URL: 'https://deck.example.com/' }).settings.url).toBe('https://deck.example.com');
  });

  test.each([
    ['127.0.0.1', true],
    ['127.8.9.10', true],
    ['localhost', true],
    ['::1', true],
    ['0.0.0.0', false],
    ['10.0.0.1', false],
    ['127.evil.example', false],
  ])('know whether only this machine reaches %s: %s', (host, expected) => {
    expect(isLoopback(host)).toBe(expected);
  });
});
