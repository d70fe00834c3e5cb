/** What a setting is, and the forms of value that many have. */

import { z } from 'zod';

/** Where a setting can be given, and how the documentation words it. */
export interface SettingDefinition<Schema extends z.ZodType = z.ZodType> {
  /** The environment variable. */
  variable: string;
  /** The long command-line flag without dashes, where there is one. */
  flag?: string;
  /** Reads the text of a flag or variable. The default is in the schema. */
  schema: Schema;
  /** One or two sentences: what it does, its unit, and why the default is what it is. */
  description: string;
  /** Never printed. */
  secret?: boolean;
}

export const port = z.coerce.number().int().min(0).max(65_535);
export const count = (fallback: number, min: number, max: number) => z.coerce.number().int().min(min).max(max).default(fallback);
export const milliseconds = (fallback: number) => count(fallback, 0, 86_400_000);
export const seconds = (fallback: number, max = 31_536_000) => count(fallback, 1, max);
export const list = z
  .string()
  .default('')
  .transform((text) =>
    text
      .split(',')
      .map((item) => item.trim())
      .filter((item) => item !== ''),
  );
/** The form that OpenTelemetry gives to headers and attributes. */
export const pairs = list.refine((items) => items.every((item) => item.includes('=')), { error: 'must be name=value,name=value' });
export const httpUrl = z.url({ protocol: /^https?$/, error: 'must be an http or https URL' });

export function setting<Schema extends z.ZodType>(definition: SettingDefinition<Schema>): SettingDefinition<Schema> {
  return definition;
}
