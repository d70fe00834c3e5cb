/** What a server keeps of a password, and which changes are refused before anything is asked. */

import { createHmac } from 'node:crypto';
import { expect, test } from 'vitest';
import { scramVerifier, setPassword } from './password.ts';

// The exchange of https://www.rfc-editor.org/rfc/rfc7677#section-3.
test('what the server keeps of a password signs as the specification says', () => {
  const nonce = 'rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0';
  const message = `n=user,r=rOprNGfwEbeRWgbNEkqO,r=${nonce},s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096,c=biws,r=${nonce}`;
  const verifier = scramVerifier('pencil', Buffer.from('W22ZaJ0SNY7soEsUEjb6gQ==', 'base64'));
  const [, salt, serverKey = ''] = /^SCRAM-SHA-256\$4096:([^$]+)\$[\w+/=]+:([\w+/=]+)$/.exec(verifier) ?? [];
  expect(salt).toBe('W22ZaJ0SNY7soEsUEjb6gQ==');
  expect(createHmac('sha256', Buffer.from(serverKey, 'base64')).update(message).digest('base64')).toBe(
    '6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=',
  );
});

test.each([
  ['of another user', 'postgres://eve:new-and-long@127.0.0.1:9/deck', /another user or another server/],
  ['of another server', 'postgres://deck:new-and-long@127.0.0.1:10/deck', /another user or another server/],
  ['with the same password', 'postgres://deck:old@127.0.0.1:9/deck', /no new password/],
  ['without a password', 'postgres://deck@127.0.0.1:9/deck', /no new password/],
])('a new address %s is refused', async (_what, url, why) => {
  await expect(setPassword('postgres://deck:old@127.0.0.1:9/deck', url, 1_000)).rejects.toThrow(why);
});
