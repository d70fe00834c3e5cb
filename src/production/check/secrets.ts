/** Whether a secret is one: long, not well known, and not made by leaning on a key. Never says the secret. */

import { commonPasswords } from '../../platform/identity/common-passwords.ts';

/** What examples and templates say where a secret belongs; each is too long to stand in random characters. */
const placeholders =
  /change[-_ ]?(?:me|this|it)|password|passphrase|secret|example|default|placeholder|replace|your[-_ ]|insert[-_ ]|dummy[-_ ]|123456|abcdef|qwerty|quarterdeck|postgres/i;

/** A random one of 16 hexadecimal digits has nearly always more. */
const fewestCharacters = 8;

/** undefined: nothing is wrong with it. */
export function weaknessOf(secret: string, atLeast: number): string | undefined {
  if (secret.length < atLeast) return `has ${secret.length} characters`;
  if (commonPasswords.has(secret.toLowerCase())) return 'is one of the first that anybody tries';
  if (placeholders.test(secret)) return 'contains a word of examples and templates';
  if (new Set(secret).size < fewestCharacters) return `has only ${new Set(secret).size} different characters`;
  if (/^(.{1,16})\1+$/s.test(secret)) return 'is one piece repeated';
  return undefined;
}
