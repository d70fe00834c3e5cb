/** The forms in which a secret turns up in what programs print. */

/** A form that is shorter would be found in words that have nothing to do with the secret. */
const shortestForm = 6;

/** Every form of the secret, itself first. */
export function formsOf(secret: string): string[] {
  const written = [secret, ...linesOf(secret), ...passwordsIn(secret)];
  const forms = written.flatMap((value) => [value, ...jsonForms(value), ...urlForms(value), ...base64Forms(value)]);
  return [...new Set(forms)].filter((form) => form.length >= shortestForm);
}

/** Programs indent or cut what has several lines, a private key for one. */
function linesOf(secret: string): string[] {
  const lines = secret.split(/\r?\n/);
  return lines.length === 1 ? [] : [lines.join('\n'), lines.join('\r\n'), ...lines];
}

/** Whoever knows the password of a URL knows enough, and programs print the one without the other. */
function passwordsIn(secret: string): string[] {
  const [, raw] = /^[a-z][a-z0-9+.-]*:\/\/[^/@\s]*?:([^@\s]+)@/i.exec(secret) ?? [];
  if (raw === undefined) return [];
  return [`:${raw}@`, raw, decoded(raw)];
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

function jsonForms(value: string): string[] {
  const escaped = JSON.stringify(value).slice(1, -1);
  const ascii = escaped.replaceAll(/[\u007F-\uFFFF]/g, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`);
  return [
    escaped,
    ascii,
    ascii.replaceAll(/\\u[0-9a-f]{4}/g, (code) => `\\u${code.slice(2).toUpperCase()}`),
    escaped.replaceAll('/', String.raw`\/`),
  ];
}

function urlForms(value: string): string[] {
  // A half of a surrogate pair has no encoding.
  const encoded = encodeURIComponent(value.toWellFormed());
  const strict = encoded.replaceAll(/[!'()*]/g, (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`);
  const all = [encoded, strict, strict.replaceAll('%20', '+'), encodeURI(value.toWellFormed())];
  return [...all, ...all.map((form) => form.replaceAll(/%[0-9A-F]{2}/g, (code) => code.toLowerCase()))];
}

/** Base64 of something that holds the secret depends on how many bytes stand before it; what its own bytes decide is the same in all of them. */
function base64Forms(value: string): string[] {
  const bytes = Buffer.from(value, 'utf8');
  return [0, 1, 2].flatMap((before) => {
    const encoded = Buffer.concat([Buffer.alloc(before), bytes]).toString('base64');
    const form = encoded.slice(Math.ceil((before * 8) / 6), Math.floor(((before + bytes.length) * 8) / 6));
    return [form, form.replaceAll('+', '-').replaceAll('/', '_')];
  });
}
