/** How the values of options are read that many commands have: durations, counts, shares, sizes, lists, addresses, credentials. */

import { Option } from 'commander';
import { parseDuration } from '../system/duration.ts';
import { UsageError } from './command.ts';

/** Milliseconds. */
export function durationOf(text: string): number {
  const milliseconds = parseDuration(text) ?? 0;
  if (milliseconds === 0) throw new UsageError(`${text} is no duration.`, 'Write for example 500ms, 30s or 2m.');
  return milliseconds;
}

/** A whole number, 1 or more. */
export function countOf(text: string): number {
  if (/^[1-9]\d{0,6}$/.test(text)) return Number(text);
  throw new UsageError(`${text} is no number of things.`, 'Write a whole number, 1 or more.');
}

/** The same, or 0. */
export function wholeOf(text: string): number {
  return text === '0' ? 0 : countOf(text);
}

/** `5%`, `0.5%`. */
export function shareOf(text: string): number {
  const [, percent] = /^(\d{1,3}(?:\.\d+)?)%$/.exec(text) ?? [];
  const share = Number(percent) / 100;
  if (share >= 0 && share <= 1) return share;
  throw new UsageError(`${text} is no share.`, 'Write for example 1% or 0.5%.');
}

const sizeUnits: Readonly<Record<string, number>> = { B: 1, kB: 1e3, MB: 1e6, GB: 1e9, TB: 1e12 };
const binaryUnits: Readonly<Record<string, number>> = { KiB: 1024, MiB: 1024 ** 2, GiB: 1024 ** 3, TiB: 1024 ** 4 };

/** Bytes: `500MB`, `2GiB`. */
export function sizeOf(text: string): number {
  const [, number, unit = ''] = /^(\d+(?:\.\d+)?)([A-Za-z]+)$/.exec(text) ?? [];
  const factor = sizeUnits[unit] ?? binaryUnits[unit];
  if (number !== undefined && factor !== undefined) return Number(number) * factor;
  throw new UsageError(`${text} is no size.`, 'Write for example 500MB or 2GiB.');
}

/** An option whose default is shown as people write it. */
export function optionOf<Value>(flags: string, help: string, read: (text: string) => Value, fallback: Value, shown: string): Option {
  return new Option(flags, help).argParser(read).default(fallback, shown);
}

/** For options that may be given several times. */
export function collect(text: string, before: readonly string[] = []): string[] {
  return [...before, text];
}

/** @throws UsageError when it is no address of something that speaks HTTP */
export function addressOf(text: string): URL {
  const url = URL.parse(text);
  if (url !== null && /^https?:$/.test(url.protocol)) return url;
  throw new UsageError(`${text} is no address.`, 'Write it with http:// or https://, such as https://deck.example.org/health.');
}

/** The secret in a variable that an option named; undefined: no option did. A secret is never on a command line, where every user can read it. */
export function secretFrom(variable: string | undefined): string | undefined {
  if (variable === undefined) return undefined;
  const { [variable]: secret } = process.env;
  if (secret !== undefined && secret !== '') return secret;
  throw new UsageError(
    `The variable ${variable} is not set.`,
    'Put the credential into it; options name the variable, never the credential.',
  );
}

export function bearer(token: string | undefined): Record<string, string> {
  return token === undefined ? {} : { Authorization: `Bearer ${token}` };
}

/** For a body that is sent as JSON, where there is one. */
export function jsonType(data: string | undefined): Record<string, string> {
  return data === undefined ? {} : { 'Content-Type': 'application/json' };
}
