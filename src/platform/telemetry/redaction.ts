/** Takes secrets out of text that is about to leave the process: log lines, and reports of bugs. */

export const redacted = '[redacted]';

const names =
  'authorization|proxy-authorization|cookie|set-cookie|password|new_password|current_password|passphrase|secret|client_secret|token|access_token|refresh_token|id_token|session_token|key|api_key|private_key|code_verifier|client_assertion|databaseUrl|database_url';

/** Nearly every line has none of these, and is left as it is without being searched further. */
const hint = /qd_|\bsk-|eyJ|bearer|basic |:\/\/|password|secret|token|cookie|authorization|key\\*"|code|passphrase|assertion/i;

/** What says of itself that it is a secret. */
const patterns: readonly [pattern: RegExp, instead: string][] = [
  // A field by its name, in JSON, also in JSON within a string of JSON.
  [new RegExp(`(\\\\*")(${names})\\1\\s*:\\s*\\1.*?(?<!\\\\)\\1`, 'gi'), `$1$2$1:$1${redacted}$1`],
  // An authorization code of OAuth: codes of errors are words, without digits or shorter.
  [/(\\*")code\1\s*:\s*\1(?=[^"\\]*\d)[\w-]{24,}\1/g, `$1code$1:$1${redacted}$1`],
  // In the query of an address, or in a form.
  [/([?&\s"](?:code|state|token|password|key|assertion|\w+_(?:token|secret|verifier|assertion|key))=)[^&\s"\\]+/gi, `$1${redacted}`],
  // The password of an address, up to the last @, since passwords may hold one.
  [/(:\/\/[^:/\s"\\@]*):[^\s"\\]*@/g, `$1:${redacted}@`],
  [/\b(bearer|basic|dpop)\s+[\w.~+/=-]{8,}/gi, `$1 ${redacted}`],
  [/\bqd[a-z]*_[\w-]{16,}/g, redacted],
  // Keys of OpenAI, Anthropic and those who copy their form.
  [/\bsk-[\w-]{16,}/g, redacted],
  [/\beyJ[\w-]{8,}(?:\.[\w-]*)+/g, redacted],
];

export function redact(text: string): string {
  if (!hint.test(text)) return text;
  return patterns.reduce((rest, [pattern, instead]) => rest.replaceAll(pattern, instead), text);
}
