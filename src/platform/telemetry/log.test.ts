import { EventEmitter } from 'node:events';
import { expect, test } from 'vitest';
import { createLog } from './log.ts';

function logged(error: unknown): Record<string, unknown> {
  let written = '';
  createLog({ logLevel: 'info' }, { write: (line) => void (written += line) }).warn({ err: error }, 'it broke');
  return (JSON.parse(written) as { err: Record<string, unknown> }).err;
}

test('an error is written with what it says, and without the objects of libraries that hang on it', () => {
  const cause = new Error('the socket closed');
  const error = Object.assign(new Error('the connection broke', { cause }), {
    code: '57P01',
    details: { host: 'db' },
    client: new EventEmitter(),
  });
  const err = logged(error);
  expect(err).toMatchObject({ type: 'Error', message: 'the connection broke: the socket closed', code: '57P01', details: { host: 'db' } });
  expect(err).not.toHaveProperty('client');
  expect(String(err['stack'])).toContain('caused by: Error: the socket closed');
});

test('so are several errors in one', () => {
  const inner = Object.assign(new Error('refused'), { socket: new EventEmitter() });
  expect(logged(new AggregateError([inner], 'all failed'))).toMatchObject({
    message: 'all failed',
    aggregateErrors: [{ message: 'refused' }],
  });
  expect(JSON.stringify(logged(new AggregateError([inner], 'all failed')))).not.toContain('socket"');
});

test('what is no error is written as it is', () => {
  expect(logged('a text')).toBe('a text');
});
