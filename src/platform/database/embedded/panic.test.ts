import { expect, test } from 'vitest';
import { findPanic } from './panic.ts';

function message(kind: string, body: string): Buffer {
  const head = Buffer.alloc(5);
  head.write(kind, 'latin1');
  head.writeInt32BE(body.length + 4, 1);
  return Buffer.concat([head, Buffer.from(body)]);
}

const failure = (severity: string) => message('E', `S${severity}\0V${severity}\0C53100\0Mno space left\0\0`);
const row = message('D', 'E is the first letter of this row, VPANIC\0 stands in it');
const ready = message('Z', 'I');

test('an error that a session survives is none', () => {
  expect(findPanic(Buffer.concat([row, failure('ERROR'), ready]))).toBeUndefined();
  expect(findPanic(Buffer.alloc(0))).toBeUndefined();
});

test.each(['PANIC', 'FATAL'])('%s is found behind rows, with its state and its words', (severity) => {
  expect(findPanic(Buffer.concat([row, failure(severity)]))).toEqual({ code: '53100', message: 'no space left' });
});
