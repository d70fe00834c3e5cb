import { createHash, randomBytes } from 'node:crypto';
import { buffer } from 'node:stream/consumers';
import { Readable } from 'node:stream';
import { generateX25519Identity, identityToRecipient } from 'age-encryption';
import { expect, test } from 'vitest';
import { type Bytes, decrypt, encrypt, measured, parseIdentities } from './content.ts';

const content = randomBytes(300_000);
const source = (): Bytes => Readable.from([content.subarray(0, 100_000), content.subarray(100_000)]);

test('what passes is counted and hashed', async () => {
  const { content: passed, measure } = measured(source());
  expect(await buffer(passed)).toEqual(content);
  expect(measure.bytes).toBe(300_000);
  expect(measure.sha256()).toBe(`sha256:${createHash('sha256').update(content).digest('hex')}`);
});

test('only the right identity opens what was encrypted, and no changed byte passes', async () => {
  const [mine, other] = await Promise.all([generateX25519Identity(), generateX25519Identity()]);
  const sealed = await buffer(await encrypt(source(), await identityToRecipient(mine)));
  expect(await buffer(await decrypt(Readable.from([sealed]), [other, mine]))).toEqual(content);
  await expect(decrypt(Readable.from([sealed]), [other])).rejects.toThrow('no identity matched');
  sealed.writeUInt8(sealed.readUInt8(200_000) ^ 1, 200_000);
  await expect(decrypt(Readable.from([sealed]), [mine]).then(buffer)).rejects.toThrow('invalid tag');
  await expect(decrypt(Readable.from([sealed.subarray(0, -40_000)]), [mine]).then(buffer)).rejects.toThrow('invalid tag');
});

test('an identity file is what age-keygen writes', () => {
  expect(parseIdentities('# created: 2026-11-22\n# public key: age1x\nAGE-SECRET-KEY-1X\n\n')).toEqual(['AGE-SECRET-KEY-1X']);
});
